"""The page types of the portal, with an example of each among the data of a running stack."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx

from backbone.contracts import vocabularies
from services.portal.content import names
from tests.journeys.conftest import Stack, link_in, until

DAECT: Final = "daect@example.org"
MAIN: Final = ("home", "search", "sheet: demand", "browse")
NEARLY: Final = "bibliothèque numérique pikine"
NONE_SAYS: Final = "tourisme pêche"
NOTHING_HERE: Final = "q=culture&country=BF"
FACETS: Final = "continent=africa&theme=water-sanitation&kind=demand"


@dataclass(frozen=True)
class PageType:
    """A kind of page: where an example of it is (`{lang}` is the language) and the status it is served with."""

    name: str
    path: str
    status: int = 200

    def at(self, lang: str) -> str:
        return self.path.replace("{lang}", lang)


def portal_of(stack: Stack) -> str:
    """The address of the portal."""
    return stack.urls["portal"].rstrip("/")


def page_types(stack: Stack) -> Sequence[PageType]:
    """All of them; one sheet is unpublished for it where none is yet."""
    return [*_pages(stack)]


def _pages(stack: Stack) -> Iterator[PageType]:
    yield PageType("home", "/{lang}/")
    yield PageType("search", "/{lang}/projects")
    yield PageType("search: words", "/{lang}/projects?q=asainissement")
    yield PageType("search: three facets", f"/{{lang}}/projects?{FACETS}")
    yield PageType("search: nothing found", "/{lang}/projects?q=xqzwvkjx")
    yield PageType("search: some say it, more come near", f"/{{lang}}/projects?q={quote(NEARLY)}")
    yield PageType("search: none says it", f"/{{lang}}/projects?q={quote(NONE_SAYS)}")
    yield PageType("search: nothing found, ways on", f"/{{lang}}/projects?{NOTHING_HERE}")
    yield PageType("search: near a place", "/{lang}/projects?near=14.69,-17.44&within=500")
    yield PageType("search: near nowhere", "/{lang}/projects?near=Dakar&within=far", 422)
    yield PageType("search: not understood", "/{lang}/projects?budget_min=beaucoup&theme=nothing", 422)
    demand = demand_with_documents(stack)
    yield PageType("sheet: demand", _own_address(stack, f"projects/{demand['id']}"))
    for name, filters in (("offer", {"kind": "offer"}), ("in Arabic", {"language": "ar"})):
        yield PageType(f"sheet: {name}", _own_address(stack, f"projects/{found(stack, **filters)[0]['id']}"))
    yield PageType("authority", _own_address(stack, f"authorities/{demand['authority']['ref']}"))
    yield PageType("browse", "/{lang}/browse")
    yield PageType("continent", "/{lang}/continents/africa")
    yield PageType("country", "/{lang}/countries/SN")
    yield PageType("country: no project", f"/{{lang}}/countries/{_empty_country(stack)}")
    yield PageType("theme", "/{lang}/themes/water-sanitation")
    for name in names():
        yield PageType(f"text: {name}", f"/{{lang}}/pages/{name}")
    yield PageType("demonstration", "/{lang}/demonstration")
    yield PageType("confirmation of an address", "/verify?token=nothing&lang={lang}", 404)
    yield PageType("alert: form", f"/{{lang}}/alerts/new?{FACETS}")
    yield PageType("alert: asked for", "/{lang}/alerts/asked")
    waiting, confirmed = _alert(stack), _alert(stack)
    yield PageType("alert: to be confirmed", f"/{{lang}}/alerts/confirm?token={waiting}")
    answer = stack.call("search", "POST", "/saved-searches/confirm", json={"token": confirmed})
    assert answer.status_code == 200, answer.text
    manage = answer.json()["manage_token"]
    yield PageType("alert: confirmed", f"/{{lang}}/alerts/confirm?token={confirmed}")
    yield PageType("alert: all of a person", f"/{{lang}}/alerts/manage?token={manage}")
    yield PageType("alert: to be ended", f"/{{lang}}/alerts/unsubscribe?token={manage}")
    yield PageType("alert: wrong link", "/{lang}/alerts/manage?token=nothing", 404)
    yield PageType("404", "/{lang}/nowhere", 404)
    yield PageType("410", f"/{{lang}}/projects/{gone(stack)}", 410)


def found(stack: Stack, **filters: str) -> list[dict[str, Any]]:
    """Sheets that the search service finds."""
    answer = stack.call("search", "GET", "/projects", params={"size": "100", **filters})
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"], filters
    return answer.json()["items"]


def demand_with_documents(stack: Stack) -> dict[str, Any]:
    """A French demand of which documents can be downloaded, as the catalogue has it."""
    for item in found(stack, kind="demand", language="fr"):
        sheet = stack.call("catalog", "GET", f"/projects/{item['id']}").json()
        if any(document.get("id") for document in sheet["documents"]):
            return sheet
    raise LookupError("no French demand has a document")


def gone(stack: Stack) -> str:
    """A sheet that was published and is no longer: its id."""
    reviews = stack.call("moderation", "GET", "/reviews?state=unpublished&size=1", DAECT)
    assert reviews.status_code == 200, reviews.text
    if reviews.json()["items"]:
        return reviews.json()["items"][0]["project"]
    sheet = found(stack, kind="demand", country="SN")[-1]["id"]
    reason = {"reason": "Le projet a trouvé son partenaire."}
    done = stack.call("moderation", "POST", f"/reviews/{sheet}/unpublish", DAECT, json=reason)
    assert done.status_code == 200, done.text

    def left() -> tuple[int, bool]:
        answer = stack.call("search", "GET", "/projects", params={"size": "100", "country": "SN"})
        return stack.call("catalog", "GET", f"/projects/{sheet}").status_code, sheet in answer.text

    assert until(left, lambda seen: seen == (410, False)) == (410, False)
    return sheet


def _alert(stack: Stack) -> str:
    """A search saved for a new address: the token of the link in the mail that asks to confirm it."""
    email = f"{uuid4().hex}@example.org"
    wanted = {"query": {"q": "eau", "country": "SN"}, "frequency": "daily", "email": email}
    answer = stack.call("search", "POST", "/saved-searches", json=wanted)
    assert answer.status_code == 201, answer.text
    mails = until(lambda: stack.mails(email), bool)
    return link_in(mails[-1], r"/alerts/confirm\?token=(\S+)")[1]


def _own_address(stack: Stack, place: str) -> str:
    """The address with the readable name, where the portal redirects to it; a test says where it does not."""
    answer = httpx.get(f"{portal_of(stack)}/fr/{place}", timeout=30)
    return answer.headers.get("location", f"/fr/{place}").replace("/fr/", "/{lang}/", 1)


def _empty_country(stack: Stack) -> str:
    """A country that a post covers and that has no project."""
    facets = stack.call("search", "GET", "/projects?size=1").json()["facets"]["country"]
    counted = {entry["value"] for entry in facets if entry["count"]}
    covered = {country for post in vocabularies.seed_posts() for country in post["covers"]}
    return min(covered - counted - {"FR"})
