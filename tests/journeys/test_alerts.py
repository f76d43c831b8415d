"""Alerts from end to end: 1,000 saved searches, 500 publications, the search service killed twice meanwhile.

The search service and the notifier are processes of their own, on a real broker, database, engine and mail server; what
they are told comes by HTTP and by Kafka, and what they did is read in the mails alone. What is expected is what the
searches themselves find in the end.
"""

import asyncio
import contextlib
import itertools
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaProducer

from backbone.contracts.events import ProjectPublished
from backbone.kafka import EventMeta, encode
from tests.engines import free_port
from tests.integration.notifier.conftest import MailServer
from tests.integration.notifier.conftest import mail_server as mail_server
from tests.integration.search.running import until
from tests.integration.search.sheets import demonstration
from tests.serving import serving
from tests.signing import Signer

SEARCHES = 1_000
SHEETS = 500
STRANGERS = 20  # without an account: their searches are confirmed by the links in their mails
PERSONS = 60

WORDS = (
    *("eau", "l’eau potable", "marchés", "école", "écoles primaires", "santé", "déchets", "ville", "Sénégal", "water"),
    *("agua", "جماعة", "formation des élus", "tourisme durable", "N'Djamena", "femmes", "jeunesse", "climat", "qwzx"),
)
THEMES = ("water-sanitation", "health", "education", "economy-tourism", "culture", "agriculture-food", "climate-energy")
COUNTRIES = ("SN", "ML", "BJ", "MA", "TN", "MG", "VN", "PE", "BR", "LB", "CI", "CM")

Query = dict[str, Any]


def queries(themes: set[str], countries: set[str]) -> list[Query]:
    """As many different searches as are saved, of all kinds: words, facets, amounts, months, areas, combinations."""
    kinds: list[Query] = [{}, {"kind": "offer"}, {"kind": "demand"}, {"status": "open"}, {"bbox": "-18,4,16,28"}]
    kinds += [{"q": word} for word in WORDS]
    kinds += [{"continent": name} for name in ("africa", "asia", "americas", "europe", "oceania")]
    kinds += [{"language": name} for name in ("fr", "en", "es", "pt", "ar")]
    kinds += [{"sdg": [str(number), str(number + 1)]} for number in range(1, 17)]
    kinds += [{"budget_min": str(amount)} for amount in range(10_000, 500_000, 40_000)]
    kinds += [{"period_from": f"20{year}-0{month}"} for year in range(26, 31) for month in (1, 7)]
    used = sorted(themes & set(THEMES)), sorted(countries & set(COUNTRIES))
    kinds += [{"theme": theme, "country": country} for theme, country in itertools.product(*used)]
    kinds += [{"q": word, "theme": theme} for word, theme in itertools.product(WORDS, used[0])]
    kinds += [{"q": word, "country": country} for word, country in itertools.product(WORDS, used[1])]
    kinds += [{"country": [one, other], "budget_max": "250000"} for one, other in itertools.combinations(used[1], 2)]
    return [kinds[number % len(kinds)] for number in range(SEARCHES)]


def publications() -> list[ProjectPublished]:
    """First publications of demonstration sheets, each under several ids, as moderation emits them."""
    made: list[ProjectPublished] = []
    for event in itertools.islice(itertools.cycle(demonstration()), SHEETS):
        project, now = str(uuid4()), datetime.now(UTC)
        sheet = event.sheet.model_copy(update={"id": project, "first_published_at": now, "published_at": now})
        made.append(event.model_copy(update={"project": project, "sheet": sheet, "occurred_at": now}))
    return made


@dataclass
class Process:
    """A service as a process that can be killed and started again."""

    module: str
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    kills: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['BOURSE_PORT']}"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self.module, env=self.environment, stdout=asyncio.subprocess.DEVNULL
        )
        async with httpx.AsyncClient() as http:
            await until(lambda: self._is_ready(http), 90)

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return (await http.get(f"{self.url}/health/ready")).status_code == 200
        return False

    async def kill(self) -> None:
        """SIGKILL, and another one in its place."""
        assert self.process is not None
        self.process.kill()
        assert await self.process.wait() == -signal.SIGKILL
        self.kills += 1
        await self.start()

    async def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            await self.process.wait()


