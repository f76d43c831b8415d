"""A sheet as a document to print or to send: A4, in the reader's language, the sheet's own text in its own.

First what is written, as blocks (`blocks`), then the drawing of them (`sheet`). Text is shaped by HarfBuzz, so that
Arabic is joined and reads from the right, whatever the language of the frame.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from fpdf import FPDF, XPos, YPos

from services.portal.language import Words

Json = dict[str, Any]
Kind = Literal["badge", "title", "lead", "heading", "text", "points", "facts", "link"]

_MARGIN: Final = 18.0
_INK: Final = (27, 36, 48)
_SOFT: Final = (75, 88, 102)
_DEEP: Final = (20, 70, 107)
_LINE: Final = (195, 204, 213)
_RTL: Final = frozenset({"ar", "he", "fa", "ur"})


@dataclass(frozen=True)
class Block:
    """One thing that is written; `facts` are (label, value) pairs, `points` a list, the others one text."""

    kind: Kind
    text: str = ""
    language: str = ""
    points: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)


def blocks(sheet: Json, w: Words, address: str) -> Iterator[Block]:
    """What is written of a sheet (the JSON of `PublicSheet`), in its order."""
    own = sheet["language"]
    marks = [w.kind(sheet["kind"]), w.status(sheet["status"])]
    if sheet["demonstration"]:
        marks.append(w.t("Demonstration data"))
    yield Block("badge", " · ".join(marks), w.lang)
    yield Block("title", sheet["title"], own)
    yield Block("text", f"{sheet['authority']['name']} · {w.countries(sheet['countries'])}", w.lang)
    yield Block("lead", sheet["summary"], own)
    yield Block("facts", language=w.lang, facts=_facts(sheet, w))
    for title, content in (
        (w.t("Objectives"), sheet["objectives"]),
        (w.t("Description"), sheet["description"]),
        (w.t("Expected results"), sheet["expected_results"]),
        (w.t("Partner sought") if sheet["kind"] == "demand" else w.t("Cooperation offered"), sheet["partner_sought"]),
    ):
        yield Block("heading", title, w.lang)
        if isinstance(content, str):
            yield from (Block("text", part, own) for part in content.split("\n\n") if part.strip())
        else:
            yield Block("points", language=own, points=content)
    if sheet["documents"]:
        yield Block("heading", w.t("Documents"), w.lang)
        yield Block("points", language=w.lang, points=[_document(document, w) for document in sheet["documents"]])
    yield Block("heading", w.t("Contacts"), w.lang)
    yield from _contacts(sheet, w)
    yield Block("heading", w.t("Permanent address"), w.lang)
    yield Block("link", address, w.lang)


def _facts(sheet: Json, w: Words) -> list[tuple[str, str]]:
    period = sheet["period"]
    end = w.month(period["end"]) if period.get("end") else w.t("open end")
    facts = [(w.t("Themes"), w.listed([w.theme(code) for code in sheet["themes"]]))]
    if sheet["sdgs"]:
        facts.append((w.t("Sustainable development goals"), " · ".join(w.sdg(goal) for goal in sheet["sdgs"])))
    facts += [
        (w.t("Budget"), _budget(sheet.get("budget"), w)),
        (w.t("Period"), f"{w.month(period['start'])} – {end}"),
        (w.t("Place"), sheet["location"]["name"]),
        (w.t("Language of the sheet"), w.language(sheet["language"])),
    ]
    if sheet.get("ref"):
        facts.append((w.t("Reference"), sheet["ref"]))
    facts += [(w.t("Number"), sheet["id"]), (w.t("Published on"), w.date(sheet["first_published_at"]))]
    return facts


def _budget(budget: Json | None, w: Words) -> str:
    if not budget:
        return w.t("not stated")
    total, secured, currency = budget["total"], budget["secured"], budget["currency"]
    return " · ".join(
        (
            w.money(total, currency),
            w.t("secured: %(amount)s", amount=w.money(secured, currency)),
            w.t("still sought: %(amount)s", amount=w.money(total - secured, currency)),
        )
    )


def _document(document: Json, w: Words) -> str:
    about = (
        [w.file_type(document["media_type"]), w.size(document["size"])]
        if document.get("id")
        else [w.t("announced, on request")]
    )
    if document.get("language"):
        about.append(w.language(document["language"]))
    return f"{document['title']} ({', '.join(about)})"


def _contacts(sheet: Json, w: Words) -> Iterator[Block]:
    authority, post = sheet["authority"], sheet.get("post")
    if authority.get("contact"):
        yield Block("text", f"{authority['name']}\n{_person(authority['contact'])}", w.lang)
    else:
        yield Block("text", w.t("The authority’s contact is not public: please write to the embassy."), w.lang)
    if authority.get("website"):
        yield Block("link", authority["website"], w.lang)
    if post:
        name = post["name"].get(w.lang) or post["name"].get("fr") or post["city"]
        people = [_person(contact) for contact in post["contacts"]] or [w.t("No public contact yet.")]
        yield Block("text", "\n".join([name, *people]), w.lang)


def _person(contact: Json) -> str:
    parts = (contact["name"], contact.get("function"), contact["email"], contact.get("phone"))
    return " · ".join(part for part in parts if part)


class _Paper(FPDF):
    """A page with the name of the site above, the disclaimer and the page's number below."""

    def __init__(self, w: Words, fonts: Path) -> None:
        super().__init__(format="A4")
        self.w_ = w
        self.set_margins(_MARGIN, 22, _MARGIN)
        self.set_auto_page_break(auto=True, margin=24)
        self.c_margin = 0
        for style, weight in (("", "Regular"), ("B", "Bold")):
            self.add_font("sans", style, fonts / f"NotoSans-{weight}.ttf")
            self.add_font("arabic", style, fonts / f"NotoArabic-{weight}.ttf")
        self.set_fallback_fonts(["arabic", "sans"], exact_match=False)
        self.set_text_shaping(use_shaping_engine=True)
        self.set_line_width(0.25)

    def header(self) -> None:
        self.set_y(9)
        self.write_block("Bourse-projets", self.w_.lang, size=9, style="B", colour=_DEEP, height=5)
        self.set_draw_color(*_LINE)
        self.line(_MARGIN, 16, self.w - _MARGIN, 16)
        self.set_y(22)

    def footer(self) -> None:
        self.set_y(-18)
        said = self.w_.t(
            "The listing of a project on the Bourse implies neither funding nor endorsement by the ministry."
        )
        self.write_block(said, self.w_.lang, size=7.5, colour=_SOFT, height=4)
        self.write_block(f"{self.page_no()} / {{nb}}", "en", size=8, colour=_SOFT, height=4)

    def write_block(
        self,
        text: str,
        language: str,
        *,
        size: float,
        style: Literal["", "B"] = "",
        colour: tuple[int, int, int] = _INK,
        height: float,
        indent: float = 0,
        link: str = "",
    ) -> None:
        """A text across the page, from the side where its language begins."""
        rtl = language in _RTL
        self.set_font("arabic" if rtl else "sans", style, size)
        self.set_text_color(*colour)
        self.set_text_shaping(use_shaping_engine=True, direction="rtl" if rtl else "ltr")
        self.set_x(_MARGIN if rtl else _MARGIN + indent)
        width = self.w - 2 * _MARGIN - indent
        # what is too long for a line is broken between any two letters
        self.multi_cell(
            width,
            height,
            plain(text),
            align="R" if rtl else "L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
            link=link,
            wrapmode="WORD",  # pyright: ignore[reportArgumentType]
        )


