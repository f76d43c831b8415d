"""What is offered where a search finds nothing: each way changes one thing, and leads to its first page."""

from urllib.parse import parse_qsl, urlsplit

from services.portal.declared import Declared
from services.portal.helping import ways
from services.portal.language import words
from services.portal.query import Query
from services.search import facets

FR = words("fr")
DECLARED = Declared.read({"facets": facets.declarations("fr")})
ASKED = [
    *(("q", "eau école"), ("country", "SN"), ("country", "TD"), ("budget_min", "5000"), ("budget_max", "90000")),
    *(("budget", "none"), ("bbox", "1,2,3,4"), ("near", "14.69,-17.44"), ("within", "25"), ("sort", "distance")),
]
QUERY = Query.read([*ASKED, ("cursor", "abc")], DECLARED)


def offered(**kinds: list[dict[str, object]]) -> list[tuple[str, list[tuple[str, str]], int]]:
    made = ways(QUERY, {"words": [], "filters": [], "countries": [], **kinds}, DECLARED, FR)
    return [(way.label, parse_qsl(urlsplit(way.address).query), way.total) for way in made]


def left(*names: str) -> list[tuple[str, str]]:
    return sorted(pair for pair in ASKED if pair[0] not in names)


def test_a_search_that_finds_something_is_offered_nothing() -> None:
    assert ways(QUERY, None, DECLARED, FR) == []


def test_a_word_less_leaves_the_filters() -> None:
    [(label, pairs, total)] = offered(words=[{"q": '<b>&country=ML"', "left_out": "école", "total": 3}])
    assert (label, total) == ("sans «\u00a0\u2068école\u2069\u00a0»", 3)
    assert sorted(pairs) == sorted([*left("q"), ("q", '<b>&country=ML"')])


def test_a_filter_less_takes_all_that_it_was_asked_with() -> None:
    names = ("budget", "country", "bbox", "near", "not_known_yet")
    made = offered(filters=[{"name": name, "total": 1} for name in names])
    assert [(label.split("\u00a0")[1], sorted(pairs)) for label, pairs, _ in made] == [
        ("Budget total", left("budget", "budget_min", "budget_max")),
        ("Pays", left("country")),
        ("Zone de la carte", left("bbox")),
        ("Près d’un lieu", left("near", "within", "sort")),
        # a filter of a newer search service: named as it is, and nothing is taken away
        ("not_known_yet", left()),
    ]


def test_a_country_nearby_takes_the_place_of_those_chosen() -> None:
    [(label, pairs, _)] = offered(countries=[{"value": "ML", "label": "Mali", "total": 2}])
    assert label == "dans un pays voisin\u00a0: Mali"
    assert sorted(pairs) == sorted([*left("country"), ("country", "ML")])