@dataclass
class Bourse:
    """What this journey runs."""

    search: Process
    notifier: Process
    mails: MailServer
    signer: Signer
    producer: AIOKafkaProducer
    searches: dict[str, Query] = field(default_factory=dict[str, Query])  # by the name that was given

    async def publish(self, event: ProjectPublished) -> None:
        meta = EventMeta(str(uuid4()), event.TYPE, "/bourse-projets/moderation", datetime.now(UTC), event.key)
        value, headers = encode(meta, event.model_dump_json().encode())
        await self.producer.send_and_wait(event.TOPIC.name, value, key=event.key.encode(), headers=headers)

    def told(self) -> Counter[tuple[str, str]]:
        """How often each (search, project) stands in a mail."""
        alerts = [mail for mail in self.mails.mails if mail["x-bourse-mail"] == "alert"]
        return Counter(pair for mail in alerts for pair in pairs_of(mail))


def pairs_of(mail: EmailMessage) -> list[tuple[str, str]]:
    """The (search, project) that a mail tells, by the names of the searches."""
    part = mail.get_body(("html",))
    assert part is not None
    letter, _, closing = part.get_content().replace("\r\n", "\n").partition('<div style="margin:12px 0 0')
    named = re.findall(r"<bdi>(S\d+)</bdi>", closing)
    pairs: list[tuple[str, str]] = []
    for entry in letter.split("<h2 ")[1:]:
        project = re.findall(r"/projects/([0-9a-f-]{36})", entry)
        assert len(project) == 1, entry
        # a mail of one search does not say at each sheet which one it was
        found = re.findall(r"<bdi>(S\d+)</bdi>", entry) if len(named) > 1 else named
        assert found
        assert set(found) <= set(named)
        pairs += [(search, project[0]) for search in found]
    return pairs


@pytest.fixture
async def bourse(
    new_database: Callable[[str], str], kafka_bootstrap: str, search_url: str, mail_server: MailServer
) -> AsyncGenerator[Bourse, None]:
    signer = Signer()
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    async with (
        serving(signer.keys()) as keys,
        processes(
            {
                **os.environ,
                "BOURSE_KAFKA_BOOTSTRAP": kafka_bootstrap,
                "BOURSE_SEARCH_URL": search_url,
                "BOURSE_SEARCH_ALIAS": f"alerts-{uuid4().hex[:10]}",
                "BOURSE_JWKS_URL": f"{keys}/jwks.json",
                "BOURSE_SMTP_URL": mail_server.url,
                "BOURSE_PORTAL_URL": "https://bourse.example.org",
                "BOURSE_RATE_LIMITS": "off",
                "BOURSE_LOG_LEVEL": "warning",
                "BOURSE_REPLICA": uuid4().hex,
            },
            new_database,
        ) as (search, notifier),
    ):
        yield Bourse(search, notifier, mail_server, signer, producer)
    await producer.stop()


@asynccontextmanager
async def processes(
    environment: Mapping[str, str], new_database: Callable[[str], str]
) -> AsyncGenerator[list[Process], None]:
    made = [
        Process(
            f"services.{name}.app",
            {**environment, "BOURSE_DATABASE_URL": new_database(name), "BOURSE_PORT": str(free_port(port))},
        )
        for name, port in (("search", 23_000), ("notifier", 24_000))
    ]
    try:
        await asyncio.gather(*(process.start() for process in made))
        yield made
    finally:
        for process in made:
            await process.stop()


