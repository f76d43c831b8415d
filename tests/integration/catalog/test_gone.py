"""A sheet that is gone is nowhere but at its own address, where its codes are all that is left."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import uuid4

import pytest

from backbone.contracts.events import Event
from services.catalog.service import checksum
from tests.integration.catalog.conftest import Catalog, document, published, unpublished
from tests.unit.catalog.atom_rules import ATOM

SECRET: Final = "Un titre que plus personne ne doit lire"


async def everything(catalog: Catalog, ref: str) -> dict[str, str]:
    """What each way of asking for sheets answers."""
    texts: dict[str, str] = {}
    for path in ("/projects?size=100", "/addresses", "/export.csv", "/export.jsonl", "/export.geojson", "/feed.atom"):
        answer = await catalog.http.get(path)
        assert answer.status_code == 200
        texts[path] = answer.text
        narrowed = await catalog.http.get(path, params={"country": "MH"}) if path != "/addresses" else answer
        assert narrowed.status_code == 200
        texts[f"{path} of its country"] = narrowed.text
    texts["authority"] = (await catalog.http.get(f"/authorities/{ref}")).text
    return texts


async def sum_of(catalog: Catalog) -> tuple[int, str]:
    async with catalog.database.transaction() as tx:
        found = await checksum(tx)
    return found.count, found.hexdigest()


async def row_of(catalog: Catalog, project: str) -> dict[str, Any]:
    async with catalog.database.connection() as connection:
        row = await connection.fetchrow("select * from project where id = $1", project)
    assert row is not None
    return dict(row)


async def test_what_is_gone_is_in_no_list_export_feed_or_count(catalog: Catalog) -> None:
    ref = f"mh-{uuid4()}"
    country = {"ref": ref, "country": "MH"}
    await catalog.show(published())
    before = await sum_of(catalog)
    gone, never = published(authority=country, title=SECRET), str(uuid4())
    await catalog.show(gone)
    assert (await sum_of(catalog))[0] == before[0] + 1
    shown = await everything(catalog, ref)
    # narrowed, since the whole catalogue may be more than one page
    assert [name for name, text in shown.items() if "its country" in name and gone.project not in text] == []
    await catalog.show(unpublished(gone.project, 2), unpublished(never, 1))
    for name, text in (await everything(catalog, ref)).items():
        for trace in (gone.project, never, SECRET):
            assert trace not in text, name
    assert (await catalog.http.get(f"/authorities/{ref}")).status_code == 404
    assert await sum_of(catalog) == before


async def test_of_a_sheet_that_is_gone_the_row_has_its_codes_and_nothing_else(catalog: Catalog) -> None:
    content = b"%PDF-1.7 gone"
    named = document(catalog.deposit(content), len(content), title=SECRET)
    event = published(title=SECRET, language="pt", themes=["health", "culture"], documents=[named])
    end = unpublished(event.project, 2)
    await catalog.show(event, end)
    assert await row_of(catalog, event.project) == {
        "id": event.project,
        "version": 2,
        "revision": 1,
        "changed_at": end.occurred_at,
        "sheet": None,
        "authority": None,
        "kind": "demand",
        "language": "pt",
        "themes": ["health", "culture"],
        "countries": ["SN"],
        "continents": ["africa"],
        "status": "",
        "sdgs": [],
        "authority_type": "",
        "has_documents": False,
        "budget_total": None,
        "budget_currency": None,
        "period_start": "",
        "period_end": None,
    }
    async with catalog.database.connection() as connection:
        titles = await connection.fetch("select title, gone from document where project = $1", event.project)
    assert [tuple(row) for row in titles] == [("", True)]
    assert (await catalog.http.get(f"/documents/{named['id']}")).status_code == 410


def demand(project: str, version: int) -> Event:
    return published(project, version=version, themes=["health"])


def offer(project: str, version: int) -> Event:
    return published(
        project,
        version=version,
        kind="offer",
        themes=["education"],
        countries_sought=["PE", "SN"],
        authority={"ref": "fr-nantes", "country": "FR"},
    )


_DEMAND: Final[Mapping[str, Any]] = {
    "kind": "demand",
    "themes": ["health"],
    "countries": ["SN"],
    "continents": ["africa"],
}
_OFFER: Final[Mapping[str, Any]] = {
    "kind": "offer",
    "themes": ["education"],
    "countries": ["PE", "SN"],
    "continents": ["africa", "americas"],
}
_NOTHING: Final[Mapping[str, Any]] = {"kind": "", "themes": [], "countries": [], "continents": []}
# what comes of a project, and the codes that are left
STORIES: Final[Mapping[str, tuple[Callable[[str], list[Event]], Mapping[str, Any]]]] = {
    "those of the last version": (lambda p: [demand(p, 1), offer(p, 2), unpublished(p, 3)], _OFFER),
    "unpublished twice": (lambda p: [demand(p, 1), unpublished(p, 2), unpublished(p, 3)], _DEMAND),
    "shown again": (lambda p: [demand(p, 1), unpublished(p, 2), offer(p, 3), unpublished(p, 4)], _OFFER),
    "never a sheet": (lambda p: [unpublished(p, 1)], _NOTHING),
    # the older one is refused, its codes too; the last shows that it was handled
    "an older one late": (lambda p: [unpublished(p, 2), demand(p, 1), unpublished(p, 3)], _NOTHING),
}


@pytest.mark.parametrize("story", STORIES)
async def test_the_problem_names_the_codes(catalog: Catalog, story: str) -> None:
    events, expected = STORIES[story]
    project = str(uuid4())
    await catalog.show(*events(project))
    answer = await catalog.http.get(f"/projects/{project}")
    assert (answer.status_code, answer.headers["content-type"]) == (410, "application/problem+json")
    said = answer.json()
    assert (said["status"], said["code"]) == (410, "unpublished")
    assert {name: said[name] for name in expected} == expected
    codes = {"kind", "themes", "countries", "continents"}
    assert set(said) == {"type", "title", "status", "code", "detail"} | codes


async def test_what_is_shown_again_is_wholly_there(catalog: Catalog) -> None:
    first = published(authority={"ref": f"mh-{uuid4()}", "country": "MH"})
    again = published(first.project, version=3, authority=first.sheet.authority.model_dump(include={"ref", "country"}))
    await catalog.show(first, unpublished(first.project, 2), again)
    assert (await catalog.http.get(f"/projects/{first.project}")).text == again.sheet.model_dump_json()
    shown = await everything(catalog, again.sheet.authority.ref)
    assert [name for name, text in shown.items() if "its country" in name and first.project not in text] == []
    newest = ET.fromstring(shown["/feed.atom of its country"]).find(f"{ATOM}entry")
    assert newest is not None
    assert newest.findtext(f"{ATOM}id") == f"urn:bourse-projets:project:{first.project}"
