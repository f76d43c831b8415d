"""How words are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search import places, spelling


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("école", "ECOLES"),
        ("l’eau", "eau"),
        ("d'assainissement", "assainissements"),
        ("hôpital", "hopitaux"),
        ("ciudad", "ciudades"),
        ("formação", "formações"),
        ("library", "libraries"),
        ("rural", "rurales"),
        ("الماء", "ماء"),
        ("مدينة", "المدينه"),
        ("cœur", "coeurs"),
    ],
)
def test_forms_of_a_word_share_a_key(one: str, other: str) -> None:
    assert spelling.key(one) == spelling.key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("eau", "feu"), ("mali", "malien"), ("2026", "2027"), ("bus", "but"), ("hive", "HIV")]
)
def test_other_words_do_not(one: str, other: str) -> None:
    assert spelling.key(one) != spelling.key(other)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("O.N.G.", "ONG"),
        ("une O.N.G. locale", "une ONG locale"),
        ("S.I.G", "SIG"),
        ("l\u02bceau\u00a0potable", "l'eau potable"),
        ("assai\u00adnissement", "assainissement"),
        ("e\u0301cole", "école"),
        ("socio\u2011culturel", "socio-culturel"),
        ("www.example.org", "www.example.org"),
        ("2027.", "2027."),
    ],
)
def test_what_is_typed_in_many_ways_is_made_plain(typed: str, plain: str) -> None:
    assert spelling.plain(typed) == plain


@given(st.text(max_size=80))
def test_plain_text_stays_as_it_is(text: str) -> None:
    once = spelling.plain(text)
    assert spelling.plain(once) == once


def test_compounds_are_joined_and_acronyms_undotted() -> None:
    assert spelling.joined("L’éco-tourisme à N'Djamena, par une O.N.G.") == ["écotourisme", "NDjamena", "ONG"]
    assert spelling.joined("l'eau d'Abidjan") == ["dAbidjan"]
    # whatever space there is between words
    spaced = "l'eau\nl'éco-tourisme\u00a0: O.N.G.\u202f;\t(d'Abidjan"
    assert spelling.joined(spaced) == ["écotourisme", "ONG", "dAbidjan"]


@pytest.mark.parametrize(
    ("word", "bases"),
    [
        ("écotourisme", ["tourisme"]),
        ("socio-culturel", ["culturel"]),
        ("microcrédit", ["crédit"]),
        ("moto-taxis", ["taxis"]),
        ("économie", []),
        ("biodiversité", ["diversité"]),
        ("école", []),
    ],
)
def test_a_compound_has_a_base(word: str, bases: list[str]) -> None:
    assert spelling.bases(word) == bases


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cotonou", "Kotonou"), ("N'Djamena", "Ndjamena"), ("Ouagadougou", "Wagadougou"), ("Kayes", "Cayes")],
)
def test_names_that_sound_alike_share_a_sound(one: str, other: str) -> None:
    assert places.sound(one) == places.sound(other) != ""


def test_too_short_a_name_has_no_sound() -> None:
    assert places.sound("Fès") == places.sound("Hué") == places.sound("") == ""


def test_towns_have_their_names_in_other_languages_of_their_own_country() -> None:
    assert {"Kotonou", "Cotonu"} <= set(places.variants("Cotonou", "BJ"))
    assert "Fez" in places.variants("Fès", "MA")
    assert "أريحا" in places.variants("Jéricho", "PS")
    assert places.variants("Cotonou", "SN") == ()


def test_borders_are_those_of_both_sides() -> None:
    assert places.neighbours(["SN"]) == {"GN", "MR", "GW", "GM", "ML"}
    assert "SN" not in places.neighbours(["SN", "ML"])
    assert places.neighbours(["MG"]) == frozenset()
