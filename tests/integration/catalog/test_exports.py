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
