"""What a search must find and count, said plainly in Python over the sheets: nothing here is the service's own."""

import collections
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

from hypothesis import strategies as st

from backbone.contracts import amounts, vocabularies
from backbone.contracts.sheet import PublicSheet

Pairs = list[tuple[str, str]]
Filter = Callable[[PublicSheet], bool]
Counts = dict[str, int]

BRACKETS = {
    "0-10000": (0, 10_000),
    "10000-50000": (10_000, 50_000),
    "50000-100000": (50_000, 100_000),
    "100000-250000": (100_000, 250_000),
    "250000-500000": (250_000, 500_000),
    "500000-1000000": (500_000, 1_000_000),
    "1000000-": (1_000_000, 10**18),
}
LISTS: Mapping[str, Callable[[PublicSheet], Sequence[str]]] = {
    "continent": lambda sheet: sheet.continents,
    "country": lambda sheet: sheet.countries,
    "theme": lambda sheet: sheet.themes,
    "kind": lambda sheet: [sheet.kind],
    "language": lambda sheet: [sheet.language],
    "sdg": lambda sheet: [str(sdg) for sdg in sheet.sdgs],
    "status": lambda sheet: [sheet.status],
    "authority_type": lambda sheet: [sheet.authority.type],
    "has_documents": lambda sheet: ["true" if sheet.documents else "false"],
}
FACETS = (*LISTS, "budget", "period")
# what there is besides what the sheets have
OTHERS: Mapping[str, Sequence[str]] = {
    "continent": vocabularies.CONTINENTS,
    "country": sorted(vocabularies.countries()),
    "theme": sorted(vocabularies.themes()),
    "kind": ["demand", "offer"],
    "language": ["fr", "en", "es", "pt", "ar"],
    "sdg": [str(number) for number in range(1, 18)],
    "status": ["open", "partnered", "expired"],
    "authority_type": vocabularies.AUTHORITY_TYPES,
    "has_documents": ["true", "false"],
    "budget": [*BRACKETS, "none"],
    "period": [str(year) for year in range(1900, 2200)],
}
MONTHS = st.builds("{}-{:02}".format, st.integers(2026, 2033), st.integers(1, 12))


def euros(sheet: PublicSheet) -> int | None:
    """The budget in whole euros, where its currency has a rate."""
    if sheet.budget is None or sheet.budget.currency not in amounts.rates():
        return None
    return round(sheet.budget.total / amounts.rates()[sheet.budget.currency])


def bracket(sheet: PublicSheet) -> str:
    budget = euros(sheet)
    if budget is None:
        return "none"
    return next(name for name, (low, high) in BRACKETS.items() if low <= budget < high)


def runs_in(sheet: PublicSheet, year: str) -> bool:
    """Whether the project runs in one month of a year at least."""
    return sheet.period.start <= f"{year}-12" and (sheet.period.end is None or sheet.period.end >= f"{year}-01")


def inside(sheet: PublicSheet, west: float, south: float, east: float, north: float) -> bool:
    lon = sheet.location.lon
    across = west <= lon <= east if west <= east else (lon >= west or lon <= east)
    return across and south <= sheet.location.lat <= north


def has(sheet: PublicSheet, facet: str, value: str) -> bool:
    if facet == "period":
        return runs_in(sheet, value)
    return bracket(sheet) == value if facet == "budget" else value in LISTS[facet](sheet)


