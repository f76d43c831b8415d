"""A sheet as a document to print or to send: A4, in the reader's language (`printed` says what is written).

Text is shaped by HarfBuzz, so that Arabic is joined and reads from the right, whatever the language of the frame.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, cast

from fpdf import FPDF, ViewerPreferences, XPos, YPos
from fpdf.enums import MethodReturnValue
from fpdf.fonts import TTFFont

from services.portal.language import Words
from services.portal.printed import INVISIBLE, Block, Fact, Json, blocks, plain

Colour = tuple[int, int, int]

_MARGIN: Final = 18.0
_BAND: Final = 11.0
_LABEL: Final = 44.0
_PAD: Final = 3.0
_INK: Final = (27, 36, 48)
_SOFT: Final = (75, 88, 102)
_DEEP: Final = (20, 70, 107)
_LINE: Final = (195, 204, 213)
_TINT: Final = (243, 246, 249)
_WHITE: Final = (255, 255, 255)
_RTL: Final = frozenset({"ar", "he", "fa", "ur"})
_ARABIC: Final = re.compile("[\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")
# stands for the number of pages until it is known; a sheet cannot hold it, for `plain` takes it out
_PAGES: Final = "\ue000\ue001"


def sheet(found: Json, w: Words, *, address: str, fonts: Path) -> bytes:
    """A published sheet (the JSON of `PublicSheet`) as a PDF; `fonts` is the folder of the built fonts."""
    written = blocks(found, w, address)
    paper = _Paper(w, fonts, written, demonstration=found["demonstration"])
    paper.set_title(plain(found["title"]))
    paper.set_author(plain(found["authority"]["name"]))
    paper.set_subject(plain(found["summary"]))
    paper.set_lang(found["language"])
    paper.set_creation_date(datetime.fromisoformat(found["published_at"]))
    paper.viewer_preferences = ViewerPreferences(display_doc_title=True)
    paper.add_page()
    for block in written:
        paper.draw(block)
    return bytes(paper.output())


class _Font(TTFFont):
    """A font of one document: fpdf's own, that shapes each word once where fpdf does it again for each letter."""

    __slots__ = ("_space", "_widths")

    def __init__(self, paper: FPDF, path: Path, key: str, style: str, characters: set[int]) -> None:
        self._widths: dict[str, tuple[int, float]] = {"": (0, 0)}
        super().__init__(paper, path, key, style, characters)
        self._space = super().shaped_text_width(" ", 1000, {"features": {}})

    def shaped_text_width(
        self, text: str, font_size_pt: float, text_shaping_params: dict[str, Any] | None
    ) -> tuple[int, float]:
        """The number of glyphs and the width, as the sum of the words' and of the spaces' between them."""
        words = text.split(" ")
        glyphs, width = (len(words) - 1) * self._space[0], (len(words) - 1) * self._space[1]
        for word in words:
            if word not in self._widths:
                self._widths[word] = super().shaped_text_width(word, 1000, text_shaping_params)
            of_word = self._widths[word]
            glyphs, width = glyphs + of_word[0], width + of_word[1]
        return glyphs, width * font_size_pt / 1000


