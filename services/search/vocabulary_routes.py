"""HTTP of the thesaurus, which the DAECT manages, and of the searches that found nothing."""

from typing import Annotated, Final, cast

from fastapi import Depends, Header, Path, Query, Request, Response

from backbone.contracts.text import Code
from backbone.database import Database
from backbone.http import JSON, etag, router
from backbone.paging import bad_cursor, decode_cursor, encode_cursor
from backbone.tokens import Principal, require
from services.search import vocabulary
from services.search.misses import KEPT_DAYS, Misses
from services.search.spelling import keys
from services.search.vocabulary import Content, Entry

synonyms = router(tags=["synonyms"])

_editor = require("daect", "admin")
Editor = Annotated[Principal, Depends(_editor)]
IfMatch = Annotated[str | None, Header()]
ConceptId = Annotated[Code, Path(description="Identifier of the concept, such as `drinking-water`.")]
MOST_ON_A_PAGE: Final = 100


@synonyms.get("/synonyms")
async def list_concepts(
    request: Request,
    q: Annotated[str, Query(max_length=100, description="A form, or the beginning of an identifier.")] = "",
    size: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> JSON:
    """The concepts whose names mean the same to a search: `{items: [{id, theme, forms, near, countries, origin}]}`."""
    after = decode_cursor(cursor)
    if after is not None and not (len(after) == 1 and isinstance(after[0], str)):
        raise bad_cursor()
    async with _database(request).connection() as tx:
        known = await vocabulary.entries(tx)
    found = [entry for entry in known.values() if _fits(entry, q) and (after is None or entry.concept.id > after[0])]
    page = found[:size]
    following = encode_cursor([page[-1].concept.id]) if len(found) > size else None
    return JSON({"items": [entry.as_json() for entry in page], "cursor": following})


def _fits(entry: Entry, q: str) -> bool:
    if not q:
        return True
    asked = keys(q)
    forms = (form for forms in entry.concept.forms.values() for form in forms)
    return entry.concept.id.startswith(q.lower()) or any(keys(form)[: len(asked)] == asked for form in forms)


@synonyms.get("/synonyms/{concept}")
async def read_concept(request: Request, concept: ConceptId) -> JSON:
    """One concept."""
    async with _database(request).connection() as tx:
        entry = await vocabulary.entry(tx, concept)
    return _answer(entry)


@synonyms.put("/synonyms/{concept}")
async def write_concept(
    request: Request, who: Editor, concept: ConceptId, body: Content, if_match: IfMatch = None
) -> JSON:
    """Write a concept: searches follow within seconds, without a restart or a new index."""
    async with _database(request).transaction() as tx:
        entry, is_new = await vocabulary.save(tx, concept, body, if_match, who.account)
    return _answer(entry, status=201 if is_new else 200)


@synonyms.delete("/synonyms/{concept}", status_code=204)
async def remove_concept(request: Request, who: Editor, concept: ConceptId, if_match: IfMatch = None) -> Response:
    """Take a concept away; its words are then but words."""
    async with _database(request).transaction() as tx:
        await vocabulary.remove(tx, concept, if_match, who.account)
    return Response(status_code=204)


@synonyms.get("/zero-results", dependencies=[Depends(_editor)])
async def list_misses(
    request: Request,
    days: Annotated[int, Query(ge=1, le=KEPT_DAYS)] = 30,
) -> JSON:
    """What was looked for in vain at least three times: `{items: [{q, language, times, last_day}]}`."""
    misses = cast("Misses", request.app.state.misses)
    return JSON({"items": await misses.shown(days)})


def _answer(entry: Entry, status: int = 200) -> JSON:
    return JSON(entry.as_json(), status_code=status, headers={"ETag": etag(entry.version)})


def _database(request: Request) -> Database:
    return cast("Database", request.app.state.database)
