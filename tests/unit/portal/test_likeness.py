"""Why a project is shown beside another one, in the reader's words."""

import pytest

from services.portal.language import LANGUAGES, words
from services.portal.likeness import why

REASONS = [
    {"kind": "theme", "value": "water-sanitation", "label": "Eau et assainissement"},
    {"kind": "theme", "value": "health", "label": "Santé"},
    {"kind": "neighbouring_country", "value": "ML", "label": "Mali"},
    {"kind": "words", "value": "forage", "label": "forage"},
    {"kind": "words", "value": "puits", "label": "puits"},
    {"kind": "authority_type", "value": "commune", "label": "Commune"},
]


def test_the_reasons_of_a_kind_are_one_sentence() -> None:
    assert why(REASONS, words("en")) == [
        "Same themes: Eau et assainissement, Santé",
        "Neighbouring country: Mali",
        "Words in common: forage, puits",
        "Same kind of authority: Commune",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_them(language: str) -> None:
    kinds = ("theme", "country", "neighbouring_country", "words", "continent", "authority_type")
    one = {kind: [{"kind": kind, "value": "x", "label": "X"}] for kind in kinds if kind != "words"}
    two = {kind: [{"kind": kind, "value": "x", "label": "X"}] * 2 for kind in kinds if kind != "authority_type"}
    singular, plural = ([why(reasons, words(language))[0] for reasons in given.values()] for given in (one, two))
    assert len({*singular, *plural}) == len(one) + len(two)
    assert all(sentence.endswith(": X") for sentence in singular)
    assert all(sentence.endswith((": X, X", ": X\N{ARABIC COMMA} X")) for sentence in plural)


def test_a_reason_that_is_not_known_here_is_left_out() -> None:
    assert why([{"kind": "moon", "value": "full", "label": "Full"}, REASONS[2]], words("en")) == [
        "Neighbouring country: Mali"
    ]
