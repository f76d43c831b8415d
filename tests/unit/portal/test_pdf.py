"""The sheet as PDF: what is written, in whose language and where; and that nothing a person typed breaks it."""

import logging
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1

from services.portal import pdf, printed
from services.portal.assets.build import OUT, ensure
from services.portal.language import LANGUAGES, words

ADDRESS = "https://bourse.example.org/fr/projects/0199"
LEFT, RIGHT, TOP, BOTTOM = 18 * 72 / 25.4, (210 - 18) * 72 / 25.4, 297 * 72 / 25.4, 8 * 72 / 25.4
ARABIC = "تأهيل بيوت الضيافة في الواحة"


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


def in_arabic(**changes: Any) -> dict[str, Any]:
    """A sheet whose own text is Arabic throughout."""
    prose = dict.fromkeys(("title", "summary", "description", "partner_sought"), ARABIC)
    return sheet(language="ar", **prose, objectives=[ARABIC], expected_results=[ARABIC], **changes)


def said(found: dict[str, Any], language: str) -> str:
    """All that is to be written, by line."""
    lines: list[str] = []
    for block in printed.blocks(found, words(language), ADDRESS):
        facts = (f"{label} = {value} {note}".rstrip() for label, value, _, note in block.facts)
        lines += [line for line in (block.text, *block.points, *facts) if line]
    return "\n".join(lines)


class Paper:
    """What a viewer reads from a file: by page, each letter and its place (points, from the left and the foot)."""

    def __init__(self, made: bytes) -> None:
        document = PDFDocument(PDFParser(BytesIO(made)))
        self.pages: list[list[LTChar]] = []
        self.links: list[str] = []
        resources = PDFResourceManager()
        device = PDFPageAggregator(resources)
        for page in PDFPage.create_pages(document):
            PDFPageInterpreter(resources, device).process_page(page)
            self.pages.append([item for item in device.get_result() if isinstance(item, LTChar)])
            marks = (resolve1(mark) for mark in resolve1(page.annots) or ())
            self.links += [mark["A"]["URI"].decode() for mark in marks]
        self.bookmarks = len(list(document.get_outlines()))

    def start(self, page: int, text: str) -> LTChar:
        """The letter with which a text begins."""
        behind = self.text(page).index(text)
        return next(letter for letter in self.letters(page) if (behind := behind - len(letter.get_text())) < 0)

    def text(self, page: int) -> str:
        """The letters as they are drawn, from left to right."""
        return "".join(letter.get_text() for letter in self.letters(page))

    def letters(self, page: int) -> list[LTChar]:
        """What is drawn, without the dots of Arabic letters, that are glyphs of their own."""
        return [letter for letter in self.pages[page] if not letter.get_text().startswith("(cid:")]


def test_everything_of_the_sheet_is_said_in_the_frame_s_language() -> None:
    text = said(sheet(), "fr")
    for part in (
        *("Demande de partenariat", "Numériser le fonds photographique", "Ville de Saint-Louis · Sénégal"),
        *("Thèmes = Patrimoine et Numérique", "4. Éducation de qualité", "octobre 2027 – sans fin fixée"),
        "68\u202f000\u00a0€ acquis\u00a0: 12\u202f000\u00a0€ · encore recherché\u00a0: 56\u202f000\u00a0€",
        *("Second paragraphe.", "Inventaire (PDF · 2,3\u202fko · Français)", "Plan (annoncé, sur demande)", ADDRESS),
        *("Ambassade de France au Sénégal", "écrivez à l’ambassade"),
    ):
        assert part in text
    updated = words("fr").t("Updated on")
    assert updated not in text
    assert f"{updated} = 24 novembre 2026" in said(sheet(published_at="2026-11-24T08:00:00Z"), "fr")
    assert "العنوان الدائم" in said(sheet(), "ar")


def test_an_offer_and_a_sheet_without_budget_say_so() -> None:
    text = said(sheet(kind="offer", budget=None, documents=[]), "en")
    assert "Cooperation offered" in text
    assert "Budget = not stated" in text
    assert "Documents" not in text


