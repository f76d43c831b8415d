"""Sheets like another one, on both engines."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from backbone.contracts.events import ProjectPublished
from backbone.contracts.sheet import PublicSheet
from services.search import answers
from services.search.places import neighbours
from tests.integration.search.running import Loaded, index_of
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
    assert all(item.pop("reasons") for item in known)
    assert known == [cards[item["id"]] for item in known]
    assert answer.headers["content-language"] == "ar"


@pytest.mark.parametrize("project", ["gone", "unknown", "a" * 300, "%00", "é*?"])
async def test_there_is_nothing_like_what_is_not_published(loaded: Loaded, project: str) -> None:
    answer = await loaded.http.get(f"/projects/{project}/similar")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_reasons_are_true_of_the_two_sheets(loaded: Loaded) -> None:
    kinds: set[str] = set()
    for sheet in SHEETS:
        answer = await loaded.get(f"/projects/{sheet.id}/similar", ("size", "12"), ("lang", "en"))
        for item in answer["items"]:
            other, reasons = BY_ID[item["id"]], item["reasons"]
            assert reasons[0]["kind"] == "theme"
            assert len({(reason["kind"], reason["value"]) for reason in reasons}) == len(reasons)
            kinds |= {reason["kind"] for reason in reasons}
            for reason in reasons:
                assert is_true(reason["kind"], reason["value"], sheet, other), (reason, sheet.title, other.title)
    assert kinds == {"theme", "country", "neighbouring_country", "words", "continent", "authority_type"}


def is_true(kind: str, value: str, sheet: PublicSheet, other: PublicSheet) -> bool:
    match kind:
        case "theme":
            return value in sheet.themes and value in other.themes
        case "country":
            return value in sheet.countries and value in other.countries
        case "neighbouring_country":
            return value in other.countries and bool(neighbours([value]) & set(sheet.countries))
        case "continent":
            return value in sheet.continents and value in other.continents
        case "words":
            return all(value in f"{one.title} {one.summary}".casefold() for one in (sheet, other))
        case _:
            return value == sheet.authority.type == other.authority.type


async def test_two_of_one_authority_at_most_come_before_others(each_search_url: str) -> None:
    theme = ["water-sanitation"]
    events = [
        publication(f"crowd-{number}", authority={"ref": "crowd"}, title="Forages", themes=theme)
        for number in range(20)
    ]
    for number in range(3):
        elsewhere = {"ref": f"other-{number}", "country": "VN"}
        events.append(publication(f"other-{number}", authority=elsewhere, themes=theme))
    async with index_of(each_search_url, events) as loaded:
        found = await nearest(loaded, "crowd-0")
    assert [project.partition("-")[0] for project in found] == [*["crowd"] * 2, *["other"] * 3, *["crowd"] * 7]


WATER = "Forages et bornes-fontaines des villages"
NEIGHBOURS: list[tuple[str, dict[str, Any]]] = [
    # the id, what the sheet shares with the first one, which is about water in Senegal
    ("first", {"title": WATER, "country": "SN"}),
    ("words", {"title": f"Bornes-fontaines et forage d’un village voisin, {WATER}"}),
    ("country", {"country": "SN", "sdgs": []}),
    ("continent", {"country": "MG"}),
    ("neighbour", {"country": "ML"}),
    ("taken neighbour", {"country": "ML", "status": "partnered"}),
    ("neighbour of another kind", {"country": "ML", "type": "region"}),
    ("themes", {}),
    ("no theme", {"title": WATER, "country": "SN", "themes": ["heritage"]}),
]


@pytest.fixture(scope="module")
async def around_the_first(each_search_url: str) -> AsyncGenerator[Loaded, None]:
    events: list[ProjectPublished] = []
    for project, shared in NEIGHBOURS:
        told: dict[str, Any] = {
            "title": "Réseaux",
            "summary": "Un projet.",
            "themes": ["water-sanitation"],
            "country": "VN",
            **shared,
        }
        status = told.pop("status", "open")
        # each of an authority of its own
        authority = {"ref": f"of-{len(events)}", "country": told.pop("country"), "type": told.pop("type", "commune")}
        event = publication(project, authority=authority, **told)
        events.append(event.model_copy(update={"sheet": event.sheet.model_copy(update={"status": status})}))
    async with index_of(each_search_url, events) as loaded:
        yield loaded


async def nearest(loaded: Loaded, project: str) -> list[str]:
    answer = await loaded.get(f"/projects/{project}/similar", ("size", "12"))
    answers.Similar.model_validate(answer)
    return [item["id"] for item in answer["items"]]


async def test_words_and_place_bring_sheets_of_the_same_theme_near(around_the_first: Loaded) -> None:
    found = await nearest(around_the_first, "first")
    assert [project for project in found if project != "words"] == [
        *("country", "neighbour", "taken neighbour", "neighbour of another kind", "continent", "themes"),
    ]
    # these two differ by the words alone, and the order of their ids is the other one
    assert found.index("words") < found.index("themes")


async def test_a_sheet_without_goals_has_similar_ones(around_the_first: Loaded) -> None:
    assert (await nearest(around_the_first, "country"))[0] == "first"


async def test_a_sheet_that_alone_has_its_theme_is_like_no_other(around_the_first: Loaded) -> None:
    assert await nearest(around_the_first, "no theme") == []
