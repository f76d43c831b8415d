"""Rules of alerts without any engine: when they are due, which searches are asked, what links are worth."""

import base64
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.contracts.vocabularies import Frequency
from services.search import matching, naming, signed
from services.search.facets import FACETS
from services.search.parameters import Filters
from services.search.schedule import ZONE, due

MOMENTS = st.integers(1_700_000_000, 2_050_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
NOTHING = frozenset[str]()
HOURS = st.integers(0, 23)
NAMES = [facet.name for facet in FACETS]
SELECTIONS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2**32), max_size=len(FACETS))


@pytest.mark.parametrize(
    ("frequency", "found", "told"),
    [
        ("immediate", "2026-11-29T10:00+00:00", "2026-11-29T10:00+00:00"),
        # Paris is an hour ahead in winter, two in summer
        ("daily", "2026-11-29T05:59+00:00", "2026-11-29T06:00+00:00"),
        ("daily", "2026-11-29T06:00+00:00", "2026-11-29T06:00+00:00"),
        ("daily", "2026-11-29T06:01+00:00", "2026-11-30T06:00+00:00"),
        ("daily", "2026-07-01T05:01+00:00", "2026-07-02T05:00+00:00"),
        # over the night in which the clocks change, a day has 23 or 25 hours
        ("daily", "2026-03-28T06:30+00:00", "2026-03-29T05:00+00:00"),
        ("daily", "2026-10-24T05:30+00:00", "2026-10-25T06:00+00:00"),
        # a Sunday evening, a Monday morning before and after seven
        ("weekly", "2026-11-29T20:00+00:00", "2026-11-30T06:00+00:00"),
        ("weekly", "2026-11-30T05:00+00:00", "2026-11-30T06:00+00:00"),
        ("weekly", "2026-11-30T07:00+00:00", "2026-12-07T06:00+00:00"),
        ("weekly", "2026-03-23T07:00+00:00", "2026-03-30T05:00+00:00"),
    ],
)
def test_an_alert_is_due(frequency: Frequency, found: str, told: str) -> None:
    assert due(frequency, datetime.fromisoformat(found), 7) == datetime.fromisoformat(told)


def test_an_hour_that_is_skipped_or_repeated_is_told_once() -> None:
    # 2026-03-29: 02:00 is 03:00; 2026-10-25: 02:00 comes twice
    assert due("daily", datetime(2026, 3, 28, 23, tzinfo=UTC), 2) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert due("daily", datetime(2026, 10, 24, 23, tzinfo=UTC), 2) == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert due("daily", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 2) == datetime(2026, 10, 26, 1, tzinfo=UTC)


@given(MOMENTS, HOURS, st.sampled_from(get_args(Frequency)))
def test_an_alert_is_never_early_and_never_later_than_its_turn(moment: datetime, hour: int, each: Frequency) -> None:
    told = due(each, moment, hour)
    longest = {"immediate": timedelta(0), "daily": timedelta(hours=25), "weekly": timedelta(days=7, hours=1)}[each]
    assert timedelta(0) <= told - moment <= longest
    # what is found meanwhile is told with it
    assert due(each, told, hour) == told
    if each == "weekly":
        assert told.astimezone(ZONE).weekday() == 0


@given(SELECTIONS, SELECTIONS)
def test_no_search_is_passed_over_that_could_find_a_sheet(chosen: dict[object, int], has: dict[object, int]) -> None:
    """The keys in the database let through all that `fits` lets through."""

    def values(facet: object, seed: int) -> frozenset[str]:
        of = next(one for one in FACETS if one is facet).values
        return frozenset({of[seed % len(of)], of[seed // 7 % min(2, len(of))]})

    selections = {
        facet.name: values(facet, seed) for facet, seed in chosen.items() for facet in FACETS if facet in chosen
    }
    sheet = {facet.name: values(facet, has[facet]) if facet in has else frozenset[str]() for facet in FACETS}
    keys = set(matching.keys_of(selections))
    if matching.fits(selections, sheet):
        assert keys & set(matching.keys_among([sheet]))
    naive = all(any(one in sheet[name] for one in wanted) for name, wanted in selections.items())
    assert matching.fits(selections, sheet) == naive


@given(st.binary(min_size=32, max_size=32), st.uuids(), st.sampled_from(get_args(signed.Purpose)), st.integers(0, 32))
def test_a_link_is_worth_what_was_signed(key: bytes, identity: UUID, purpose: signed.Purpose, at: int) -> None:
    token = signed.sign(key, purpose, str(identity))
    assert len(token) == 44
    assert signed.read(key, token) == signed.Signed(purpose, str(identity))
    raw = bytearray(base64.urlsafe_b64decode(token))
    raw[at] ^= 1
    assert signed.read(key, base64.urlsafe_b64encode(raw).decode()) is None
    assert signed.read(bytes(32) if any(key) else b"x" * 32, token) is None


@given(st.text(max_size=80))
def test_no_text_is_a_link_that_was_not_signed(text: str) -> None:
    assert signed.read(b"k" * 32, text) is None


@pytest.mark.parametrize(
    ("filters", "language", "name"),
    [
        (Filters(), "ar", "كل المنشورات"),
        (Filters(q="eau"), "fr", "«\u00a0eau\u00a0»"),
        (Filters(selections={"country": frozenset({"SN", "ML"})}), "es", "Mali o Senegal"),
        (
            Filters(bounds={"budget_min": 50000.0, "budget_max": 3e5, "period_from": "2027-06"}),
            "en",
            "50,000 € – 300,000 € · ≥ 2027-06",
        ),
        (Filters(bbox=(-18, 4.5, 16, 28)), "pt", "-18°, 4.5°, 16°, 28°"),
    ],
)
def test_a_search_is_named_by_what_it_asks(filters: Filters, language: str, name: str) -> None:
    assert naming.describe(filters, language) == name


def test_a_name_is_short() -> None:
    assert len(naming.describe(Filters(q="é" * 200), "fr")) == naming.LONGEST_NAME


@pytest.mark.parametrize("name", ["www.example.org", "a@example.org", "http://x", "a/b", "<b>", "10% !", "x: y"])
def test_what_may_be_a_link_is_not_sent_to_strangers(name: str) -> None:
    assert not naming.is_harmless(name)
    assert naming.is_harmless("L’eau – à N'Djamena (Tchad), « مياه »")
