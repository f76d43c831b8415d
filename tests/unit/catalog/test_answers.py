"""The name under which a document is saved: one that deceives nobody and that every system takes."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.catalog.answers import attachment, file_name


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Étude de faisabilité", "Étude de faisabilité.pdf"),
        ("rapport.pdf", "rapport.pdf"),
        ("Rapport.PDF", "Rapport.pdf"),
        ("rapport.exe", "rapport.exe.pdf"),
        ("../../etc/passwd", "etc-passwd.pdf"),
        ("..\\..\\boot.ini", "boot.ini.pdf"),
        ('a"; filename="b.exe', "a- filename=-b.exe.pdf"),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie- x=1.pdf"),
        ("facture\u202efdp.exe", "facturefdp.exe.pdf"),
        ("...", "document.pdf"),
        ("   ", "document.pdf"),
        ("CON", "CON.pdf"),
        ("دراسة الجدوى", "دراسة الجدوى.pdf"),
        ("x" * 200, "x" * 100 + ".pdf"),
    ],
)
def test_a_title_as_a_file_name(title: str, expected: str) -> None:
    assert file_name(title, "pdf") == expected


def test_an_unknown_type_is_just_a_file() -> None:
    assert attachment("a", "text/html") == "attachment; filename=\"a.bin\"; filename*=UTF-8''a.bin"


@example("\u0300")
@example("\u0300 - \u0301")
@given(st.text(max_size=300))
def test_any_title_makes_a_header_that_says_the_name_twice(title: str) -> None:
    header = attachment(title, "application/pdf")
    found = re.fullmatch(
        r"attachment; filename=\"([ !#-\[\]-~]+)\.pdf\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)", header
    )
    assert found, header
    assert unquote(found[2]) == file_name(title, "pdf")
