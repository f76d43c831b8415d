"""What is suggested as people type, on both engines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search import answers
from services.search.prefixes import normal
from tests.integration.search.running import Loaded
from tests.integration.search.sheets import demonstration
from tests.integration.search.test_search import engine_settings

SHEETS = [event.sheet for event in demonstration()]


@pytest.mark.parametrize(
    "typed", ["s", "sén", "Sene", "l", "l'", "l'e", "l'eau", "d’eau", "vil", "التنمية", "تنمية", "ال"]
)
async def test_something_is_suggested_from_the_first_letter_on(loaded: Loaded, typed: str) -> None:
    answer = await loaded.get("/suggest", ("q", typed), ("lang", "ar" if typed[0] > "z" else "fr"))
    answers.Suggestions.model_validate(answer)
    assert any(answer.values())


async def test_suggestions_are_titles_places_themes_and_authorities(loaded: Loaded) -> None:
    senegal = await loaded.get("/suggest", ("q", "sene"))
    assert {"facet": "country", "value": "SN", "label": "Sénégal"} in senegal["places"]
    water = await loaded.get("/suggest", ("q", "eau"))
    assert {"value": "water-sanitation", "label": "Eau et assainissement"} in water["themes"]
    assert all(" eau" in f" {normal(one['title'])}" for one in water["titles"])
    assert water["titles"]
    for nothing in ("", " ", "?!"):
        assert not any((await loaded.get("/suggest", ("q", nothing))).values())


@engine_settings
@given(data=st.data())
async def test_a_title_a_place_an_authority_by_the_beginnings_of_their_words(
    loaded: Loaded, data: st.DataObject
) -> None:
    sheet = data.draw(st.sampled_from(SHEETS))
    for kind, text, key in (
        ("titles", sheet.title, sheet.title),
        ("places", sheet.location.name, sheet.location.name),
        ("authorities", sheet.authority.name, sheet.authority.name),
    ):
        # the last word unfinished, not so far that more begin so than are shown
        *before, last = text.split()
        typed = " ".join([*before, last[: len(last) - data.draw(st.integers(0, max(0, len(last) - 6)))]])
        answer = await loaded.get("/suggest", ("q", typed))
        names = [one.get("title") or one.get("label") or one.get("name") for one in answer[kind]]
        assert key in names, typed


async def test_the_whole_label_comes_before_words_inside_it(loaded: Loaded) -> None:
    for sheet in SHEETS[::5]:
        beginning = normal(sheet.title)[:9]
        titles = (await loaded.get("/suggest", ("q", beginning)))["titles"]
        begins = [normal(one["title"]).startswith(beginning) for one in titles]
        assert begins == sorted(begins, reverse=True)
        assert begins[0]


async def test_words_in_any_order_without_accents_and_with_articles(loaded: Loaded) -> None:
    (title,) = [sheet.title for sheet in SHEETS if sheet.title.startswith("Mangroves du Menabe")]
    for typed in ("crabe menabe", "MENABE crab", "mangroves energ", "bois d'energie", "bois d’énergie", "migr sud"):
        titles = (await loaded.get("/suggest", ("q", typed)))["titles"]
        assert title in [one["title"] for one in titles], typed


async def test_an_arabic_noun_is_found_with_and_without_its_article(loaded: Loaded) -> None:
    for typed in ("النخيل", "نخيل", "النخ", "نخي"):
        titles = (await loaded.get("/suggest", ("q", typed), ("lang", "ar")))["titles"]
        assert "إحياء نظام السيول في وادي ميزاب وحماية بساتين النخيل" in [one["title"] for one in titles], typed


async def test_a_place_is_counted_exactly_where_all_its_sheets_were(loaded: Loaded) -> None:
    for sheet in SHEETS[::10]:
        places = (await loaded.get("/suggest", ("q", sheet.location.name)))["places"]
        counted = {one["label"]: one.get("count") for one in places}
        assert counted[sheet.location.name] == sum(other.location.name == sheet.location.name for other in SHEETS)


@pytest.mark.parametrize("typed", ["mangrovse", "mangroes", "mangroove", "sengal"])
async def test_a_letter_may_be_wrong_where_nothing_begins_so(loaded: Loaded, typed: str) -> None:
    assert any((await loaded.get("/suggest", ("q", typed))).values())


async def test_what_is_gone_is_not_suggested(loaded: Loaded) -> None:
    answer = await loaded.get("/suggest", ("q", "gone"))
    assert not answer["titles"] + answer["authorities"]
