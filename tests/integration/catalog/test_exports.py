"""The open data: every published sheet, once, in three formats."""

import csv
import io
import json
from typing import Any

import pytest

from services.catalog import export_routes
from services.catalog.exports import COLUMNS
from tests.integration.catalog.conftest import Catalog, published, unpublished

EXPORTS = ("/export.csv", "/export.jsonl", "/export.geojson")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_every_format_has_every_sheet_once(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_routes, "BATCH", 2)
    country = {"ref": "ws-apia", "country": "WS"}
    events = [published(authority=country, title=f"Projet {number}") for number in range(5)]
    hidden = published(authority=country)
    await catalog.show(*events, hidden, unpublished(hidden.project, 2))
    expected = {event.project: event.sheet for event in events}

    answer = await catalog.http.get("/export.csv", params={"country": "WS"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="bourse-projets.csv"'
    rows = rows_of(answer.text)
    assert {row["id"]: row["title"] for row in rows} == {id_: sheet.title for id_, sheet in expected.items()}
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["budget_total"] == "240000.0"
    assert rows[0]["objectives"] == "Drainer le marché | Former un comité de gestion"
    assert rows[0]["description"] == expected[rows[0]["id"]].description
    assert float(rows[0]["location_lon"]) == -17.3717

    answer = await catalog.http.get("/export.jsonl", params={"country": "WS"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = answer.text.splitlines()
    assert sorted(lines) == sorted(sheet.model_dump_json() for sheet in expected.values())

    answer = await catalog.http.get("/export.geojson", params={"country": "WS"})
    assert answer.headers["content-type"] == "application/geo+json"
    collection = answer.json()
    assert collection["type"] == "FeatureCollection"
    assert {feature["id"] for feature in collection["features"]} == set(expected)
    feature = collection["features"][0]
    assert feature["geometry"] == {"type": "Point", "coordinates": [-17.3717, 14.7517]}
    assert feature["properties"] == json.loads(expected[feature["id"]].model_dump_json())


async def test_an_empty_export_is_a_valid_one(catalog: Catalog) -> None:
    query = {"country": "TV"}
    assert rows_of((await catalog.http.get("/export.csv", params=query)).text) == []
    assert (await catalog.http.get("/export.csv", params=query)).text.startswith("id,ref,")
    assert (await catalog.http.get("/export.jsonl", params=query)).text == ""
    assert (await catalog.http.get("/export.geojson", params=query)).json()["features"] == []


async def test_exports_can_be_narrowed_as_the_list(catalog: Catalog) -> None:
    country = {"ref": "nu-alofi", "country": "NU"}
    health = published(authority=country, themes=["health"])
    await catalog.show(health, published(authority=country, themes=["education"]))
    for path in EXPORTS:
        found = (await catalog.http.get(path, params={"country": "NU", "theme": "health"})).text
        assert found.count(health.project) >= 1
        assert found.count("nu-alofi") == 1
        answer = await catalog.http.get(path, params={"theme": ["health", "nothing"], "page": "1"})
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == {"theme.1", "page"}


@pytest.mark.parametrize(
    "title", ["=HYPERLINK(1)", "+1+1", "-2", "@SUM(A1)", " =1", "＝1", "=cmd|' /C calc'!A0"], ids=str
)
async def test_a_spreadsheet_never_takes_a_text_for_a_formula(catalog: Catalog, title: str) -> None:
    fields: dict[str, Any] = {"title": title, "objectives": ["=1", "b"], "description": 'Guillemets ", virgules,\net'}
    event = published(authority={"ref": "ck-avarua", "country": "CK"}, **fields)
    await catalog.show(event)
    text = (await catalog.http.get("/export.csv", params={"country": "CK"})).text
    row = next(row for row in rows_of(text) if row["id"] == event.project)
    assert row["title"] == f"'{event.sheet.title}"
    assert row["objectives"] == "'=1 | b"
    assert row["contact_phone"] == "'+221 33 000 00 00"
    assert row["description"] == event.sheet.description
    assert row["location_lon"] == "-17.3717"


async def test_exports_are_narrowed_by_all_the_facets_of_a_search(catalog: Catalog) -> None:
    town = {"ref": "fj-suva", "country": "FJ"}
    period = {"start": "2027-03", "end": "2028-02"}
    study: dict[str, Any] = {"documents": [{"title": "Étude"}]}
    small = published(authority=town, **study, budget={"total": 49_999.0, "currency": "EUR"}, period=period, sdgs=[6])
    large = published(
        authority={**town, "type": "region"},
        budget={"total": 655_957_000.0, "currency": "XOF"},
        period={"start": "2029-01", "end": None},
        sdgs=[1, 11],
        documents=[],
    )
    none = published(authority=town, budget={"total": 5.0, "currency": "AFN"}, period=period, sdgs=[], **study)
    await catalog.show(small, large, none)
    both = {small.project, none.project}
    every = {*both, large.project}

    async def found(**asked: str | list[str]) -> set[str]:
        answer = await catalog.http.get("/export.csv", params={"country": "FJ", **asked})
        assert answer.status_code == 200, answer.text
        rows = {row["id"] for row in rows_of(answer.text)}
        feed = (await catalog.http.get("/feed.atom", params={"country": "FJ", **asked})).text
        assert {project for project in every if project in feed} == rows
        return rows

    assert await found() == every
    assert await found(authority_type="region") == {large.project}
    assert await found(has_documents="false") == {large.project}
    assert await found(has_documents=["true", "false"]) == every
    assert await found(sdg=["6", "11"]) == {small.project, large.project}
    assert await found(status="open") == every
    assert await found(status="expired") == set()
    assert await found(budget="10000-50000") == {small.project}
    assert await found(budget=["1000000-", "none"]) == {large.project, none.project}
    assert await found(budget="500000-1000000") == set()
    assert await found(budget_min="49999") == {small.project, large.project}
    assert await found(budget_max="1000000", budget_min="50000") == {large.project}
    assert await found(period="2028") == both
    assert await found(period=["2026", "2040"]) == {large.project}
    assert await found(period_from="2028-03") == {large.project}
    assert await found(period_to="2028-12", period_from="2028-02") == both

    wrong = {
        "budget": "0-1",
        "period": "27",
        "has_documents": "yes",
        "sdg": "18",
        "budget_min": "9",
        "budget_max": "nan",
    }
    answer = await catalog.http.get("/export.csv", params=wrong)
    fields = {error["field"] for error in answer.json()["errors"]}
    assert (answer.status_code, fields) == (422, {"budget.0", "period.0", "has_documents.0", "sdg.0", "budget_max"})
    answer = await catalog.http.get("/export.csv", params={"period_from": "2028-02", "period_to": "2028-01"})
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("period_to", "out_of_order")]
