"""A search as it stands in an address, and what is said of it."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from backbone.errors import FieldError
from services.portal.declared import Declared
from services.portal.language import words
from services.portal.query import SHOWN, FacetView, Query, chips, explained, facet_views
from services.search import facets

FR = words("fr")
# as the search service declares them
DECLARED = Declared.read({"facets": facets.declarations("fr")})


def query(*pairs: tuple[str, str]) -> Query:
    return Query.read(pairs, DECLARED)


def value(code: str, count: int = 1, *, selected: bool = False, **more: object) -> dict[str, object]:
    return {"value": code, "label": code.upper(), "count": count, "selected": selected, **more}


def test_an_address_holds_what_is_asked_and_nothing_else() -> None:
    read = query(
        ("utm_source", "x"), ("theme", "health"), ("q", " eau "), ("theme", "health"), ("sort", ""), ("lang", "en")
    )
    assert read.address("fr") == "/fr/projects?q=eau&theme=health"
    assert query().address("ar") == "/ar/projects"


def test_a_filter_is_added_and_taken_away_from_the_first_page() -> None:
    read = query(("country", "SN"), ("cursor", "abc"), ("bbox", "1,2,3,4"))
    assert read.with_("sort", "oldest").address("fr") == "/fr/projects?country=SN&bbox=1%2C2%2C3%2C4&sort=oldest"
    assert read.with_("bbox", "5,6,7,8").values("bbox") == ["5,6,7,8"]
    assert read.without("country", "SN").address("fr") == "/fr/projects?bbox=1%2C2%2C3%2C4"
    assert read.without("bbox").pairs == (("country", "SN"),)


def test_what_is_typed_cannot_leave_its_place_in_an_address() -> None:
    assert query(("q", '"><script>&country=SN')).address("fr") == "/fr/projects?q=%22%3E%3Cscript%3E%26country%3DSN"


def test_every_active_filter_has_a_chip_that_removes_it_alone() -> None:
    read = query(
        *(("q", "eau"), ("country", "sn"), ("budget_min", "5000"), ("budget_max", "90000"), ("budget", "none")),
        *(("period_from", "2027-03"), ("period", "2028"), ("has_documents", "true"), ("bbox", "1,2,3,4")),
        *(("near", "14.69,-17.44"), ("within", "5")),
    )
    found = chips(read, {"country": [value("sn", selected=True)]}, DECLARED, FR)
    assert [chip.label for chip in found] == [
        "«\u00a0eau\u00a0»",
        "SN",
        "Budget total\u00a0: Non indiqué",
        "Budget total\u00a0: de 5\u202f000\u00a0€ à 90\u202f000\u00a0€",
        "Période du projet\u00a0: 2028",
        "Période du projet\u00a0: à partir de mars 2027",
        "Avec documents",
        "Zone de la carte",
        "À moins de 5\u202fkm de \u206614.69,-17.44\u2069",
    ]
    for chip in found:
        left = parse_qsl(urlsplit(chip.address).query)
        removed = [pair for pair in read.pairs if pair not in left]
        assert {*left} < {*read.pairs}
        # with a place goes how far from it
        assert {name.split("_")[0] for name, _ in removed} - {"within"} == {chip.name.split("_")[0]}
        assert len(removed) == (2 if "90" in chip.label or chip.name == "near" else 1)


def view(answered: dict[str, list[dict[str, object]]], name: str) -> FacetView:
    return next(view for view in facet_views(answered, DECLARED) if view.facet.name == name)


def test_without_a_place_nothing_is_left_of_it() -> None:
    read = query(("near", "14.69,-17.44"), ("within", "250"), ("sort", "distance"), ("size", "50"))
    assert read.without("near").pairs == (("size", "50"),)
    assert query(("within", "250"), ("sort", "distance"), ("sort", "newest")).pairs == (("sort", "newest"),)
    assert read.filters == (("near", "14.69,-17.44"), ("within", "250"))


@pytest.mark.parametrize("near", ["nan,1", "1,inf", "91,0", "0,181", "1", "1,2,3", "Dakar", "1e400,0", ""])
def test_a_place_that_is_none_is_not_drawn(near: str) -> None:
    assert query(("near", near)).near is None
    assert query(("near", "14.69,-17.44")).near == (14.69, -17.44, 100)
    for within in ("nan", "inf", "0", "-5", "20001", "x"):
        assert query(("near", "14.69,-17.44"), ("within", within)).near is None


def test_the_usual_order_comes_first_and_only_what_makes_sense() -> None:
    near, words = ("near", "1,2"), ("q", "eau")
    assert query().sorts == ("newest", "oldest", "budget")
    assert query(near).sorts == ("distance", "newest", "oldest", "budget")
    assert query(words).sorts == ("relevance", "newest", "oldest", "budget")
    assert query(near, words).sorts == ("relevance", "distance", "newest", "oldest", "budget")


@pytest.mark.parametrize("within", ["", "100", "abc", "1e400", "nan", "inf", "-1", "9" * 400, "<b>"])
def test_a_place_has_the_name_that_a_sheet_gives_it_whatever_the_distance(within: str) -> None:
    (chip,) = chips(query(("near", "14.69,-17.44"), ("within", within)), {}, DECLARED, FR, "Gorée")
    assert chip.label.endswith(" de Gorée")
    assert (within or "100") in chip.label
    assert chip.address == "/fr/projects"


def test_a_long_facet_is_folded_but_never_what_is_selected() -> None:
    values = [value(f"c{number}", 99 - number, selected=number == 40) for number in range(50)]
    theme = view({"theme": values}, "theme")
    assert [choice.value for choice in theme.first] == [f"c{number}" for number in range(SHOWN)] + ["c40"]
    assert (len(theme.first) + len(theme.rest), theme.selected) == (50, 1)
    assert view({"theme": values[: SHOWN + 2]}, "theme").rest == []


def test_a_facet_in_its_own_order_shows_the_most_frequent_values_first() -> None:
    goals = view({"sdg": [value(str(number), number) for number in range(1, 18)]}, "sdg")
    assert [choice.value for choice in goals.first] == [str(number) for number in range(8, 18)]
    assert [choice.value for choice in goals.rest] == [str(number) for number in range(1, 8)]


def test_countries_stand_under_their_continents() -> None:
    answered = {
        "continent": [value("africa", 5), value("asia", 1)],
        "country": [value("SN", 3, parent="africa"), value("FR", 1, selected=True, parent="europe")],
    }
    places = view(answered, "continent")
    assert places.title == "Continent › Pays"
    shown = [(one.value, one.count, [inner.value for inner in one.inner], one.open) for one in places.first]
    # nothing is found in Europe now, its country is still there to be taken away
    assert shown == [("africa", 5, ["SN"], False), ("asia", 1, [], False), ("europe", 0, ["FR"], True)]
    assert (places.selected, places.first[2].label) == (1, "Europe")
    assert "country" not in [one.facet.name for one in facet_views(answered, DECLARED)]


def test_the_bars_of_a_range_are_parts_of_the_longest() -> None:
    years = view({"period": [value("2027", 3), value("2028", 0), value("2029", 12)]}, "period")
    assert [choice.bar for choice in years.first] == [25, 0, 100]
    assert view({"period": [value("2027", 0)]}, "period").first[0].bar == 0


@pytest.mark.parametrize(
    ("field", "code", "part"),
    [
        ("q", "invalid", "200"),
        ("budget_min", "invalid", "50000"),
        ("budget_max", "out_of_order", "budget maximal"),
        ("period_to", "out_of_order", "période"),
        ("period_from", "invalid", "2027-03"),
        ("country", "unknown_value", "«\u00a0XX\u00a0»"),
        ("budget", "unknown_value", "choix de cette liste"),
        ("sort", "repeated", "sort"),
        ("bbox", "invalid", "carte"),
        ("near", "invalid", "14.69,-17.44"),
        ("within", "invalid", "20\u202f000"),
        ("cursor", "invalid", "page"),
        ("size", "invalid", "size"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(field: str, code: str, part: str) -> None:
    said = explained([FieldError(field, "must be …", code)], query(("country", "XX")), DECLARED, FR)
    assert part in said[field]
