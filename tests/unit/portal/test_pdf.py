"""The sheet as PDF: what is written, in whose language, and that nothing a person typed breaks it."""

import asyncio
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from services.portal import pdf
from services.portal.assets.build import OUT, ensure
from services.portal.language import LANGUAGES, words

ADDRESS = "https://bourse.example.org/fr/projects/0199"


@pytest.fixture(scope="module")
def fonts() -> Path:
    ensure()
    return OUT / "fonts"


def sheet(**changes: Any) -> dict[str, Any]:
    """A published sheet, as the catalogue answers it."""
    made: dict[str, Any] = {
        "id": "01a205e8-733a-71b9-b387-70020d5af6d1",
        "kind": "demand",
        "status": "open",
        "language": "fr",
        "title": "Numériser le fonds photographique",
        "summary": "Sauver 14 000 plaques de verre.",
        "objectives": ["Stabiliser les supports", "Former quatre archivistes"],
        "description": "Premier paragraphe.\n\nSecond paragraphe.",
        "partner_sought": "Des archives départementales.",
        "expected_results": ["14 000 images"],
        "themes": ["heritage", "digital"],
        "sdgs": [4, 11],
        "budget": {"total": 68000, "secured": 12000, "currency": "EUR"},
        "period": {"start": "2027-10", "end": None},
        "location": {"name": "Île de Saint-Louis", "lat": 16.03, "lon": -16.5},
        "countries": ["SN"],
        "continents": ["africa"],
        "documents": [
            {"title": "Inventaire", "language": "fr", "id": "d1", "media_type": "application/pdf", "size": 2300},
            {"title": "Plan", "language": None, "id": None, "media_type": None, "size": None},
        ],
        "authority": {"ref": "sn-saint-louis", "name": "Ville de Saint-Louis", "country": "SN", "website": None},
        "post": {"code": "dakar", "city": "Dakar", "name": {"fr": "Ambassade de France au Sénégal"}, "contacts": []},
        "ref": None,
        "first_published_at": "2026-11-22T10:00:00Z",
        "published_at": "2026-11-22T10:00:00Z",
        "demonstration": True,
    }
    return {**made, **changes}


def written(found: dict[str, Any], language: str) -> str:
    blocks = pdf.blocks(found, words(language), ADDRESS)
    return "\n".join(
        line
        for b in blocks
        for line in (b.text, *b.points, *(f"{label} = {value}" for label, value in b.facts))
        if line
    )


def test_everything_of_the_sheet_is_written_in_the_frame_s_language() -> None:
    text = written(sheet(), "fr")
    for part in (
        *("Données de démonstration", "Numériser le fonds photographique", "Ville de Saint-Louis · Sénégal"),
        *("Thèmes = Patrimoine et Numérique", "4. Éducation de qualité", "octobre 2027 – sans fin fixée"),
        *("68\u202f000\u00a0€ · acquis\u00a0: 12\u202f000\u00a0€ · encore recherché\u00a0: 56\u202f000\u00a0€",),
        *("Second paragraphe.", "Inventaire (PDF, 2,3\u202fko, Français)", "Plan (annoncé, sur demande)", ADDRESS),
        *("Ambassade de France au Sénégal", "écrivez à l’ambassade"),
    ):
        assert part in text
    assert "العنوان الدائم" in written(sheet(), "ar")


def test_an_offer_and_a_sheet_without_budget_say_so() -> None:
    text = written(sheet(kind="offer", budget=None, documents=[], demonstration=False), "en")
    assert "Cooperation offered" in text
    assert "Budget = not stated" in text
    assert "Documents" not in text
    assert "Demonstration" not in text


def test_each_text_keeps_its_own_language() -> None:
    languages = {b.kind: b.language for b in pdf.blocks(sheet(language="ar"), words("fr"), ADDRESS)}
    assert (languages["title"], languages["lead"], languages["facts"]) == ("ar", "ar", "fr")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_sheet_is_a_document_of_a_few_pages(language: str, fonts: Path) -> None:
    made = await asyncio.to_thread(pdf.sheet, sheet(), words(language), address=ADDRESS, fonts=fonts)
    assert made.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type /Page\b", made)) <= 3
    assert b"/Lang (fr)" in made


HOSTILE = [
    "x" * 3_000,
    "بيوت الضيافة " * 60,
    "\N{EARTH GLOBE EUROPE-AFRICA}\N{FAMILY}\u200d" * 80,
    "a\u202eb\u0000c\x1b[31m\ud800 \u2028 \ufffe",
    "(parenthèse \\ ) endobj stream %PDF **gras** __x__",
    "漢字 ไทย ქართული " * 30,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_typed_breaks_it_or_leaves_its_margins(text: str, fonts: Path) -> None:
    names = ("title", "summary", "description", "partner_sought")
    hostile = sheet(**dict.fromkeys(names, text), objectives=[text], expected_results=[text] * 3, ref=text[:100])
    hostile["authority"] = {**hostile["authority"], "name": text[:200]}
    made = pdf.sheet(hostile, words("fr"), address=ADDRESS, fonts=fonts)
    assert made.startswith(b"%PDF-")
    starts = [float(x) for page in _streams(made) for x in re.findall(rb"(?:^|\s)([\d.]+) [\d.]+ Td", page)]
    assert starts
    points = 72 / 25.4
    assert min(starts) >= 17.9 * points
    assert max(starts) <= (210 - 17.9) * points


def _streams(made: bytes) -> list[bytes]:
    """The contents of the pages."""
    found: list[bytes] = []
    for raw in re.findall(rb"stream\n(.*?)\nendstream", made, re.DOTALL):
        try:
            found.append(zlib.decompress(raw))
        except zlib.error:
            continue
    return [content for content in found if b" Td" in content]
