"""What was acknowledged survives: `kill -9` of every process and every engine, twice and more, under load.

2,000 sheets are deposited, submitted and published while a killer goes round. At the end:
submitted = reviews = acknowledgement mails, published = catalogue = index; nothing lost, nothing twice (but for the
mail in flight at a crash, which comes again with the same Message-ID), nothing out of order.
"""

import asyncio
import collections
import email
import email.policy
import itertools
import json
import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from backbone.contracts.vocabularies import seed_posts
from tests.builders import record
from tests.journeys.conftest import Stack
from tests.topics import read_topic

SHEETS = int(os.environ.get("BOURSE_FAULT_SHEETS", "2000"))
CLIENTS = 12
KILL_EVERY_S = 3.0
# the countries of the agents who deposit and publish: several posts, so that the load is spread as in life
COUNTRIES = ("SN", "PE", "BJ", "MG", "VN", "MA")


@dataclass
class Tally:
    """What the outside client was told."""

    submitted: set[str] = field(default_factory=set[str])
    published: set[str] = field(default_factory=set[str])
    kills: collections.Counter[str] = field(default_factory=collections.Counter[str])
    repeated: int = 0


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Any:
    stack = Stack(tmp_path_factory.mktemp("faults"), 17800)
    stack.up()
    yield stack
    stack.bourse("down")


def processes(stack: Stack) -> dict[str, int | None]:
    """Everything that may be killed, by name."""
    status = stack.status()
    return {
        **{name: entry["pid"] for name, entry in status["services"].items()},
        **{f"engine {name}": entry["pid"] for name, entry in status["engines"].items()},
        "mail catcher": status["mail"]["pid"],
    }


async def killer(stack: Stack, tally: Tally) -> None:
    """Kill one process after the other until all were killed twice; the least killed first."""
    while min(tally.kills.values(), default=0) < 2:
        await asyncio.sleep(KILL_EVERY_S)
        pids = await asyncio.to_thread(processes, stack)
        for name in pids:
            tally.kills.setdefault(name, 0)
        least = min(tally.kills.values())
        name = random.choice([name for name, count in tally.kills.items() if count == least])
        pid = pids[name]
        if pid is None:
            continue
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        tally.kills[name] += 1


async def insist(tally: Tally, client: httpx.AsyncClient, method: str, url: str, **options: Any) -> httpx.Response:
    """Send until there is an answer that is not "away"."""
    for attempt in itertools.count():
        try:
            answer = await client.request(method, url, **options)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code < 500:
            return answer
        assert answer is None or answer.status_code == 503, answer.text
        assert attempt < 400, f"{method} {url}: no answer"
        tally.repeated += 1
        await asyncio.sleep(0.25)
    raise AssertionError


async def deposit(stack: Stack, tally: Tally, client: httpx.AsyncClient, number: int) -> None:
    """One sheet through the chain, as its author and its agent, who try again when something was away."""
    country = COUNTRIES[number % len(COUNTRIES)]
    urls = stack.urls
    token = await agent_token(stack, tally, client, country)
    headers = {"Authorization": f"Bearer {token}"}
    body = record({"ref": f"{country.lower()}-ville-{number % 97}", "country": country}, title=f"Projet {number}")
    body["authority"]["country"] = country
    once = {**headers, "Idempotency-Key": str(uuid4())}
    made = await insist(tally, client, "POST", f"{urls['submission']}/projects", json=body, headers=once)
    assert made.status_code == 201, made.text
    project = made.json()["id"]
    sent = await insist(tally, client, "POST", f"{urls['submission']}/projects/{project}/submit", headers=headers)
    if sent.status_code == 409:  # it was done, and the answer was lost
        seen = await insist(tally, client, "GET", f"{urls['submission']}/projects/{project}", headers=headers)
        assert seen.json()["revision"] == 1, seen.text
    else:
        assert sent.status_code == 200, sent.text
    tally.submitted.add(project)
    review = f"{urls['moderation']}/reviews/{project}"
    for _ in range(600):
        if (await insist(tally, client, "GET", review, headers=headers)).status_code == 200:
            break
        await asyncio.sleep(0.1)
    answer = await insist(tally, client, "POST", f"{review}/publish", headers=headers)
    if answer.status_code == 409:
        seen = await insist(tally, client, "GET", review, headers=headers)
        assert seen.json()["state"] == "published", seen.text
    else:
        assert answer.status_code == 200, answer.text
    tally.published.add(project)


async def agent_token(stack: Stack, tally: Tally, client: httpx.AsyncClient, country: str) -> str:
    who = f"agent-{country.lower()}@example.org"
    known = stack.tokens.get(who)
    if known is None or float(stack.tokens.get(f"{who} at", "0")) < time.monotonic() - 400:
        form = {"grant_type": "password", "username": who, "password": stack.password}
        answer = await insist(tally, client, "POST", f"{stack.urls['accounts']}/token", data=form)
        assert answer.status_code == 200, answer.text
        known = stack.tokens[who] = answer.json()["access_token"]
        stack.tokens[f"{who} at"] = str(time.monotonic())
    return known