def plain(text: str) -> str:
    """Without what has no place on paper: controls, marks that turn the direction, what no font can have."""
    kept = (char for char in unicodedata.normalize("NFC", text) if char == "\n" or _is_printable(char))
    return "".join(kept)


def _is_printable(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn") or char in "\u200c\u200d\u00ad"


def sheet(found: Json, w: Words, *, address: str, fonts: Path) -> bytes:
    """A published sheet (the JSON of `PublicSheet`) as a PDF of one to three pages; `fonts` is a folder."""
    paper = _Paper(w, fonts)
    paper.set_title(plain(found["title"]))
    paper.set_author(plain(found["authority"]["name"]))
    paper.set_subject(plain(found["summary"]))
    paper.set_lang(found["language"])
    paper.set_creation_date(datetime.fromisoformat(found["published_at"]))
    paper.add_page()
    for block in blocks(found, w, address):
        _draw(paper, block)
    return bytes(paper.output())


def _draw(paper: _Paper, block: Block) -> None:
    match block.kind:
        case "badge":
            paper.write_block(block.text, block.language, size=9, style="B", colour=_DEEP, height=5.5)
        case "title":
            paper.write_block(block.text, block.language, size=19, style="B", height=9)
            paper.ln(1.5)
        case "lead":
            paper.ln(1)
            paper.write_block(block.text, block.language, size=12, colour=_SOFT, height=6.3)
            paper.ln(3)
        case "heading":
            paper.ln(3)
            if paper.will_page_break(24):
                paper.add_page()
            paper.start_section(plain(block.text))
            paper.write_block(block.text, block.language, size=13, style="B", colour=_DEEP, height=7)
            paper.ln(0.8)
        case "text":
            paper.write_block(block.text, block.language, size=10.5, height=5.6)
            paper.ln(1.5)
        case "points":
            for point in block.points:
                paper.write_block(f"•  {point}", block.language, size=10.5, height=5.6, indent=3)
                paper.ln(0.8)
        case "facts":
            for label, value in block.facts:
                paper.write_block(
                    f"{label}: {value}" if paper.w_.lang != "fr" else f"{label}\u00a0: {value}",
                    block.language,
                    size=10,
                    height=5.4,
                )
            paper.ln(1)
        case "link":
            paper.write_block(block.text, "en", size=10, colour=_DEEP, height=5.6, link=block.text)
            paper.ln(1.5)