@pytest.mark.parametrize(("total", "secured", "share"), [(68000, 17000, 0.25), (5, 5, 1.0), (0, 0, 0.0)])
def test_the_bar_is_the_part_that_is_secured(total: float, secured: float, share: float) -> None:
    found = sheet(budget={"total": total, "secured": secured, "currency": "EUR"})
    shares = [fact.share for block in printed.blocks(found, words("fr"), ADDRESS) for fact in block.facts]
    assert [value for value in shares if value is not None] == [share]


def test_each_text_keeps_its_own_language() -> None:
    languages = {b.kind: b.language for b in printed.blocks(sheet(language="ar"), words("fr"), ADDRESS)}
    assert (languages["title"], languages["lead"], languages["facts"]) == ("ar", "ar", "fr")


def test_contacts_are_the_sheet_s_and_only_the_web_and_mail_are_links(fonts: Path) -> None:
    person = {"name": "Awa Ndiaye", "function": None, "email": "a)(ndiaye+1@example.org", "phone": "+221 33"}
    authority = {**sheet()["authority"], "contact": person, "website": "javascript:alert(1)"}
    post = {**sheet()["post"], "contacts": [{**person, "name": "Jean Petit", "email": "jean@example.org"}]}
    found = sheet(authority=authority, post=post)
    text = said(found, "fr")
    assert "Awa Ndiaye · +221 33" in text
    assert "javascript:alert(1)" in text
    assert "écrivez à l’ambassade" not in text
    made = Paper(pdf.sheet(found, words("fr"), address=ADDRESS, fonts=fonts))
    assert made.links == ["mailto:a%29%28ndiaye+1@example.org", "mailto:jean@example.org", ADDRESS]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_is_a_document_of_a_few_pages_with_its_frame(language: str, fonts: Path) -> None:
    found, w = sheet(description="Un fonds à sauver, plaque après plaque.\n\n" * 60), words(language)
    made = pdf.sheet(found, w, address=ADDRESS, fonts=fonts)
    assert b"/Lang (fr)" in made
    paper = Paper(made)
    pages = len(paper.pages)
    assert 2 <= pages <= 3
    for page in range(pages):
        assert "Bourse-projets" in paper.text(page)
        assert f"{page + 1} / {pages}" in paper.text(page)
        assert_inside(paper.pages[page])
    assert paper.bookmarks == 7
    if language != "ar":
        for said_there in (w.t("Demonstration data"), w.t("Partner sought")):
            assert any(said_there in paper.text(page) for page in range(pages))
    assert found["title"] in paper.text(0)


def test_only_a_demonstration_is_marked_as_one(fonts: Path) -> None:
    made = pdf.sheet(sheet(demonstration=False), words("fr"), address=ADDRESS, fonts=fonts)
    assert "démonstration" not in Paper(made).text(0)


def test_arabic_is_joined_and_reads_from_the_right_in_a_french_frame(fonts: Path) -> None:
    paper = Paper(pdf.sheet({**in_arabic(), "title": "ببب"}, words("fr"), address=ADDRESS, fonts=fonts))
    last, middle, first = [letter.x0 for letter in paper.pages[0] if letter.get_text() == "ب"][:3]
    # the letter is drawn otherwise, and wider, at the end of a word
    assert middle - last > 1.5 * (first - middle)
    assert "بيوت"[::-1] in paper.text(0)
    body = [letter for letter in paper.pages[0] if 100 < letter.y0 < 790]
    assert max(letter.x1 for letter in body) == pytest.approx(RIGHT, abs=1)
    assert paper.start(0, "Description").x0 == pytest.approx(LEFT, abs=0.1)


def test_an_arabic_frame_begins_at_the_right_and_leaves_a_french_text_at_the_left(fonts: Path) -> None:
    paper = Paper(pdf.sheet(sheet(), words("ar"), address=ADDRESS, fonts=fonts))
    assert paper.start(0, "Numériser").x0 == pytest.approx(LEFT, abs=0.1)
    assert paper.start(0, "Bourse-projets").x0 > RIGHT - 100
    assert paper.start(0, "1 / ").x0 == pytest.approx(LEFT, abs=0.1)


