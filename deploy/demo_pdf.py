"""The documents of the demonstration's sheets: one page each, the same bytes each time.

The fonts are those that every reader of PDF has, so that a document weighs 2 kB and takes 2 ms. They have Latin letters
only: other letters lose their marks, and what is in another script stands in the properties and bookmarks instead.
"""

import unicodedata
from datetime import UTC, datetime
from typing import Any, Final

from fpdf import FPDF, XPos, YPos

MARK: Final = "Données de démonstration"
_FONTS: Final = "cp1252"
_PLAIN: Final = str.maketrans({"đ": "d", "Đ": "D", "ı": "i", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H"})
_ELSEWHERE: Final = "Le titre, dans son écriture, figure dans les propriétés et les signets de ce document."


def latin(text: str) -> str | None:
    """The text in letters that the fonts have; None where it is in another script."""
    letters: list[str] = []
    for letter in text:
        if _has(letter):
            letters.append(letter)
            continue
        plain = unicodedata.normalize("NFKD", letter.translate(_PLAIN))
        kept = "".join(part for part in plain if not unicodedata.combining(part))
        if not all(_has(part) for part in kept):
            return None
        letters.append(kept)
    return "".join(letters)


def _has(letter: str) -> bool:
    try:
        letter.encode(_FONTS)
    except UnicodeEncodeError:
        return False
    return True


def document(title: str, authority: dict[str, Any], project: dict[str, Any]) -> bytes:
    """A page that stands for a document of this sheet."""
    pdf = FPDF(format="A4")
    pdf.core_fonts_encoding = _FONTS
    pdf.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    pdf.set_title(title)
    pdf.set_author(authority["name"])
    pdf.set_subject(project["title"])
    pdf.set_keywords(MARK)
    pdf.set_margin(25)
    pdf.add_page()
    pdf.start_section(title)
    _line(pdf, MARK.upper(), size=10, bold=True)
    shown = latin(title)
    _line(pdf, shown or f"Document : {project['ref']}", size=20, bold=True)
    for text in (authority["name"], project["title"]):
        _line(pdf, latin(text) or "", size=12)
    _line(pdf, f"{authority['ref']} / {project['ref']}", size=10)
    body = latin(project["summary"]) if shown else _ELSEWHERE
    _line(pdf, body or _ELSEWHERE, size=11)
    return bytes(pdf.output())


def _line(pdf: FPDF, text: str, *, size: int, bold: bool = False) -> None:
    if text:
        pdf.set_font("helvetica", "B" if bold else "", size)
        pdf.multi_cell(0, size * 0.55, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.ln(3)