async def save_all(bourse: Bourse, http: httpx.AsyncClient) -> None:
    """Save every search: each person has several, those without an account confirm theirs by mail."""
    sheets = [event.sheet for event in demonstration()]
    themes = {code for sheet in sheets for code in sheet.themes}
    wanted = queries(themes, {code for sheet in sheets for code in sheet.countries})
    by_stranger = STRANGERS * 2
    gate = asyncio.Semaphore(8)

    async def save(number: int, query: Query) -> None:
        body: dict[str, Any] = {"query": query, "frequency": "immediate", "name": f"S{number}"}
        headers: dict[str, str] = {}
        if number < by_stranger:
            body["email"] = f"stranger-{number % STRANGERS}@example.org"
        else:
            who = number % PERSONS
            headers = bourse.signer.bearer("authority", sub=f"account-{who}", email=f"person-{who}@example.org")
        async with gate:
            answer = await http.post("/saved-searches", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        bourse.searches[f"S{number}"] = query

    await asyncio.gather(*(save(number, query) for number, query in enumerate(wanted)))
    asked: list[EmailMessage] = []

    async def all_asked() -> bool:
        asked[:] = [mail for mail in bourse.mails.mails if mail["x-bourse-mail"] == "alert_confirmation"]
        return len(asked) >= by_stranger

    await until(all_asked, 60)
    for mail in asked:
        part = mail.get_body(("plain",))
        assert part is not None
        (token,) = re.findall(r"/alerts/confirm\?token=(\S+)", part.get_content())
        answer = await http.post("/saved-searches/confirm", json={"token": token})
        assert answer.status_code == 200, answer.text
    assert len(bourse.searches) == SEARCHES


async def expected(bourse: Bourse, http: httpx.AsyncClient, published: set[str]) -> set[tuple[str, str]]:
    """What every search finds of what was published, by asking it."""
    found: dict[bytes, set[str]] = {}
    for query in bourse.searches.values():
        asked = orjson.dumps(query, option=orjson.OPT_SORT_KEYS)
        if asked not in found:
            found[asked] = await find(http, query) & published
    return {
        (name, project)
        for name, query in bourse.searches.items()
        for project in found[orjson.dumps(query, option=orjson.OPT_SORT_KEYS)]
    }


async def find(http: httpx.AsyncClient, query: Query) -> set[str]:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await http.get("/projects", params={**query, "size": "100", "cursor": cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [item["id"] for item in page["items"] if not item.get("nearly")]
        cursor = page["cursor"]
    # what only comes near is shown by a search, an alert does not tell of it
    return set(seen)


async def test_every_match_is_mailed_once_though_the_service_is_killed(bourse: Bourse) -> None:
    events = publications()
    published = {event.project for event in events}
    async with httpx.AsyncClient(base_url=bourse.search.url, timeout=30) as http:
        await save_all(bourse, http)
        parts = events[:170], events[170:340], events[340:]
        for number, part in enumerate(parts):
            await asyncio.gather(*(bourse.publish(event) for event in part))
            if number < 2:
                # in the midst of it: some is told, some is not yet indexed
                before = len(bourse.mails.mails)
                await until(lambda before=before: more_mails(bourse, before), 60)
                await bourse.search.kill()

        async def all_indexed() -> bool:
            return published <= await find(http, {})

        await until(all_indexed, 60)
        wanted = await expected(bourse, http, published)
        assert len(wanted) > 10_000  # or the journey shows little

        async def all_told() -> bool:
            return wanted <= bourse.told().keys()

        with contextlib.suppress(TimeoutError):  # what is missing is said below
            await until(all_told, 90)
        await asyncio.sleep(2)  # one told twice would come now
    told = bourse.told()
    assert bourse.search.kills == 2
    assert sorted(wanted - told.keys())[:5] == []
    assert sorted(told.keys() - wanted)[:5] == []
    assert [pair for pair, times in told.items() if times > 1][:5] == []
    alerts = [mail for mail in bourse.mails.mails if mail["x-bourse-mail"] == "alert"]
    assert len({mail["message-id"] for mail in alerts}) == len(alerts)
    assert all(mail["list-unsubscribe"] and mail["list-unsubscribe-post"] for mail in alerts)
    print(f"{SEARCHES} searches, {SHEETS} sheets, {len(wanted)} matches in {len(alerts)} mails, 2 kills")


async def more_mails(bourse: Bourse, before: int) -> bool:
    return len(bourse.mails.mails) > before
