"""Suggestions from the vocabularies: how what is typed is compared with names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.contracts import labels, vocabularies
from services.search.parameters import Suggest
from services.search.prefixes import normal
from services.search.suggestions import begins_nearly, may_differ, named


def values(facet: str, q: str, language: str = "fr", *, nearly: bool = False) -> list[str]:
    return [one["value"] for one in named(facet, Suggest(q, language), nearly=nearly)]


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        ("L’Eau", "eau"),
        ("d'Assainissement", "assainissement"),
        ("Côte d’Ivoire", "cote ivoire"),
        ("SÉNÉ", "sene"),
        ("l'", "l"),
        ("Saint-Louis", "saint louis"),
        ("cœur\N{NO-BREAK SPACE}de ville", "coeur de ville"),
        ("الأُرْدُنّ", "الاردن"),
        (" ?!* ", ""),
    ],
)
def test_accents_capitals_articles_and_marks_are_left_out(typed: str, compared: str) -> None:
    assert normal(typed) == compared


@given(q=st.text(max_size=60))
def test_whatever_is_typed_can_be_compared(q: str) -> None:
    assert normal(normal(q)) == normal(normal(normal(q)))
    for facet in ("continent", "country", "theme"):
        values(facet, q or "x")


@pytest.mark.parametrize("language", labels.LANGUAGES)
@given(data=st.data())
def test_every_country_is_suggested_by_the_beginning_of_its_name(language: str, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(sorted(vocabularies.countries())))
    name = labels.country(code, data.draw(st.sampled_from(labels.LANGUAGES)))
    typed = name[: data.draw(st.integers(1, len(name)))]
    if normal(typed):
        assert code in values("country", typed, language)


def test_names_in_the_person_s_language_come_first_and_beginnings_of_the_whole_before_words() -> None:
    assert values("country", "sen")[0] == "SN"
    assert values("country", "senegal", "ar") == ["SN"]
    guineas = values("country", "guin")
    assert guineas.index("GN") < guineas.index("PG")
    # Marruecos, in Spanish
    assert values("country", "marru") == ["MA"]
    assert values("country", "السنغ", "ar") == ["SN"]
    assert set(values("country", "سنغ", "ar")) == {"SN", "SG"}


def test_a_theme_is_suggested_by_its_synonyms() -> None:
    theme = next(theme for theme in vocabularies.themes().values() if theme.synonyms)
    assert theme.code in values("theme", theme.synonyms[0])


@pytest.mark.parametrize("typed", ["sengal", "senegla", "sennegal", "senigal", "seneg", "senga"])
def test_one_letter_may_be_wrong(typed: str) -> None:
    assert "SN" in values("country", typed, nearly=True)


@given(name=st.text("abcde", min_size=2, max_size=8), data=st.data())
def test_nearly_is_one_edit(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(name) - 1))
    letter = data.draw(st.sampled_from("abcde"))
    swapped = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
    for typed in (name, name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :], swapped):
        assert begins_nearly(typed, name + "xyz")
    assert not begins_nearly("x" + name[1:], name)


def test_short_words_and_numbers_are_taken_at_their_word() -> None:
    assert may_differ("sene")
    assert not may_differ("sen")
    assert not may_differ("odd 2030")