@st.composite
def searches(draw: st.DrawFn, sheets: Sequence[PublicSheet], words: Sequence[str] = ()) -> Pairs:
    """Any combination of filters, values that no sheet has among them."""
    pairs: Pairs = []
    for facet in FACETS:
        if draw(st.integers(0, 3)) == 0:
            values = st.sampled_from(OTHERS[facet])
            if facet in LISTS:
                used = sorted({value for sheet in sheets for value in LISTS[facet](sheet)})
                values = st.sampled_from(used) | values
            elif facet == "period":
                values = st.integers(2024, 2034).map(str) | values
            pairs += [(facet, value) for value in draw(st.lists(values, max_size=4))]
    if draw(st.integers(0, 3)) == 0:
        low = draw(st.integers(0, 2_000_000))
        ends = draw(st.sampled_from([("budget_min",), ("budget_max",), ("budget_min", "budget_max")]))
        most = low + draw(st.integers(0, 3_000_000))
        pairs += [(end, str(low if end == "budget_min" else most)) for end in ends]
    if draw(st.integers(0, 3)) == 0:
        months = sorted(draw(st.lists(MONTHS, min_size=2, max_size=2)))
        ends = draw(st.sampled_from([("period_from",), ("period_to",), ("period_from", "period_to")]))
        pairs += [(end, months[end == "period_to"]) for end in ends]
    if draw(st.integers(0, 3)) == 0:
        west = draw(st.integers(-179, 179))
        east = draw(st.integers(-180, 180).filter(lambda lon: lon != west))
        south = draw(st.integers(-90, 89))
        pairs.append(("bbox", f"{west},{south},{east},{draw(st.integers(south + 1, 90))}"))
    if words and draw(st.booleans()):
        pairs.append(("q", draw(st.sampled_from(words))))
    return draw(st.permutations(pairs))


def filters(pairs: Pairs) -> dict[str, list[Filter]]:
    """The filters that these parameters mean, by facet."""
    found: dict[str, list[Filter]] = collections.defaultdict(list)
    for name, given in itertools.groupby(sorted(pairs), key=lambda pair: pair[0]):
        chosen = [value for _, value in given]
        first = chosen[0]
        if name in FACETS:
            found[name].append(lambda sheet, name=name, any_of=chosen: any(has(sheet, name, one) for one in any_of))
        elif name == "budget_min":
            found["budget"].append(lambda sheet, low=int(first): (budget := euros(sheet)) is not None and budget >= low)
        elif name == "budget_max":
            found["budget"].append(
                lambda sheet, high=int(first): (budget := euros(sheet)) is not None and budget <= high
            )
        elif name == "period_from":
            found["period"].append(lambda sheet, month=first: sheet.period.end is None or sheet.period.end >= month)
        elif name == "period_to":
            found["period"].append(lambda sheet, month=first: sheet.period.start <= month)
        elif name == "bbox":
            box = [float(part) for part in first.split(",")]
            found[name].append(lambda sheet, box=box: inside(sheet, *box))
        elif name == "q":
            found[name].append(lambda sheet, word=first: word in sheet.title)
        else:
            raise AssertionError(name)
    return found


def naive(sheets: Sequence[PublicSheet], pairs: Pairs) -> tuple[list[PublicSheet], dict[str, Counts]]:
    """The sheets found, and the counts of each facet under all filters but its own."""
    checks = filters(pairs)

    def under(names: Iterable[str]) -> list[PublicSheet]:
        every = [check for name in names for check in checks[name]]
        return [sheet for sheet in sheets if all(check(sheet) for check in every)]

    counts: dict[str, Counts] = {}
    for facet in FACETS:
        left = under([name for name in checks if name != facet])
        selected = [value for name, value in pairs if name == facet]
        shown = {*selected, *_shown(facet, left)}
        counts[facet] = {value: sum(has(sheet, facet, value) for sheet in left) for value in shown}
    return under([*checks]), counts


def _shown(facet: str, sheets: Sequence[PublicSheet]) -> Iterable[str]:
    """The values that these sheets make a facet show; of a range, the empty ones between them too."""
    if facet in LISTS:
        return [value for sheet in sheets for value in LISTS[facet](sheet)]
    if facet == "period":
        ends = [month for sheet in sheets for month in (sheet.period.start, sheet.period.end) if month]
        named = [int(month[:4]) for month in ends]
        return [str(year) for year in range(min(named), max(named) + 1)] if named else []
    scale = list(BRACKETS)
    there = {bracket(sheet) for sheet in sheets}
    places = [place for place, name in enumerate(scale) if name in there]
    return [*(scale[places[0] : places[-1] + 1] if places else []), *(there & {"none"})]