async def load(stack: Stack, tally: Tally) -> None:
    """Deposit and publish until there are enough sheets and everything was killed twice meanwhile."""
    numbers = itertools.count()
    async with httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=CLIENTS * 2)) as client:
        killing = asyncio.create_task(killer(stack, tally))

        async def work() -> None:
            while (number := next(numbers)) < SHEETS or not killing.done():
                await deposit(stack, tally, client, number)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CLIENTS):
                tasks.create_task(work())
        await killing


async def settled(stack: Stack, tally: Tally) -> None:
    """Wait until the stack is ready and the index has what was published."""
    async with asyncio.timeout(180), httpx.AsyncClient(timeout=20) as client:
        while True:
            status = await asyncio.to_thread(stack.status)
            if status["state"] == "ready":
                answer = await client.get(f"{stack.urls['search']}/projects", params={"size": 1})
                if answer.status_code == 200 and answer.json()["total"] >= len(tally.published):
                    break
            await asyncio.sleep(0.5)
    # the mails and the catalogue catch up with what was acknowledged, or the assertions tell what is missing
    end = time.monotonic() + 180
    while time.monotonic() < end:
        acknowledged, _ = await asyncio.to_thread(acknowledgements, stack)
        async with httpx.AsyncClient(timeout=30) as client:
            shown = await listed(client, f"{stack.urls['catalog']}/projects", "id")
        if set(acknowledged) >= tally.submitted and set(shown) >= tally.published:
            return
        await asyncio.sleep(2)


def mail_files(stack: Stack) -> list[Path]:
    maildir = Path(stack.status()["mail"]["maildir"])
    return [file for sub in ("new", "cur") for file in (maildir / sub).glob("*")]


def acknowledgements(stack: Stack) -> tuple[collections.Counter[str], int]:
    """Distinct acknowledgement mails by project, and how many mails of any kind came twice."""
    seen: collections.Counter[str] = collections.Counter()
    by_project: collections.Counter[str] = collections.Counter()
    for file in mail_files(stack):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        identity = str(mail["message-id"])
        seen[identity] += 1
        if seen[identity] == 1 and str(mail["x-bourse-mail"]) == "submission_received":
            by_project[str(mail["x-bourse-project"])] += 1
    return by_project, sum(count - 1 for count in seen.values())


async def listed(client: httpx.AsyncClient, url: str, key: str, **options: Any) -> collections.Counter[str]:
    """All entries of a list paged by cursor, by id."""
    found: collections.Counter[str] = collections.Counter()
    cursor: str | None = None
    while True:
        answer = await client.get(url, params={"size": 100, **({"cursor": cursor} if cursor else {})}, **options)
        assert answer.status_code == 200, answer.text
        found.update(item[key] for item in answer.json()["items"])
        cursor = answer.json()["cursor"]
        if not cursor:
            return found


async def out_of_order(bootstrap: str, topic: str) -> int:
    """Events of a topic that came, for the first time, after a later one of their aggregate."""
    seen: set[str] = set()
    versions: dict[str, int] = {}
    wrong = 0
    for one in await read_topic(bootstrap, topic):
        if one.headers["ce_id"] in seen:
            continue
        seen.add(one.headers["ce_id"])
        version = json.loads(one.value)["version"]
        wrong += version <= versions.get(one.key, 0)
        versions[one.key] = version
    return wrong


async def test_nothing_acknowledged_is_lost_doubled_or_out_of_order(
    own_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {post for seed in seed_posts() for post in seed["covers"]} >= set(COUNTRIES)
    tally, started = Tally(), time.monotonic()
    await load(own_stack, tally)
    await settled(own_stack, tally)
    acknowledged, mails_twice = acknowledgements(own_stack)
    async with httpx.AsyncClient(timeout=30) as client:
        token = own_stack.token("daect@example.org")
        daect = {"Authorization": f"Bearer {token}"}
        reviews = await listed(client, f"{own_stack.urls['moderation']}/reviews", "project", headers=daect)
        catalogue = await listed(client, f"{own_stack.urls['catalog']}/projects", "id")
        index = await listed(client, f"{own_stack.urls['search']}/projects", "id")
    bootstrap = own_stack.status()["engines"]["kafka"]["bootstrap"]
    topics = ("bourse.submissions", "bourse.reviews", "bourse.publications", "bourse.activity")
    wrong_order = {topic: await out_of_order(bootstrap, topic) for topic in topics}

    with capsys.disabled():  # the figures are seen in any run
        print(
            f"\n{len(tally.submitted)} submitted, {len(reviews)} reviews, {len(acknowledged)} acknowledgement mails;"
            f" {len(tally.published)} published, {len(catalogue)} in the catalogue, {len(index)} in the index;"
            f" lost {len(tally.submitted - set(reviews)) + len(tally.published - set(catalogue))},"
            f" mails twice {mails_twice}, out of order {sum(wrong_order.values())};"
            f" {tally.repeated} calls repeated; {sum(tally.kills.values())} kills {dict(tally.kills)};"
            f" {time.monotonic() - started:.0f} s"
        )
    assert min(tally.kills.values()) >= 2
    assert len(tally.submitted) == len(tally.published) >= SHEETS
    assert set(reviews) == set(acknowledged) == tally.submitted
    assert set(acknowledged.values()) == {1}
    assert set(catalogue) == set(index) == tally.published
    assert max(catalogue.values()) == max(index.values()) == max(reviews.values()) == 1
    assert set(wrong_order.values()) == {0}
    assert mails_twice <= sum(tally.kills.values())
