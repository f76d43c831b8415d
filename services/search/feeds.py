"""The Atom feed of a search."""

from typing import Final

from backbone.atom import Feed, atom
from services.search import naming, queries
from services.search.index import Index
from services.search.parameters import Filters
from services.search.reaching import understood
from services.search.thesaurus import Thesaurus

ENTRIES: Final = 50
_BEGINNING: Final = "2026-01-01T00:00:00+00:00"  # of a feed without an entry


async def feed(index: Index, thesaurus: Thesaurus, portal: str, filters: Filters, query: str, language: str) -> bytes:
    """The sheets that a search finds, the last published first, as XML; `query` is its query string."""
    answer = await index.search(queries.newest(filters, understood(filters.q, thesaurus), ENTRIES))
    sheets = [hit["_source"]["sheet"] for hit in answer["hits"]["hits"]]
    return atom(
        Feed(
            portal=portal,
            lang=language,
            query=query,
            sheets=sheets,
            updated=sheets[0]["published_at"] if sheets else _BEGINNING,
            name=naming.describe(filters, language) if query else "",
        )
    )
