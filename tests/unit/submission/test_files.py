"""What a file is by its content, and the name it is shown under."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.submission.files import ALLOWED, attachment, kind_of, shown_name
from tests.unit.submission.samples import BAD, GOOD, docx


@pytest.mark.parametrize("kind", ALLOWED)
def test_what_is_taken_is_known_by_its_content(kind: str) -> None:
    assert kind_of(io.BytesIO(GOOD[kind])) == kind


@pytest.mark.parametrize("name", BAD)
def test_nothing_else_is_taken(name: str) -> None:
    assert kind_of(io.BytesIO(BAD[name])) is None


@given(st.binary(max_size=200), st.integers(0, 600), st.sampled_from(sorted(GOOD)))
def test_a_damaged_file_is_no_error(junk: bytes, place: int, kind: str) -> None:
    good = GOOD[kind]
    assert kind_of(io.BytesIO(good[:place] + junk + good[place + len(junk) :])) in (None, *ALLOWED)
    assert kind_of(io.BytesIO(good[:-place] if place else good)) in (None, *ALLOWED)


def test_a_file_is_read_from_its_beginning() -> None:
    file = io.BytesIO(docx())
    file.seek(0, io.SEEK_END)
    assert kind_of(file) == "docx"


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("Étude de faisabilité.pdf", "Étude de faisabilité.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\Windows\\system.ini", "system.pdf"),
        ("/etc/cron.d/x.sh", "x.pdf"),
        ("C:\\Users\\x\\plan.docx", "plan.pdf"),
        ("report.exe", "report.pdf"),
        ("report.pdf.exe", "report.pdf.pdf"),
        ("..", "document.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("", "document.pdf"),
        ("   ", "document.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie- x=1.pdf"),
        ("nul\x00byte.pdf", "nulbyte.pdf"),
        ("facture\u202efdp.exe", "facturefdp.pdf"),
        ("zero\u200bwidth\ufeff.pdf", "zerowidth.pdf"),
        ('quo"te;x=%2e%2e.pdf', "quo-te-x=-2e-2e.pdf"),
        ("e\u0301tude.pdf", "étude.pdf"),
        ("دراسة الجدوى.pdf", "دراسة الجدوى.pdf"),
        ("a" * 300 + ".pdf", "a" * 100 + ".pdf"),
        ("half \ud800 pair.pdf", "half pair.pdf"),
    ],
)
def test_a_name_is_shown_without_what_could_deceive(given_name: str, shown: str) -> None:
    assert shown_name(given_name, "pdf") == shown


@given(st.text())
def test_any_name_becomes_a_safe_one(name: str) -> None:
    shown = shown_name(name, "odt")
    assert shown.endswith(".odt")
    assert 4 < len(shown) <= 104
    assert not set(shown) & set('/\\<>:"|?*;%$`\r\n\t\0')
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in shown)
    assert not shown.startswith((".", " ", "-"))
    header = attachment(shown)
    assert header.isascii()
    assert header.isprintable()


def test_a_download_says_its_name_twice() -> None:
    assert attachment("Étude 1.pdf") == "attachment; filename=\"_tude 1.pdf\"; filename*=UTF-8''%C3%89tude%201.pdf"
