"""Random sheets under random filters: totals, counts, maps and pages are those of a plain computation, on both engines.

The seed is in the name of each test; `BOURSE_TEST_SEED` repeats one.
"""

import os
import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.contracts import vocabularies
from backbone.contracts.events import ProjectPublished
from backbone.contracts.sheet import PublicSheet
from services.search import answers
from tests.integration.search.naive import FACETS, naive, searches
from tests.integration.search.running import Loaded, index_of
from tests.integration.search.sheets import publication

FIRST_SEED = int(os.environ.get("BOURSE_TEST_SEED") or random.SystemRandom().randrange(10**6))
SEEDS = range(FIRST_SEED, FIRST_SEED + (1 if "BOURSE_TEST_SEED" in os.environ else 3))
SHEETS = 240
# none is near another one, in any of the languages
WORDS = ("xylophone", "bungalow", "quartz")
BEGUN = datetime(2026, 11, 1, 12, tzinfo=UTC)

properties = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@dataclass(frozen=True, repr=False)
class Corpus:
    """Sheets, and an index of them."""

    sheets: Sequence[PublicSheet]
    loaded: Loaded


def random_publications(seed: int) -> list[ProjectPublished]:
    """Sheets that differ in all that can be filtered, few enough values of each that they meet."""
    chance = random.Random(seed)
    every = sorted(vocabularies.countries())
    countries = chance.sample(every, 12)
    return [_publication(chance, countries, every, number) for number in range(SHEETS)]


def _publication(
    chance: random.Random, countries: Sequence[str], every: Sequence[str], number: int
) -> ProjectPublished:
    kind = chance.choice(["demand", "demand", "offer"])
    sought = chance.sample(countries, chance.randint(0, 4)) if kind == "offer" else []
    start = f"{chance.randint(2024, 2031)}-{chance.randint(1, 12):02}"
    later = f"{int(start[:4]) + chance.randint(0, 3)}-{chance.randint(1, 12):02}"
    fields: dict[str, Any] = {
        "kind": kind,
        "language": chance.choice(["fr", "en", "es", "pt", "ar"]),
        "title": " ".join(["Projet", str(number), *(word for word in WORDS if chance.random() < 0.3)]),
        "themes": chance.sample(sorted(vocabularies.themes()), chance.randint(1, 5)),
        "sdgs": chance.sample(range(1, 18), chance.randint(0, 6)),
        "budget": _budget(chance),
        "period": {"start": start, "end": chance.choice([None, max(start, later), max(start, later)])},
        "location": {"name": "Ici", **_place(chance)},
        "countries_sought": sought,
        "documents": [{"title": "Étude"}] * chance.choice([0, 0, 1, 3]),
    }
    authority = {
        "ref": f"authority-{chance.randint(1, 40)}",
        "country": chance.choice([*countries, chance.choice(every)]),
        "type": chance.choice(vocabularies.AUTHORITY_TYPES),
    }
    moment = BEGUN + timedelta(minutes=chance.randint(0, 60))
    event = publication(f"p{number:04}", published_at=moment, authority=authority, **fields)
    status = chance.choice(["open", "open", "partnered", "expired"])
    return event.model_copy(update={"sheet": event.sheet.model_copy(update={"status": status})})


def _budget(chance: random.Random) -> dict[str, Any] | None:
    if chance.random() < 0.2:
        return None
    # the edges of the brackets among them; AFN has no rate
    total = chance.choice([0, 9_999, 10_000, 49_999.4, 50_000, 1_000_000, round(10 ** chance.uniform(3, 8), 2)])
    return {"total": float(total), "currency": chance.choice(["EUR", "EUR", "XOF", "USD", "MGA", "AFN"])}


def _place(chance: random.Random) -> dict[str, float]:
    edge = chance.random()
    if edge < 0.03:
        return {"lat": chance.choice([-90.0, 90.0]), "lon": chance.choice([-180.0, 0.00005, 180.0])}
    if edge < 0.3:  # many in one place
        return {"lat": 14.75175, "lon": -17.37175}
    # never on a whole degree, where the boxes have their edges
    return {"lat": chance.randint(-89, 88) + 0.12345, "lon": chance.randint(-179, 178) + 0.54321}


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
async def corpus(request: pytest.FixtureRequest, each_search_url: str) -> AsyncGenerator[Corpus, None]:
    events = random_publications(request.param)
    async with index_of(each_search_url, events) as loaded:
        yield Corpus([event.sheet for event in events], loaded)


@properties
@given(data=st.data())
async def test_totals_and_all_counts_are_those_of_a_plain_computation(corpus: Corpus, data: st.DataObject) -> None:
    pairs = data.draw(searches(corpus.sheets, WORDS))
    found, counts = naive(corpus.sheets, pairs)
    answer = await corpus.loaded.projects(*pairs, ("size", "100"))
    assert answer["total"] == len(found)
    assert {item["id"] for item in answer["items"]} <= {sheet.id for sheet in found}
    assert len(answer["items"]) == min(100, len(found))
    assert set(answer["facets"]) == set(FACETS)
    for name, values in answer["facets"].items():
        assert {one["value"]: one["count"] for one in values} == counts[name], name
        assert len({one["value"] for one in values}) == len(values)
        assert {one["value"] for one in values if one["selected"]} == {value for facet, value in pairs if facet == name}
    answers.Results.model_validate(answer)


@properties
@given(data=st.data(), zoom=st.integers(0, 22), points=st.sampled_from([0, 0, 20, 500]))
async def test_the_map_adds_up_to_the_total(corpus: Corpus, data: st.DataObject, zoom: int, points: int) -> None:
    pairs = data.draw(searches(corpus.sheets, WORDS))
    found, _ = naive(corpus.sheets, pairs)
    answer = await corpus.loaded.get("/map", *pairs, ("zoom", str(zoom)), ("points", str(points)))
    assert answer["total"] == len(found) == sum(one["properties"]["count"] for one in answer["features"])


@properties
@given(data=st.data(), sort=st.sampled_from(["newest", "oldest", "budget", "relevance"]), size=st.integers(7, 100))
async def test_the_pages_give_each_sheet_once(corpus: Corpus, data: st.DataObject, sort: str, size: int) -> None:
    pairs = data.draw(searches(corpus.sheets, WORDS))
    expected, _ = naive(corpus.sheets, pairs)
    found = await corpus.loaded.walk(*pairs, ("sort", sort), ("size", str(size)))
    assert len(found) == len(set(found))
    assert set(found) == {sheet.id for sheet in expected}


@properties
@given(data=st.data())
async def test_the_figures_are_those_of_a_plain_computation(corpus: Corpus, data: st.DataObject) -> None:
    pairs = data.draw(searches(corpus.sheets, WORDS))
    found, _ = naive(corpus.sheets, pairs)
    answer = await corpus.loaded.get("/figures", *pairs)
    assert (answer["projects"], answer["authorities"]) == (len(found), len({sheet.authority.ref for sheet in found}))
    assert answer["countries"] == len({code for sheet in found for code in sheet.countries})
