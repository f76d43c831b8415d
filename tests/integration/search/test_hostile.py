"""What is typed to break a search: refused, or answered within the time limit; the engine's memory stays as it was."""

import base64
import itertools
import json
import random
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from backbone.contracts import vocabularies
from services.search import parameters
from tests.integration.search.running import Loaded

REQUESTS: Final = 2000
LIMIT_S: Final = 10  # the engine's time limit is half of it
PATHS: Final = ("/projects", "/map", "/figures", "/suggest")
# of the heap: beyond it the engine begins to refuse
MOST_HEAP: Final = 0.90


def _letters(count: int) -> str:
    return " ".join(itertools.islice(itertools.cycle("abcdefghijklmnopqrstuvwxyz"), count))


def _words(count: int) -> str:
    return " ".join(f"mot{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(count))


# percent-encoded, as they stand in an address
QUERIES: Final[dict[str, str]] = {
    "long": quote("a" * 10_000),
    "long words": quote("développement " * 700),
    "as long as may be": quote("é" * 200),
    "wildcards": quote("* ? ~ a* ?? *a* **** eau~2 ~"),
    "one wildcard": quote("*"),
    "field": quote("title:x AND ("),
    "quotes": quote('"eau "potable" \'x\' “ ” « »'),
    "regular expression": quote("/(a+)+$/ /.*/ [[]] (?:x{1,9999})"),
    "boosts": quote("eau^1000 potable^-1 +a -b &&|| !x {a TO z} [1 TO *]"),
    "JSON": quote('{"query":{"match_all":{}}}'),
    "script": quote("<script>alert(1)</script> {{7*7}} ${7*7}"),
    "SQL": quote("'; drop table x; --"),
    "controls": "".join(f"%{number:02X}" for number in range(1, 32)),
    "NUL": "eau%00potable",
    "lone surrogate": "%ED%A0%80eau",
    "two surrogates": "%ED%A0%BD%ED%B8%80",
    "not UTF-8": "%FF%FE%C0%AF%80",
    "cut UTF-8": "th%C3",
    "right to left": quote("\u202eeau\u202c \u2066potable\u2069 \u200f\u200e"),
    "zalgo": quote("".join(char + "\u0300\u0301\u0302\u0303\u0489" * 6 for char in "eau")),
    "letters": quote(_letters(100)),
    "200 letters": quote(_letters(200)),
    "28 words": quote(_words(28)),
    "60 words": quote(_words(60)),
    "emoji": quote("👩‍👩‍👧‍👦🏳️‍🌈" * 8),
    "beyond the BMP": quote("𝔢𝔞𝔲 𐍈 \U0010ffff"),
    "spaces": quote("\u00a0\u2003\u3000\u200b\ufeff"),
    "one Arabic letter": quote("ا" * 200),
    "hyphens": quote("eau-sport-ville-femme-santé-école-port-route-" * 4),
    "ideographs": quote("".join(map(chr, range(0x4E00, 0x4E00 + 200)))),
    "syllables": quote("".join(map(chr, range(0x3041, 0x3097)))),
    "numbers above": quote("a²" * 100),
    # misspelt once: corrected, and as it is typed
    "long names": quote(
        "insertion sociale par le sprt advocacy for women's rights droits de l'homme et libertés savoir-faire et "
        "savoir-être haute intensité de main-d'œuvre women's access to land grupos de ahorro y crédito"
    ),
    "half encoded": "%",
    "twice encoded": "%2525%2500",
    "numbers": quote("9" * 200),
    "dashes": quote("-" * 200),
    "apostrophes": quote("l'" * 100),
}


def _cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _many(name: str, values: Sequence[str]) -> str:
    return "&".join(f"{name}={quote(value)}" for value in values)


COUNTRIES: Final = tuple(vocabularies.countries())
STRINGS: Final[dict[str, str]] = {
    **{f"q: {name}": f"q={typed}" for name, typed in QUERIES.items()},
    "500 values": _many("country", [*COUNTRIES, *COUNTRIES, *COUNTRIES][:500]),
    "500 unknown values": _many("theme", [f"x{number}" for number in range(500)]),
    "the most values": _many("country", COUNTRIES[:50]),
    "repeated q": "q=eau&q=eau&q=puits",
    "2000 parameters": "&".join(f"p{number}=1" for number in range(2000)),
    "no name": "=eau&&=&==",
    "huge numbers": f"budget_min={'9' * 300}&budget_max=1e308",
    "NaN": "budget_min=NaN&budget_max=Infinity",
    "box of NaN": "bbox=NaN,NaN,NaN,NaN",
    "box of the world": "bbox=-180,-90,180,90",
    "box of nothing": "bbox=180,90,180,90",
    "thin box": "bbox=-180,-90,-179.999999999999999,90",
    "zoom": "zoom=-1",
    "greatest zoom": "zoom=22&points=0",
    "points": "points=1000000000",
    "size": "size=1000000000",
    "size 0": "size=0",
    "the greatest size": "size=100&q=eau",
    "period": "period_from=0000-00&period_to=9999-99",
    "sort": "sort=_score%3Bdesc",
    "deep page": f"size=100&cursor={_cursor('x', 0, 10**9, 'a')}",
    "cursor of words": "cursor=eau",
    "long cursor": f"cursor={'A' * 5000}",
    "deep JSON in a cursor": "cursor=" + base64.urlsafe_b64encode(b"[" * 300).decode(),
    "language": "lang=%00",
}


def forged(asked: str, *after: Any) -> str:
    """A cursor that this search takes for its own."""
    pairs = httpx.QueryParams(asked).multi_items()
    return _cursor(parameters.search(pairs, "fr").fingerprint(), 0, *after)


async def answered(http: httpx.AsyncClient, address: str) -> httpx.Response:
    answer = await http.get(address, timeout=LIMIT_S)
    assert answer.status_code == 200 or 400 <= answer.status_code < 500, (address[:200], answer.text[:500])
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"] or answer.json()["detail"]
    return answer


@pytest.mark.parametrize("name", STRINGS)
async def test_it_is_refused_or_answered(loaded: Loaded, name: str) -> None:
    for path in PATHS:
        await answered(loaded.http, f"{path}?{STRINGS[name]}")
    await answered(loaded.http, f"/projects/x/similar?{STRINGS[name]}")


@pytest.mark.parametrize("asked", ["", "q=eau", "sort=oldest", "sort=budget"])
@pytest.mark.parametrize(
    "after",
    [
        (10**9, "a"),
        (-(2**63) + 1, ""),
        (2**63 - 1, "z" * 200),
        (0, "\x00"),
        (10**30, "a"),
        (1e308, "a"),
        (0.1, "a"),
        (None, None),
        ([], {}),
        (0, "a" * 1000),
    ],
)
async def test_a_forged_cursor_leads_nowhere_or_is_refused(loaded: Loaded, asked: str, after: tuple[Any, ...]) -> None:
    cursor = forged(asked, *after)
    await answered(loaded.http, f"/projects?{asked}&size=100&cursor={cursor}")


async def test_a_project_that_is_no_identifier(loaded: Loaded) -> None:
    for name in ("%00", "..%2F..", "a" * 5000, "%FF", "*", "_search", quote('{"a":1}'), "%E2%80%AE"):
        answer = await loaded.http.get(f"/projects/{name}/similar", timeout=LIMIT_S)
        assert 400 <= answer.status_code < 500, (name, answer.text)


async def test_the_engine_s_memory_stays_as_it_was(loaded: Loaded, each_search_url: str) -> None:
    async with httpx.AsyncClient(base_url=each_search_url, timeout=30) as engine:
        before = await _tripped(engine)
        chance = random.Random(1)
        strings = list(STRINGS.values())
        addresses = [
            f"{PATHS[number % len(PATHS)]}?{'&'.join(chance.sample(strings, chance.choice((1, 1, 2))))}"
            for number in range(REQUESTS)
        ]
        used: list[float] = []
        for number, address in enumerate(addresses, 1):
            await answered(loaded.http, address)
            if number % 100 == 0:
                used.append(await _live_heap(engine))
        assert await _tripped(engine) == before, "a circuit breaker tripped"
        # what a collection leaves: its least over a while, so that what is garbage does not count
        first, last = min(used[: len(used) // 2]), min(used[len(used) // 2 :])
        assert last < MOST_HEAP
        assert last < first + 0.10, used


async def _live_heap(engine: httpx.AsyncClient) -> float:
    nodes = (await engine.get("/_nodes/stats/jvm")).json()["nodes"]
    (node,) = nodes.values()
    old = node["jvm"]["mem"]["pools"]["old"]
    return old["used_in_bytes"] / (old["max_in_bytes"] or node["jvm"]["mem"]["heap_max_in_bytes"])


async def _tripped(engine: httpx.AsyncClient) -> int:
    nodes = (await engine.get("/_nodes/stats/breaker")).json()["nodes"]
    return sum(breaker["tripped"] for node in nodes.values() for breaker in node["breakers"].values())
