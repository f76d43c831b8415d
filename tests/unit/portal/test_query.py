"""A search as it stands in an address, and what is said of it."""

import pytest

from backbone.errors import FieldError
from services.portal.language import words
from services.portal.query import SHOWN, Query, chips, explained, facet_views

FR = words("fr")


def query(*pairs: tuple[str, str]) -> Query:
    return Query.read(pairs)


def value(code: str, count: int = 1, *, selected: bool = False) -> dict[str, object]:
    return {"value": code, "label": code.upper(), "count": count, "selected": selected}


def test_an_address_holds_what_is_asked_and_nothing_else() -> None:
    read = query(
        ("utm_source", "x"), ("theme", "health"), ("q", " eau "), ("theme", "health"), ("sort", ""), ("lang", "en")
    )
    assert read.address("fr") == "/fr/projects?q=eau&theme=health"
    assert query().address("ar") == "/ar/projects"


def test_a_filter_is_added_and_taken_away_from_the_first_page() -> None:
    read = query(("country", "SN"), ("cursor", "abc"), ("bbox", "1,2,3,4"))
    assert read.with_("country", "ML").address("fr") == "/fr/projects?country=SN&country=ML&bbox=1%2C2%2C3%2C4"
    assert read.with_("bbox", "5,6,7,8").values("bbox") == ["5,6,7,8"]
    assert read.without("country", "SN").address("fr") == "/fr/projects?bbox=1%2C2%2C3%2C4"
    assert read.without("bbox").pairs == (("country", "SN"),)


def test_what_is_typed_cannot_leave_its_place_in_an_address() -> None:
    assert query(("q", '"><script>&country=SN')).address("fr") == "/fr/projects?q=%22%3E%3Cscript%3E%26country%3DSN"


def test_every_active_filter_has_a_chip_that_removes_it_alone() -> None:
    read = query(
        *(("q", "eau"), ("country", "sn"), ("budget_min", "5000"), ("budget_max", "90000")),
        *(("period_from", "2027-03"), ("bbox", "1,2,3,4")),
    )
    found = chips(read, {"country": [value("sn", selected=True)]}, FR)
    assert [chip.label for chip in found] == [
        "«\u00a0eau\u00a0»",
        "SN",
        "Budget de 5\u202f000\u00a0€ à 90\u202f000\u00a0€",
        "À partir de mars 2027",
        "Zone de la carte",
    ]
    for chip in found:
        assert len(Query.read([]).pairs) < chip.address.count("=") < len(read.pairs)
        assert f"{chip.name}=" not in chip.address


def test_a_long_facet_is_folded_but_never_what_is_selected() -> None:
    values = [value(f"c{number}", selected=number == 40) for number in range(50)]
    country = next(view for view in facet_views({"country": values}, FR) if view.name == "country")
    assert [entry["value"] for entry in country.first] == [f"c{number}" for number in range(SHOWN)] + ["c40"]
    assert (len(country.first) + len(country.rest), country.selected) == (50, 1)
    short = facet_views({"country": values[: SHOWN + 2]}, FR)[1]
    assert short.rest == []


@pytest.mark.parametrize(
    ("field", "code", "part"),
    [
        ("q", "invalid", "200"),
        ("budget_min", "invalid", "50000"),
        ("budget_max", "out_of_order", "budget maximal"),
        ("period_to", "out_of_order", "période"),
        ("period_from", "invalid", "2027-03"),
        ("country", "unknown_value", "«\u00a0XX\u00a0»"),
        ("sort", "repeated", "sort"),
        ("bbox", "invalid", "carte"),
        ("cursor", "invalid", "page"),
        ("size", "invalid", "size"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(field: str, code: str, part: str) -> None:
    said = explained([FieldError(field, "must be …", code)], query(("country", "XX")), FR)
    assert part in said[field]
