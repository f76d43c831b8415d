"""What is written of a sheet that is printed, as blocks: the sheet's own text in its own language, the rest in the
reader's, both without what has no place on paper.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

from services.portal.language import Words

Json = dict[str, Any]
Kind = Literal["marks", "title", "lead", "facts", "heading", "text", "name", "points"]

INVISIBLE: Final = frozenset(map(ord, "\u00ad\u200c\u200d"))  # hyphenation, joining
_IDLE_JOINERS: Final = re.compile(r"(?<!\w)[\u200c\u200d]+")  # what is left of a picture made of several
_BREAKS: Final = re.compile("\r\n?|[\u0085\u2028\u2029]")
_BLANK_LINES: Final = re.compile(r"\n\s*\n")
_STACKED_MARKS: Final = 3  # no language puts more on a letter; more of them would run over the other lines


class Fact(NamedTuple):
    """A line of the box; a `share` (0 to 1) is drawn as a bar, with its `note` below."""

    label: str
    value: str
    share: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Block:
    """One thing that is written: `points` for a list, `facts` for the box, else one text, which may be a link."""

    kind: Kind
    text: str = ""
    language: str = ""
    link: str = ""
    points: Sequence[str] = ()
    facts: Sequence[Fact] = ()

    @property
    def texts(self) -> Iterator[str]:
        """All that it is written with."""
        yield from (self.text, *self.points)
        for fact in self.facts:
            yield from (fact.label, fact.value, fact.note)


def blocks(sheet: Json, w: Words, address: str) -> list[Block]:
    """What is written of a sheet (the JSON of `PublicSheet`), in its order."""
    return [
        replace(
            block,
            text=plain(block.text),
            points=[plain(point) for point in block.points],
            facts=[Fact(plain(fact.label), plain(fact.value), fact.share, plain(fact.note)) for fact in block.facts],
        )
        for block in _blocks(sheet, w, address)
    ]


def _blocks(sheet: Json, w: Words, address: str) -> Iterator[Block]:
    own = sheet["language"]
    yield Block("marks", language=w.lang, points=[w.kind(sheet["kind"]), w.status(sheet["status"])])
    yield Block("title", sheet["title"], own)
    yield Block("name", f"{sheet['authority']['name']} · {w.countries(sheet['countries'])}", w.lang)
    yield Block("lead", " ".join(sheet["summary"].split()), own)
    yield Block("facts", language=w.lang, facts=_facts(sheet, w))
    sought = w.t("Partner sought") if sheet["kind"] == "demand" else w.t("Cooperation offered")
    for title, content in (
        (w.t("Objectives"), sheet["objectives"]),
        (w.t("Description"), sheet["description"]),
        (w.t("Expected results"), sheet["expected_results"]),
        (sought, sheet["partner_sought"]),
    ):
        yield Block("heading", title, w.lang)
        if isinstance(content, str):
            yield from (Block("text", part, own) for part in _BLANK_LINES.split(plain(content)) if part.strip())
        else:
            yield Block("points", language=own, points=content)
    if sheet["documents"]:
        yield Block("heading", w.t("Documents"), w.lang)
        yield Block("points", language=w.lang, points=[_document(document, w) for document in sheet["documents"]])
    yield Block("heading", w.t("Contacts"), w.lang)
    yield from _contacts(sheet, w)
    yield Block("heading", w.t("Permanent address"), w.lang)
    yield _address(address, w)


def _facts(sheet: Json, w: Words) -> list[Fact]:
    facts = [Fact(w.t("Themes"), w.listed([w.theme(code) for code in sheet["themes"]]))]
    if sheet["sdgs"]:
        facts.append(Fact(w.t("Sustainable development goals"), " · ".join(w.sdg(goal) for goal in sheet["sdgs"])))
    facts += [
        _budget(sheet.get("budget"), w),
        Fact(w.t("Period"), w.period(sheet["period"])),
        Fact(w.t("Place"), sheet["location"]["name"]),
        Fact(w.t("Language of the sheet"), w.language(sheet["language"])),
    ]
    if sheet.get("ref"):
        facts.append(Fact(w.t("Reference"), sheet["ref"]))
    first, last = sheet["first_published_at"], sheet["published_at"]
    facts += [Fact(w.t("Number"), sheet["id"]), Fact(w.t("Published on"), w.date(first))]
    if last[:10] != first[:10]:
        facts.append(Fact(w.t("Updated on"), w.date(last)))
    return facts


def _budget(budget: Json | None, w: Words) -> Fact:
    if not budget:
        return Fact(w.t("Budget"), w.t("not stated"))
    total, secured, currency = budget["total"], budget["secured"], budget["currency"]
    note = (
        w.t("secured: %(amount)s", amount=w.money(secured, currency)),
        w.t("still sought: %(amount)s", amount=w.money(total - secured, currency)),
    )
    return Fact(w.t("Budget"), w.money(total, currency), secured / total if total else 0.0, " · ".join(note))


def _document(document: Json, w: Words) -> str:
    about = (
        [w.file_type(document["media_type"]), w.size(document["size"])]
        if document.get("id")
        else [w.t("announced, on request")]
    )
    if document.get("language"):
        about.append(w.language(document["language"]))
    return f"{document['title']} ({' · '.join(about)})"


def _contacts(sheet: Json, w: Words) -> Iterator[Block]:
    authority, post = sheet["authority"], sheet.get("post")
    yield Block("name", authority["name"], w.lang)
    if authority.get("contact"):
        yield from _person(authority["contact"], w)
    else:
        yield Block("text", w.t("The authority’s contact is not public: please write to the embassy."), w.lang)
    if authority.get("website"):
        yield _address(authority["website"], w)
    if post:
        yield Block("name", post["name"].get(w.lang) or post["name"].get("fr") or post["city"], w.lang)
        for contact in post["contacts"]:
            yield from _person(contact, w)
        if not post["contacts"]:
            yield Block("text", w.t("No public contact yet."), w.lang)


def _person(contact: Json, w: Words) -> Iterator[Block]:
    parts = (contact["name"], contact.get("function"), contact.get("phone"))
    yield Block("text", " · ".join(part for part in parts if part), w.lang)
    yield Block("text", contact["email"], w.lang, link=f"mailto:{quote(plain(contact['email']), safe='@+')}")


def _address(address: str, w: Words) -> Block:
    # anything else (javascript:, file:) is not for a click
    to = quote(plain(address), safe=":/?#@!$&'*+,;=%~") if address.startswith(("http://", "https://")) else ""
    return Block("text", address, w.lang, link=to)


def plain(text: str) -> str:
    """Without what has no place on paper: controls, marks that turn the direction, towers of accents."""
    kept: list[str] = []
    stacked = 0
    for char in unicodedata.normalize("NFC", _BREAKS.sub("\n", text).replace("\t", " ")):
        category = unicodedata.category(char)
        stacked = stacked + 1 if category in ("Mn", "Me") else 0
        control = category.startswith("C") and char != "\n" and ord(char) not in INVISIBLE
        if stacked <= _STACKED_MARKS and not control:
            kept.append(char)
    return _IDLE_JOINERS.sub("", "".join(kept))
