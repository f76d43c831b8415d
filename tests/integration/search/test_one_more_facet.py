"""A new facet is one declaration: its field, its parameter, its counts and what the pages show are there with it."""

import asyncio
import json
import sys

from services.portal.declared import Declared
from services.portal.language import words
from services.portal.query import Query, chips, facet_views


async def test_one_declaration_makes_the_field_the_parameter_the_counts_and_the_page(each_search_url: str) -> None:
    # in a process of its own: what derives from the facets does so as it is imported
    command = (sys.executable, "-m", "tests.integration.search.one_more_facet", each_search_url)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    came = json.loads(printed.splitlines()[-1])

    assert came["mapping"] == {"type": "keyword"}
    (parameter,) = came["parameters"]
    assert parameter["schema"]["items"] == {"type": "string", "enum": ["own", "posts"]}
    assert came["found"]["facets"]["origin"] == [{"value": "own", "label": "own-en", "count": 1, "selected": False}]
    assert came["elsewhere"]["total"] == 0
    assert [(one["value"], one["count"]) for one in came["elsewhere"]["facets"]["origin"]] == [("own", 2), ("posts", 0)]
    assert [(one["field"], one["detail"]) for one in came["refused"]] == [("origin", "must be one of own, posts")]

    declared = Declared.read({"facets": [came["declared"]]})
    query = Query.read([("origin", "posts"), ("other", "x")], declared)
    assert [(chip.label, chip.address) for chip in chips(query, {}, declared, words("ar"))] == [
        ("posts-ar", "/ar/projects")
    ]
    (view,) = facet_views(came["elsewhere"]["facets"], declared)
    assert (view.title, [choice.value for choice in view.first], view.selected) == ("origin-ar", ["own", "posts"], 1)
