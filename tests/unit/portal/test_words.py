"""The five languages: every message of the pages is there in each, with its places and its plurals."""

import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from services.portal.language import LANGUAGES, SOURCE, catalogue, words
from services.portal.settings import HERE

PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
# what is written alike in French and in English
ALIKE = {
    *("API", "PDF", "Budget", "Contact", "Contacts", "continent", "Cookies", "Description", "Distance", "Documents"),
    *("Documentation", "Population", "Service", "Services", "latitude, longitude"),
}


@cache
def extracted() -> Catalog:
    """What the code and the templates say, in the words of the code."""
    with tempfile.NamedTemporaryFile(suffix=".pot") as found:
        options = ["-F", "babel.cfg", "-k", "t", "-k", "n:1,2", "-k", "N_", "-o", found.name, "."]
        pybabel = str(Path(sys.executable).parent / "pybabel")
        subprocess.run([pybabel, "-q", "extract", *options], cwd=HERE, capture_output=True, check=True)
        return read_po(found)


@cache
def known(language: str) -> Catalog:
    with catalogue(language).open("rb") as source:
        return read_po(source, locale=language)


def said(message: Any) -> list[str]:
    return [message] if isinstance(message, str) else [str(form) for form in message]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_none_is_left_over(language: str) -> None:
    needed = {str(message.id) for message in extracted() if message.id}
    there = {str(message.id) for message in known(language) if message.id}
    assert len(needed) > 200
    assert needed - there == set()
    assert there - needed == set()
    for message in known(language):
        if message.id:
            assert all(said(message.string)), message.id
            assert not message.fuzzy


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_places_of_its_message(language: str) -> None:
    for message in known(language):
        needed = set(PLACE.findall(said(message.id)[-1]))
        for form in said(message.string):
            # a plural form may leave out the number (one project), never another place
            assert set(PLACE.findall(form)) <= needed, message.id
            assert needed - set(PLACE.findall(form)) <= {"%(count)s", "%(num)s"}, message.id


def test_no_french_message_is_left_in_english() -> None:
    alike = {str(message.id) for message in known("fr") if message.id and message.string == message.id}
    assert alike == ALIKE & {str(message.id) for message in known("fr")}


def test_french_has_its_spaces_before_its_marks() -> None:
    for message in known("fr"):
        for form in said(message.string) if message.id else ():
            assert not re.search(r"(?<![\u00a0\u202f])[;?!»:](?!//)|«(?!\u00a0)", form), form


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("fr", ["0 projet trouvé", "1 projet trouvé", "2 projets trouvés"]),
        ("en", ["0 projects found", "1 project found", "2 projects found"]),
        ("ar", ["لم يُعثر على أي مشروع", "عُثر على مشروع واحد", "عُثر على مشروعين"]),
    ],
)
def test_numbers_take_the_plural_of_their_language(language: str, forms: list[str]) -> None:
    w = words(language)
    assert [w.n("%(count)s project found", "%(count)s projects found", count) for count in range(3)] == forms


def test_names_numbers_and_dates_are_written_as_in_the_language() -> None:
    fr, ar = words("fr"), words("ar")
    assert (fr.country("SN"), fr.continent("americas"), fr.language("ar")) == ("Sénégal", "Amériques", "Arabe")
    assert fr.money(1234567, "EUR") == "1\u202f234\u202f567\u00a0€"
    assert (words("en").money(5, "XOF"), words("en").money(5, "EUR")) == ("F\u202fCFA\u00a05", "€5")
    assert (fr.month("2027-03"), fr.date("2026-11-22T23:30:00Z")) == ("mars 2027", "22 novembre 2026")
    assert (fr.size(900), fr.size(2_340_000)) == ("900\u202fo", "2,3\u202fMo")
    assert (ar.direction, fr.direction) == ("rtl", "ltr")
    assert fr.countries(["SN", "ML"]) == "Sénégal et Mali"
    assert fr.countries(["SN", "ML", "BJ", "TG", "NE"]) == "Sénégal, Mali, Bénin et 2 autres"
    assert fr.file_type("application/vnd.oasis.opendocument.spreadsheet") == "Tableur"
    assert fr.file_type("application/pdf") == "PDF"
