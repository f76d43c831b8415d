"""Which names of a concept a query asks: those of one word by their terms, and the longer ones that find more."""

import pytest

from services.search.lexicon import cut_names


def longer(*names: tuple[str, str]) -> list[str]:
    """The longer names kept, of names and their terms."""
    terms = {("fr", name): tuple(found.split()) for name, found in names}
    return list(cut_names({"fr": [name for name, _ in names]}, terms).phrases["fr"])


@pytest.mark.parametrize(
    ("left_out", "names"),
    [
        (
            "systèmes agroforestiers",
            [("agroforestier", "agroforesti"), ("systèmes agroforestiers", "system agroforesti")],
        ),
        ("agro-forestière", [("agroforestier", "agroforesti"), ("agro-forestière", "agroforesti forestier")]),
        ("salles polyvalentes", [("salle polyvalente", "sal polyvalent"), ("salles polyvalentes", "sal polyvalent")]),
        (
            "grande salle polyvalente",
            [("salle polyvalente", "sal polyvalent"), ("grande salle polyvalente", "grand sal polyvalent")],
        ),
        (
            "salle polyvalente rurale",
            [("salle polyvalente rurale", "sal polyvalent rural"), ("salle polyvalente", "sal polyvalent")],
        ),
        ("gestion du marché", [("gestion des marchés", "gestion march"), ("gestion du marché", "gestion march")]),
    ],
)
def test_a_longer_name_that_finds_nothing_of_its_own_is_not_asked(left_out: str, names: list[tuple[str, str]]) -> None:
    every = [name for name, found in names if " " in found]
    assert longer(*names) == [name for name in every if name != left_out]


@pytest.mark.parametrize(
    "names",
    [
        # other words, or in another order
        [("salle polyvalente", "sal polyvalent"), ("salle des fêtes", "sal fet")],
        [("aide mutuelle", "aid mutuel"), ("mutuelle d'aide", "mutuel aid")],
        # its words are not side by side in the longer one
        [("salle rurale", "sal rural"), ("salle polyvalente rurale", "sal polyvalent rural")],
        # small words, of which the engine leaves the room only
        [("gestion des déchets", "gestion dechet"), ("gestion déchets", "gestion dechet")],
        [("gestion des déchets", "gestion dechet"), ("gestion dechets triés", "gestion dechet tri")],
        [("tri déchets", "tri dechet"), ("tri déchets de marché", "tri dechet march")],
    ],
)
def test_one_that_may_find_more_is_kept_in_its_place(names: list[tuple[str, str]]) -> None:
    assert longer(*names) == [name for name, _ in names]


def test_names_of_one_language_leave_those_of_another_alone() -> None:
    terms = {("fr", "culture"): ("cultur",), ("en", "culture house"): ("cultur", "hous")}
    cut = cut_names({"fr": ["culture"], "en": ["culture house"]}, terms)
    assert (cut.single, cut.phrases) == ({"fr": ["cultur"]}, {"fr": [], "en": ["culture house"]})
