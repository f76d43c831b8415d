"""What words find, on both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backbone.contracts import labels
from services.search import answers
from services.search.thesaurus import Named, seed
from tests.integration.search.running import Loaded, index_of
from tests.integration.search.sheets import demonstration, publication
from tests.integration.search.test_search import engine_settings

SHEETS = [event.sheet for event in demonstration()]


async def found(loaded: Loaded, q: str, *pairs: tuple[str, str]) -> set[str]:
    """What says all the words, without what only comes near."""
    answer = await loaded.projects(("q", q), ("size", "100"), *pairs)
    answers.Results.model_validate(answer)
    return saying(answer)


def saying(answer: dict[str, Any]) -> set[str]:
    return {item["id"] for item in answer["items"] if not item.get("nearly")}


@pytest.mark.parametrize("language", labels.LANGUAGES)
async def test_a_theme_and_a_country_find_their_sheets_in_every_language(loaded: Loaded, language: str) -> None:
    combinations = {(theme, country) for sheet in SHEETS for theme in sheet.themes for country in sheet.countries}
    for theme, country in sorted(combinations)[::9]:
        q = f"{labels.theme(theme, language)} {labels.country(country, language)}"
        expected = {sheet.id for sheet in SHEETS if theme in sheet.themes and country in sheet.countries}
        assert expected <= await found(loaded, q), q


@pytest.mark.parametrize(
    "q", ["l’eau & “potable”", "assainisement", "bornes-fontaines", "illettrisme", "chantier école"]
)
async def test_what_says_it_all_is_found_however_far_a_search_reaches(loaded: Loaded, q: str) -> None:
    best = await loaded.projects(("q", q), ("size", "100"))
    newest = await loaded.projects(("q", q), ("size", "100"), ("sort", "newest"))
    assert (best["said"], best["total"]) == (newest["said"], newest["total"])
    assert saying(best) == saying(newest)
    assert len(saying(best)) == best["said"]
    # where the order is another than how well they say it, they come first
    assert {item["id"] for item in newest["items"][: newest["said"]]} == saying(newest)
    assert (await loaded.get("/map", ("q", q)))["total"] == best["total"]
    assert (await loaded.get("/figures", ("q", q)))["projects"] == best["total"]


async def test_a_synonym_of_a_theme_and_a_country(loaded: Loaded) -> None:
    water = {sheet.id for sheet in SHEETS if "water-sanitation" in sheet.themes and "BJ" in sheet.countries}
    assert water
    for q in ("eau potable Bénin", "forage benin"):
        items = (await loaded.projects(("q", q)))["items"]
        assert water == {item["id"] for item in items[: len(water)]}, q


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("développement", "DEVELOPPEMENT"),
        ("école", "ecoles"),
        ("l’eau", "eau"),
        ("d'assainissement", "assainissement"),
        ("formación", "formacion"),
        ("الماء", "ماء"),
    ],
)
async def test_accents_capitals_articles_and_plurals_do_not_matter(loaded: Loaded, one: str, other: str) -> None:
    assert await found(loaded, one) == await found(loaded, other) != set()


async def test_what_says_all_the_words_comes_first(loaded: Loaded) -> None:
    both = await found(loaded, "eau jeunes")
    assert both
    assert both == await found(loaded, "eau") & await found(loaded, "jeunes")
    answer = await loaded.projects(("q", "eau jeunes"), ("size", "100"), ("sort", "oldest"))
    assert {item["id"] for item in answer["items"][: len(both)]} == both


async def test_authorities_and_places_are_found(loaded: Loaded) -> None:
    for sheet in SHEETS[::6]:
        assert sheet.id in await found(loaded, sheet.authority.name)
        assert sheet.id in await found(loaded, sheet.location.name)
        assert sheet.id in await found(loaded, sheet.title)


async def test_identifiers_are_found_and_nothing_like_them(loaded: Loaded) -> None:
    sheet = SHEETS[11]
    assert await found(loaded, sheet.id.upper()) == {sheet.id}
    assert await found(loaded, sheet.ref or "") == {sheet.id}
    assert sheet.id in await found(loaded, sheet.authority.ref)
    assert await found(loaded, sheet.id[:-1] + "f") == set()


async def test_a_longer_name_comes_near_what_its_words_name(each_search_url: str) -> None:
    assert seed().named(["centre", "socio-culturel"])
    titles = ("Une saison culturelle", "Une saison des pluies")
    assert await near(each_search_url, "centre socio-culturel", titles) == [titles[0]]


async def test_what_a_name_means_less_often_comes_near(each_search_url: str) -> None:
    thesaurus = seed()
    repair, textile = thesaurus.concepts["repair-cafe"], thesaurus.concepts["textile"]
    named = thesaurus.named(["friperie"]) or Named()
    assert {repair, textile} <= {*named.concepts}
    assert textile not in (*named.foremost().concepts, *thesaurus.near(repair))
    titles = ("Une exposition textile", "Une exposition de photographies")
    assert await near(each_search_url, "friperie", titles) == [titles[0]]


async def near(url: str, q: str, titles: tuple[str, ...]) -> list[str]:
    """Which of the sheets with these titles a search finds, of which none says what was asked."""
    sheets = [publication(str(uuid4()), title=title, description=title, themes=["digital"]) for title in titles]
    async with index_of(url, sheets) as small:
        answer = await small.projects(("q", q))
    assert answer["said"] == 0
    return [item["title"] for item in answer["items"]]


async def test_a_word_that_few_sheets_say_decides_among_those_that_say_all(each_search_url: str) -> None:
    about = publication(
        str(uuid4()),
        title="Un internat",
        summary="Un toit pour des zorbiennes",
        objectives=["Accueillir cent zorbiennes"],
    )
    mentions = publication(
        str(uuid4()), title="Un internat", summary="Un internat de montagne", description="Pour des zorbiennes"
    )
    others = [publication(str(uuid4()), title=f"Un internat de plus, le {number}") for number in range(40)]
    async with index_of(each_search_url, [about, mentions, *others]) as small:
        items = (await small.projects(("q", "internat zorbiennes")))["items"]
        assert [item["id"] for item in items[:2]] == [about.project, mentions.project]


async def test_what_speaks_of_several_related_things_comes_before_what_mentions_the_thing(each_search_url: str) -> None:
    thesaurus = seed()
    sought = thesaurus.concepts["agroforestry"]
    names = [concept.forms["fr"][0] for concept in thesaurus.near(sought)]
    related = [name for name in names if sought not in (thesaurus.named(name.split()) or Named()).concepts]
    assert len(related) > 3
    theme = ["governance"]
    about = publication(
        str(uuid4()), title="Un terroir", description=f"{', '.join(related)} et agroforesterie.", themes=theme
    )
    mentions = publication(
        str(uuid4()),
        title="Un terroir",
        description="Un terroir, avec ses routes et de l’agroforesterie.",
        themes=theme,
    )
    never = publication(str(uuid4()), title="Un terroir", description=f"{', '.join(related)}.", themes=theme)
    async with index_of(each_search_url, [mentions, never, about]) as small:
        items = (await small.projects(("q", "agroforesterie")))["items"]
        found = {item["id"]: item.get("nearly", False) for item in items}
        assert found == {about.project: False, mentions.project: False, never.project: True}
        assert items[0]["id"] == about.project


async def test_words_of_every_day_are_found_in_other_languages_and_no_search_is_about_them(
    each_search_url: str,
) -> None:
    houses = publication(str(uuid4()), title="Sauver des maisons à balcon")
    school = publication(str(uuid4()), title="Un lycée agricole et sa ferme")
    others = [publication(str(uuid4()), title=f"Un échange, le {number}") for number in range(12)]
    async with index_of(each_search_url, [houses, school, *others]) as small:
        for q in ("houses with balconies", "casas con balcones", "البيوت والشرفات"):
            assert (await small.projects(("q", q)))["items"][0]["id"] == houses.project, q
        items = (await small.projects(("q", "exchange of agricultural high schools")))["items"]
        assert items[0]["id"] == school.project


@pytest.mark.parametrize(
    ("variant", "name"),
    [("Kotonou", "Cotonou"), ("Fez", "Fès"), ("Ndjamena", "N'Djamena"), ("Wagadougou", "Ouagadougou")],
)
async def test_a_place_is_found_by_its_other_names(each_search_url: str, variant: str, name: str) -> None:
    country = {"Cotonou": "BJ", "Fès": "MA", "N'Djamena": "TD", "Ouagadougou": "BF"}[name]
    there, elsewhere = (
        publication(str(uuid4()), authority={"name": f"Ville de {town}", "country": country})
        for town in (name, "Quelque Part")
    )
    async with index_of(each_search_url, [there, elsewhere]) as small:
        for typed in (variant, name, variant.upper()):
            items = (await small.projects(("q", typed)))["items"]
            assert items[0]["id"] == there.project, typed


async def test_compounds_and_acronyms_are_found_however_they_are_written(each_search_url: str) -> None:
    joined = publication(str(uuid4()), title="Un circuit de zorbotourisme")
    apart = publication(str(uuid4()), title="Un circuit de zorbo-tourisme, avec une Z.R.B.")
    async with index_of(each_search_url, [joined, apart]) as small:
        assert apart.project in await found(small, "zorbotourisme")
        assert {joined.project, apart.project} <= await found(small, "zorbo-tourisme")
        assert await found(small, "ZRB") == await found(small, "Z.R.B.") == {apart.project}


async def test_an_acronym_is_no_word_of_the_same_stem(each_search_url: str) -> None:
    winter = publication(str(uuid4()), title="Du foin d’hiver pour les troupeaux")
    health = publication(
        str(uuid4()), title="Saturday clinics", summary="Tests for HIV in the townships", language="en"
    )
    async with index_of(each_search_url, [winter, health]) as small:
        for q in ("HIV", "hiv", "VIH"):
            assert await found(small, q) == {health.project}, q


async def test_an_acronym_of_one_language_is_no_word_of_another(each_search_url: str) -> None:
    island = publication(str(uuid4()), title="Des écoles pour l’île")
    rights = publication(str(uuid4()), title="Acceso a la ILE en la región", language="es")
    async with index_of(each_search_url, [island, rights]) as small:
        for q in ("avortement", "IVG"):
            assert await found(small, q) == {rights.project}, q


async def test_a_name_that_ends_as_one_word_is_not_that_word(each_search_url: str) -> None:
    paper = publication(str(uuid4()), title="Un moulin à papier, sans colle", themes=["heritage"])
    people = publication(str(uuid4()), title="Une permanence pour les sans-papiers", themes=["heritage"])
    written = publication(str(uuid4()), title="Accueillir les sans papiers", themes=["heritage"])
    async with index_of(each_search_url, [paper, people, written]) as small:
        for q in ("undocumented migrants", "sans-papiers", "sans papiers", "Sans-Papiers"):
            assert await found(small, q) == {people.project, written.project}, q
        # the small word makes no other thing of it
        young = publication(str(uuid4()), title="Un conseil de jeunes")
        async with index_of(each_search_url, [young]) as other:
            assert await found(other, "les jeunes") == {young.project}


async def test_a_compound_is_not_its_parts_in_two_places(each_search_url: str) -> None:
    apart = publication(str(uuid4()), title="Une micro-assurance et un fonds de crédit")
    one = publication(str(uuid4()), title="Un micro-crédit pour les pêcheuses")
    joined = publication(str(uuid4()), title="Un microcrédit pour les pêcheurs")
    async with index_of(each_search_url, [apart, one, joined]) as small:
        for q in ("micro-crédit", "microcrédit"):
            answer = await small.projects(("q", q))
            said = [item["id"] for item in answer["items"] if not item.get("nearly")]
            assert sorted(said) == sorted([one.project, joined.project]), q


async def test_what_is_marked_is_of_the_language_of_the_sheet(each_search_url: str) -> None:
    # the Portuguese word for wind, of a windbreak, has the stem of the French one for sale
    trees = publication(str(uuid4()), title="Des haies pour la vente", summary="Agroforesterie et ventes groupées")
    async with index_of(each_search_url, [trees]) as small:
        for q in ("agro-foresterie", "quebra-vento", "windbreaks"):
            (item,) = (await small.projects(("q", q)))["items"]
            assert item["highlight"]["title"] == ["Des <mark>haies</mark> pour la vente"], q
            assert item["highlight"]["summary"] == ["<mark>Agroforesterie</mark> et ventes groupées"], q


async def test_a_longer_name_side_by_side_comes_before_its_words_apart(each_search_url: str) -> None:
    apart = publication(
        str(uuid4()), title="Une école près du chantier naval", summary="Le chantier naval et son école"
    )
    one = publication(str(uuid4()), title="La tour de l’horloge", summary="Un chantier-école de charpente")
    async with index_of(each_search_url, [apart, one]) as small:
        for q in ("chantier école", "chantier-école", "chantiers-écoles", "CHANTIER ÉCOLE"):
            assert (await small.projects(("q", q)))["items"][0]["id"] == one.project, q


async def test_open_then_new_then_complete_sheets_come_first_where_they_say_the_same(each_search_url: str) -> None:
    now = datetime.now(UTC)
    same: dict[str, Any] = {"title": "Un zorbelage"}
    partnered = publication("4-partnered", published_at=now, **same)
    events = [
        publication("3-old", published_at=now - timedelta(days=900), **same),
        partnered.model_copy(update={"sheet": partnered.sheet.model_copy(update={"status": "partnered"})}),
        publication("2-poorer", published_at=now, budget=None, **same),
        publication("1-best", published_at=now, **same),
        publication("0-mentions", published_at=now, title="Autre chose", summary="Pas un zorbelage"),
    ]
    async with index_of(each_search_url, events) as small:
        items = (await small.projects(("q", "zorbelage")))["items"]
    assert [item["id"] for item in items] == ["1-best", "2-poorer", "3-old", "4-partnered", "0-mentions"]


@example(
    names=[
        "aac",
        "arab-music",
        "audit",
        "auto-mechanics-training",
        "borehole-rehabilitation",
        "catchment-protection-area",
    ],
    at=0,
)
@given(names=st.lists(st.sampled_from(sorted(seed().concepts)), min_size=1, max_size=8), at=st.integers(0, 30))
@engine_settings
async def test_many_names_stay_within_what_the_engines_take(loaded: Loaded, names: list[str], at: int) -> None:
    words = " ".join(seed().concepts[name].forms["fr"][0] for name in names)[:150]
    # a letter is missing: corrected and near, such a query is the widest
    for q in (words, words[:at] + words[at + 1 :]):
        answer = await loaded.http.get("/projects", params={"q": q, "country": "MC"})
        assert answer.status_code == 200, (q, answer.text)


async def test_help_is_offered_where_nothing_is_found(loaded: Loaded) -> None:
    answer = await loaded.projects(("q", "assainissement"), ("country", "DZ"), ("theme", "heritage"), ("kind", "offer"))
    answers.Results.model_validate(answer)
    assert answer["total"] == 0
    for one in answer["help"]["filters"]:
        kept = [
            pair for pair in (("country", "DZ"), ("theme", "heritage"), ("kind", "offer")) if pair[0] != one["name"]
        ]
        again = await loaded.projects(("q", "assainissement"), *kept)
        assert again["total"] == one["total"] > 0
    alone = await loaded.projects(("q", "biodigesteur xyzzyx"), ("country", "CM"))
    assert alone["total"] > 0
    vain = await loaded.projects(("q", "mangrove"), ("country", "LU"))
    assert [one["name"] for one in vain["help"]["filters"]] == ["country"]
    near = await loaded.projects(("q", "assainissement"), ("country", "GW"))
    for one in near["help"]["countries"]:
        assert one["total"] == (await loaded.projects(("q", "assainissement"), ("country", one["value"])))["total"]
    assert (await loaded.projects(("q", "assainissement")))["help"] is None


async def test_a_filter_that_leaves_nothing_does_not_make_words_vague(loaded: Loaded) -> None:
    answer = await loaded.projects(("q", "assainissement"), ("country", "MC"))
    assert (answer["total"], answer["relaxed"]) == (0, False)
    assert [one["count"] for one in answer["facets"]["country"] if one["value"] == "MC"] == [0]
    assert len(answer["facets"]["country"]) > 3
    assert not any((await loaded.get("/figures", ("q", "assainissement"), ("country", "MC"))).values())


async def test_the_title_weighs_most(loaded: Loaded) -> None:
    (first, *_) = (await loaded.projects(("q", "mangroves du Menabe")))["items"]
    assert first["title"].startswith("Mangroves du Menabe")


async def test_what_is_gone_is_never_found(loaded: Loaded) -> None:
    assert (await loaded.projects())["total"] == len(SHEETS)
    assert await found(loaded, "gone") == set()


async def test_fragments_are_escaped_but_for_the_marks(loaded: Loaded) -> None:
    answer = await loaded.projects(("q", "eau"), ("size", "100"))
    fragments = [text for item in answer["items"] for texts in item.get("highlight", {}).values() for text in texts]
    assert any("<mark>eau</mark>" in text for text in fragments)
    for text in fragments:
        assert "<" not in text.replace("<mark>", "").replace("</mark>", "")


@engine_settings
@given(q=st.text(max_size=200) | st.text("()[]{}\"'*?~^:\\/+-!&|<> AND OR NOT", max_size=200))
async def test_whatever_is_typed_there_is_an_answer(loaded: Loaded, q: str) -> None:
    for path in ("/projects", "/map", "/figures", "/suggest"):
        answer = await loaded.http.get(path, params={"q": q.encode("utf-8", "replace")})
        assert answer.status_code in (200, 422), answer.text
        if answer.status_code == 422:
            assert [error["field"] for error in answer.json()["errors"]] == ["q"]


@engine_settings
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "country",
                    "bbox",
                    "budget_min",
                    "period_from",
                    "period_to",
                    "size",
                    "cursor",
                    "sort",
                    "zoom",
                    "points",
                    "lang",
                    "%00",
                    "q[]",
                ]
            ),
            st.text(max_size=40)
            | st.from_regex(r"\d{4}-\d\d", fullmatch=True)
            | st.integers().map(str)
            | st.floats().map(str),
        ),
        max_size=5,
    )
)
async def test_bad_parameters_are_refused_and_never_break_anything(
    loaded: Loaded, pairs: list[tuple[str, str]]
) -> None:
    for path in ("/projects", "/map", "/figures", "/suggest", "/projects/x/similar"):
        given_ = [(name, text.encode("utf-8", "replace")) for name, text in pairs]
        answer = await loaded.http.get(path, params=given_)  # type: ignore[arg-type]  # bytes are quoted as they are
        assert answer.status_code in (422, 404 if path.endswith("similar") else 200), answer.text