class _Paper(FPDF):
    """A page with the name of the site above, the disclaimer and the page's number below."""

    def __init__(self, w: Words, fonts: Path, written: Sequence[Block], *, demonstration: bool) -> None:
        super().__init__(format="A4")
        self._site = "Bourse-projets"
        self._mark = w.t("Demonstration data") if demonstration else ""
        self._disclaimer = w.t(
            "The listing of a project on the Bourse implies neither funding nor endorsement by the ministry."
        )
        self._lang = w.lang
        self.set_margins(_MARGIN, _BAND + 8, _MARGIN)
        self.set_auto_page_break(auto=True, margin=24)
        self.c_margin = 0
        self.alias_nb_pages(_PAGES)
        self._add_fonts(
            fonts,
            {*self._mark, *self._disclaimer, *(char for block in written for text in block.texts for char in text)},
        )
        self.set_line_width(0.25)

    def _add_fonts(self, fonts: Path, characters: Iterable[str]) -> None:
        """Both fonts; the Arabic one for the Arabic letters alone, as its Latin ones are of another style."""
        # besides what is written: digits of the pages, the hyphen at the end of a line, the sign of a missing letter
        used = {ord(char) for char in characters} | {*range(0x20, 0x7F), 0xFFFD}
        arabic = {code for code in used if _ARABIC.match(chr(code))}
        families = {"sans": ("NotoSans", used - arabic)}
        if arabic:
            families["arabic"] = ("NotoArabic", arabic | {0x20, 0xA0})
        for family, (name, codes) in families.items():
            for style, weight in (("", "Regular"), ("B", "Bold")):
                key = f"{family}{style}"
                self.fonts[key] = _Font(self, fonts / f"{name}-{weight}.ttf", key, style, codes)
        self.set_fallback_fonts(list(families), exact_match=False)
        known = {code for family in families for code in cast("_Font", self.fonts[family]).cmap}
        # a letter that no font has is seen to be missing, a picture is left out
        self._missing = {
            code: "\ufffd" if chr(code).isalnum() else None
            for code in used - known
            if not chr(code).isspace() and code not in INVISIBLE
        }

    def header(self) -> None:
        self.set_fill_color(*_DEEP)
        self.rect(0, 0, self.w, _BAND, style="F")
        self._ends(self._site, self._mark, y=_BAND / 2 - 2.5, size=9.5, height=5, colour=_WHITE, share=0.5)
        self.set_y(_BAND + 8)

    def footer(self) -> None:
        self.set_draw_color(*_LINE)
        self.line(_MARGIN, self.h - 18, self.w - _MARGIN, self.h - 18)
        number = f"{self.page_no()} / {_PAGES}"
        self._ends(self._disclaimer, number, y=self.h - 16, size=8, height=4, colour=_SOFT, share=0.88)

    def _ends(
        self, start: str, end: str, *, y: float, size: float, height: float, colour: Colour, share: float
    ) -> None:
        """Two texts side by side, one at each end of the line; the first has `share` of the width."""
        width = self.epw * share
        rtl = self._lang in _RTL
        for text, own, at_left in ((start, width, not rtl), (end, self.epw - width, rtl)):
            self.set_y(y)
            x = _MARGIN if at_left else self.w - _MARGIN - own
            # the number of the page is read from the left in any language
            language = "en" if _PAGES in text else self._lang
            align = "L" if at_left else "R"
            self.put(text, language, size=size, height=height, colour=colour, x=x, width=own, align=align)

    def put(
        self,
        text: str,
        language: str,
        *,
        size: float,
        height: float,
        style: Literal["", "B"] = "",
        colour: Colour = _INK,
        x: float = _MARGIN,
        width: float | None = None,
        align: str = "",
        link: str = "",
        measure: bool = False,
    ) -> float:
        """A text, from the side where its language begins; how high it is. `measure` writes nothing."""
        rtl = language in _RTL
        self._style(style, size, rtl=rtl)
        self.set_text_color(*colour)
        self.set_x(x)
        # what is too long for a line is broken between any two letters
        high = self.multi_cell(
            self.epw if width is None else width,
            height,
            text.translate(self._missing),
            align=align or ("R" if rtl else "L"),
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
            link=link,
            dry_run=measure,
            output=MethodReturnValue.HEIGHT,
        )
        return cast("float", high)

    def draw(self, block: Block) -> None:
        """A block below what is written already."""
        text, language = block.text, block.language
        match block.kind:
            case "marks":
                self._draw_marks(block)
            case "title":
                self.put(text, language, size=19, style="B", height=9)
                self.ln(0.5)
            case "name":
                self._keep(12)
                self.ln(1)
                self.put(text, language, size=10.5, style="B", height=5.6)
                self.ln(0.5)
            case "lead":
                self.ln(1)
                self.put(text, language, size=12, colour=_SOFT, height=6.3)
                self.ln(3.5)
            case "facts":
                for fact in block.facts:
                    self._draw_fact(fact, language)
                self.line(_MARGIN, self.y, self.w - _MARGIN, self.y)
                self.ln(2)
            case "heading":
                self._keep(24)
                self.ln(3.5)
                self.start_section(text)
                self.put(text, language, size=13, style="B", colour=_DEEP, height=7)
                self.ln(0.8)
            case "text":
                colour = _DEEP if block.link else _INK
                self.put(text, language, size=10.5, height=5.6, colour=colour, link=block.link)
                self.ln(1.2)
            case "points":
                for point in block.points:
                    self._draw_point(point, language)

    def _keep(self, height: float) -> None:
        """On this page if there is so much room, else on the next."""
        if self.will_page_break(height):
            self.add_page()

    def _draw_marks(self, block: Block) -> None:
        """The kind and the status, each in its frame."""
        rtl = block.language in _RTL
        x, y = (self.w - _MARGIN if rtl else _MARGIN), self.y
        self.set_draw_color(*_DEEP)
        for text in block.points:
            self._style("B", 9, rtl=rtl)
            wide = self.get_string_width(text) + 1
            frame = wide - 1 + 2 * _PAD
            left = x - frame if rtl else x
            self.rect(left, y, frame, 6.4, round_corners=True, corner_radius=1.6)
            self.set_y(y + 0.6)
            inner = left + _PAD - (1 if rtl else 0)
            self.put(text, block.language, size=9, style="B", colour=_DEEP, height=5.2, x=inner, width=wide)
            x = left - 2 if rtl else left + frame + 2
        self.set_y(y + 9)

    def _draw_point(self, text: str, language: str) -> None:
        rtl = language in _RTL
        self._keep(5.6)
        self.set_fill_color(*_DEEP)
        self.circle(self.w - _MARGIN - 2 if rtl else _MARGIN + 2, self.y + 2.8, 0.6, style="F")
        self.put(text, language, size=10.5, height=5.6, x=_MARGIN if rtl else _MARGIN + 5.5, width=self.epw - 5.5)
        self.ln(0.8)

    def _draw_fact(self, fact: Fact, language: str) -> None:
        """A row of the box: the label, its value beside, a bar and its note below the value."""
        wide = self.epw - _LABEL - 3 * _PAD
        label_x, value_x = _MARGIN + _PAD, _MARGIN + 2 * _PAD + _LABEL
        if language in _RTL:
            label_x, value_x = _MARGIN + 2 * _PAD + wide, _MARGIN + _PAD
        cell = partial(self.put, language=language, size=9.5, height=5.2)
        label = partial(cell, fact.label, x=label_x, width=_LABEL, colour=_SOFT)
        value = partial(cell, fact.value, x=value_x, width=wide, style="B" if fact.note else "")
        note = partial(cell, fact.note, x=value_x, width=wide)
        below = note(measure=True) + 4 if fact.note else 0
        high = max(label(measure=True), value(measure=True) + below) + 2.4
        self._keep(high)
        top = self.y
        self.set_fill_color(*_TINT)
        self.rect(_MARGIN, top, self.epw, high, style="F")
        self.set_draw_color(*_LINE)
        self.line(_MARGIN, top, self.w - _MARGIN, top)
        for text in (label, value):
            self.set_y(top + 1.2)
            text()
        if fact.share is not None:
            self._draw_share(fact.share, value_x, self.y + 1, wide, rtl=language in _RTL)
            self.set_y(self.y + 4)
            note()
        self.set_y(top + high)

    def _draw_share(self, share: float, x: float, y: float, wide: float, *, rtl: bool) -> None:
        """A bar, filled from where the language begins."""
        filled = wide * min(max(share, 0), 1)
        self.set_fill_color(*_LINE)
        self.rect(x, y, wide, 2.2, style="F")
        self.set_fill_color(*_DEEP)
        self.rect(x + wide - filled if rtl else x, y, filled, 2.2, style="F")

    def _style(self, style: Literal["", "B"], size: float, *, rtl: bool) -> None:
        self.set_font("arabic" if rtl and "arabic" in self.fonts else "sans", style, size)
        self.set_text_shaping(use_shaping_engine=True, direction="rtl" if rtl else "ltr")
