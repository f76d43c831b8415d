"""Sheets like another one, on both engines."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from backbone.contracts.events import ProjectPublished
from backbone.contracts.sheet import PublicSheet
from services.search import answers
from tests.integration.search.conftest import Loaded, index_of
from tests.integration.search.sheets import demonstration, publication

SHEETS: list[PublicSheet] = [event.sheet for event in demonstration()]
BY_ID = {sheet.id: sheet for sheet in SHEETS}


async def like(loaded: Loaded, project: str, size: int) -> list[PublicSheet]:
    answer = await loaded.get(f"/projects/{project}/similar", ("size", str(size)))
    answers.Similar.model_validate(answer)
    return [BY_ID[item["id"]] for item in answer["items"]]


async def test_every_sheet_has_others_of_its_themes_and_never_itself(loaded: Loaded) -> None:
    for sheet in SHEETS:
        others = {one.id for one in SHEETS if one.id != sheet.id and set(one.themes) & set(sheet.themes)}
        found = await like(loaded, sheet.id, 12)
        assert {one.id for one in found} <= others
        assert len({one.id for one in found}) == len(found) == min(12, len(others)) > 0


async def test_what_is_nearest_comes_first_whatever_the_size(loaded: Loaded) -> None:
    for sheet in SHEETS[::20]:
        twelve = await like(loaded, sheet.id, 12)
        assert await like(loaded, sheet.id, 3) == twelve[:3]
        default = await loaded.get(f"/projects/{sheet.id}/similar")
        assert [item["id"] for item in default["items"]] == [one.id for one in twelve[:4]]


async def test_sheets_in_other_languages_are_found_by_their_themes(loaded: Loaded) -> None:
    for language in ("ar", "pt", "en", "es", "fr"):
        sheets = [sheet for sheet in SHEETS if sheet.language == language]
        written = {one.language for sheet in sheets for one in await like(loaded, sheet.id, 12)}
        assert len(written) > 1, language


async def test_an_item_is_the_one_that_a_search_gives(loaded: Loaded) -> None:
    cards = {item["id"]: item for item in (await loaded.projects(("size", "100")))["items"]}
    answer = await loaded.http.get(f"/projects/{SHEETS[0].id}/similar", params={"size": "12", "lang": "ar"})
    known = [item for item in answer.json()["items"] if item["id"] in cards]
    assert known
    assert known == [cards[item["id"]] for item in known]
    assert answer.headers["content-language"] == "ar"


@pytest.mark.parametrize("project", ["gone", "unknown", "a" * 300, "%00", "é*?"])
async def test_there_is_nothing_like_what_is_not_published(loaded: Loaded, project: str) -> None:
    answer = await loaded.http.get(f"/projects/{project}/similar")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


WATER = "Forages et bornes-fontaines des villages"
NEIGHBOURS: list[tuple[str, dict[str, Any]]] = [
    # the id, what the sheet shares with the first one, which is about water in Senegal
    ("first", {"title": WATER, "country": "SN"}),
    ("words", {"title": f"Bornes-fontaines et forage d’un village voisin, {WATER}"}),
    ("country", {"country": "SN", "sdgs": []}),
    ("continent", {"country": "MG"}),
    ("themes", {}),
    ("no theme", {"title": WATER, "country": "SN", "themes": ["heritage"]}),
]


@pytest.fixture(scope="module")
async def neighbours(each_search_url: str) -> AsyncGenerator[Loaded, None]:
    events: list[ProjectPublished] = []
    for project, shared in NEIGHBOURS:
        told: dict[str, Any] = {
            "title": "Réseaux",
            "summary": "Un projet.",
            "themes": ["water-sanitation"],
            "country": "VN",
            **shared,
        }
        country = told.pop("country")
        events.append(publication(project, authority={"country": country}, **told))
    async with index_of(each_search_url, events) as loaded:
        yield loaded


async def nearest(loaded: Loaded, project: str) -> list[str]:
    answer = await loaded.get(f"/projects/{project}/similar", ("size", "12"))
    answers.Similar.model_validate(answer)
    return [item["id"] for item in answer["items"]]


async def test_words_and_place_bring_sheets_of_the_same_theme_near(neighbours: Loaded) -> None:
    found = await nearest(neighbours, "first")
    assert [project for project in found if project != "words"] == ["country", "continent", "themes"]
    # these two differ by the words alone, and the order of their ids is the other one
    assert found.index("words") < found.index("themes")


async def test_a_sheet_without_goals_has_similar_ones(neighbours: Loaded) -> None:
    assert (await nearest(neighbours, "country"))[0] == "first"


async def test_a_sheet_that_alone_has_its_theme_is_like_no_other(neighbours: Loaded) -> None:
    assert await nearest(neighbours, "no theme") == []
