"""A service with one facet more: its declaration, put among the others before anything derives from them.

`python -m tests.integration.search.one_more_facet ENGINE` prints what came of it, as JSON.
"""

import asyncio
import json
import sys
from typing import Any
from unittest.mock import patch

from services.search import facets
from services.search.facet_kinds import Facet

ORIGIN = Facet(
    name="origin",
    description="Where the sheet comes from.",
    values=("own", "posts"),
    label=lambda value, language: f"{value}-{language}",
    title=lambda name, language: f"{name}-{language}",
    read=lambda sheet: ["posts" if sheet["post"] else "own"],
)


async def answers(url: str) -> dict[str, Any]:
    """The mapping, OpenAPI's parameters, two searches and the facet's declaration."""
    # what derives from the facets does so as it is imported
    from services.search.documents import MAPPING
    from tests.integration.search.running import index_of
    from tests.integration.search.sheets import publication

    async with index_of(url, [publication("a", kind="offer"), publication("b")]) as loaded:
        openapi = await loaded.get("/openapi.json")
        refused = await loaded.http.get("/projects", params={"origin": "elsewhere"})
        return {
            "mapping": MAPPING["properties"]["origin"],
            "parameters": [one for one in openapi["paths"]["/map"]["get"]["parameters"] if one["name"] == "origin"],
            "found": await loaded.projects(("kind", "offer"), ("lang", "en")),
            "elsewhere": await loaded.projects(("origin", "posts")),
            "refused": refused.json()["errors"],
            "declared": (await loaded.get("/facets", ("lang", "ar")))["facets"][-1],
        }


if __name__ == "__main__":
    with patch.object(facets, "FACETS", (*facets.FACETS, ORIGIN)):
        print(json.dumps(asyncio.run(answers(sys.argv[1]))))
