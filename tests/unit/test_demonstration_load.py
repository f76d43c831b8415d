"""What the demonstration's loader decides by itself: who does what, which outcome, which documents."""

from collections import Counter

import pytest

from backbone.contracts import vocabularies
from deploy import demo, demo_pdf


def test_most_sheets_are_published_and_the_choice_is_always_the_same() -> None:
    first, second = demo.sheets(), demo.sheets()
    assert first == second
    counts = Counter(sheet.outcome for sheet in first)
    assert (counts["waiting"], counts["sent back"], counts["rejected"]) == (8, 5, 4)
    assert counts["published"] > 100
    assert {"demand", "offer"} == {sheet.project["kind"] for sheet in first if sheet.outcome == "published"}


def test_the_search_of_the_home_page_finds_something() -> None:
    assert any(
        sheet.outcome == "published"
        and "water-sanitation" in sheet.project["themes"]
        and vocabularies.countries()[sheet.authority["country"]] == "africa"
        for sheet in demo.sheets()
    )


def test_demands_are_reviewed_by_their_post_and_offers_by_the_daect() -> None:
    for sheet in demo.sheets():
        expected = "daect" if sheet.project["kind"] == "offer" else f"agent-{sheet.authority['country'].lower()}"
        assert sheet.reviewer() == f"{expected}@example.org"


def test_a_refusal_has_a_reason_and_a_publication_needs_none() -> None:
    for sheet in demo.sheets():
        if sheet.outcome == "published":
            assert sheet.words() == {}
        elif sheet.outcome != "waiting":
            assert len(sheet.words()["reason"]) > 50


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("L’Haÿ : œuvre — « été »", "L’Haÿ : œuvre — « été »"),
        ("Đà Nẵng, Eskişehir, Łódź", "Dà Nang, Eskisehir, Lódz"),
        ("بلدية", None),
    ],
)
def test_documents_show_what_their_fonts_have(text: str, shown: str | None) -> None:
    assert demo_pdf.latin(text) == shown


def test_every_announced_document_can_be_made_small_and_the_same_each_time() -> None:
    sheets = demo.sheets()
    made = [
        demo_pdf.document(announced["title"], sheet.authority, sheet.project)
        for sheet in sheets
        for announced in sheet.project["documents"]
    ]
    assert len(made) > 200
    assert all(content.startswith(b"%PDF-") and len(content) < 5_000 for content in made)
    again = demo_pdf.document(sheets[0].project["documents"][0]["title"], sheets[0].authority, sheets[0].project)
    assert again == made[0]


def test_a_title_in_another_script_is_in_the_properties_of_the_document() -> None:
    sheet = next(sheet for sheet in demo.sheets() if sheet.project["language"] == "ar")
    title = sheet.project["documents"][0]["title"]
    content = demo_pdf.document(title, sheet.authority, sheet.project)
    assert f"/Title <feff{title.encode('utf-16-be').hex()}>".encode() in content