HOSTILE = {
    "long word": "x" * 3_000,
    "wide word": "W" * 1_000,
    "long Arabic word": "الماء" * 200,
    "Arabic": "بيوت الضيافة " * 60,
    "both directions": "ab الضيافة 12% (x) " * 60,
    "picture": "\N{EARTH GLOBE EUROPE-AFRICA}\N{FAMILY}\u200d" * 80,
    "controls": "a\u202eb\u0000c\x1b[31m\ud800 \u2028 \ufffe\ue000",
    "syntax": "(parenthèse \\ ) endobj stream %PDF **gras** __x__ {nb} %(amount)s",
    "other scripts": "漢字 ไทย ქართული עברית " * 30,
    "accents": "Z" + "\u0301\u0316" * 300,
    "lines": "a\r\n" * 200,
    "blank": "\t\u2029 \u00ad",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_nothing_that_is_typed_breaks_it_or_leaves_its_margins(
    language: str, text: str, fonts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("title", "summary", "description", "partner_sought")
    contact = {"name": text[:200], "function": text[:200], "email": text[:60], "phone": text[:40]}
    website = f"https://x.example/{text[:200]}"
    authority = {"ref": "x", "name": text[:200], "country": "SN", "website": website, "contact": contact}
    hostile = sheet(
        **dict.fromkeys(names, text),
        language=language,
        objectives=[text],
        expected_results=[text] * 3,
        ref=text[:100],
        location={"name": text[:200], "lat": 0, "lon": 0},
        documents=[{"title": text[:200], "id": None, "language": "ar"}],
        authority=authority,
    )
    with caplog.at_level(logging.WARNING):
        paper = Paper(pdf.sheet(hostile, words(language), address=ADDRESS, fonts=fonts))
    for number, page in enumerate(paper.pages, 1):
        assert_inside(page)
        assert f"{number} / {len(paper.pages)}" in paper.text(number - 1)
    assert caplog.records == []


def test_a_letter_without_a_font_is_seen_to_be_missing_and_a_picture_is_left_out(fonts: Path) -> None:
    found = sheet(title="Eau 水 \N{FAMILY}potable {nb}")
    assert "Eau \ufffd potable {nb}" in Paper(pdf.sheet(found, words("fr"), address=ADDRESS, fonts=fonts)).text(0)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc\u2028d\te", "a\nb\nc\nd e"),
        ("a\u202eb\u2066c\u200fd\x07\ue000\ufeff", "abcd"),
        ("e\u0301", "é"),
        ("Z" + "\u0301" * 9 + "a\u0316", "\u0179" + "\u0301" * 3 + "a\u0316"),
        ("مُؤَمَّن", "مُؤَمَّن"),
        ("\N{FAMILY}\u200d\N{FAMILY} می\u200cخواهم", "\N{FAMILY}\N{FAMILY} می\u200cخواهم"),
    ],
)
def test_plain_text_keeps_what_is_read(typed: str, kept: str) -> None:
    assert printed.plain(typed) == kept


def test_many_are_made_at_once(fonts: Path) -> None:
    """The caller makes each in a thread; what they share is only read."""
    found = [sheet(), in_arabic()] * 4

    def make(one: dict[str, Any]) -> bytes:
        return pdf.sheet(one, words("ar"), address=ADDRESS, fonts=fonts)

    alone = [make(one) for one in found[:2]] * 4
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(make, found))
    assert [places(made) for made in at_once] == [places(made) for made in alone]


def places(made: bytes) -> list[tuple[str, float, float]]:
    return [(letter.get_text(), letter.x0, letter.y0) for page in Paper(made).pages for letter in page]


def assert_inside(page: list[LTChar]) -> None:
    """All letters between the margins; a point is left to the rounding of the places."""
    assert page
    outside = [
        letter
        for letter in page
        if letter.x0 < LEFT - 1 or letter.x1 > RIGHT + 1 or not BOTTOM < letter.y0 < TOP - BOTTOM / 2
    ]
    assert outside == []
