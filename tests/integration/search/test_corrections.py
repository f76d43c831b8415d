"""Misspelt words, on both engines."""

import re
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.contracts.sheet import PublicSheet
from tests.integration.search.running import Loaded, index_of
from tests.integration.search.sheets import publication
from tests.integration.search.test_search import engine_settings
from tests.integration.search.test_words import SHEETS, saying


async def test_a_misspelt_word_finds_nearly(loaded: Loaded) -> None:
    right = await loaded.projects(("q", "assainissement"), ("size", "100"))
    wrong = await loaded.projects(("q", "assainisement"), ("size", "100"))
    assert (wrong["relaxed"], wrong["said"], wrong["did_you_mean"]) == (True, 0, "assainissement")
    assert right["did_you_mean"] is None
    assert {item["id"] for item in wrong["items"]} == {item["id"] for item in right["items"]}
    on_map = await loaded.get("/map", ("q", "assainisement"))
    assert (on_map["total"], on_map["relaxed"]) == (wrong["total"], True)
    assert (await loaded.get("/figures", ("q", "assainisement")))["projects"] == wrong["total"]


async def test_of_corrections_the_one_with_the_fewest_letters_changed_is_meant(each_search_url: str) -> None:
    paper = publication(str(uuid4()), title="Un moulin à papier recyclé")
    async with index_of(each_search_url, [paper]) as small:
        # papeira, an illness in Portuguese, shares more of its letters and is another word
        answer = await small.projects(("q", "papeir recyclé"))
        assert (answer["did_you_mean"], [item["id"] for item in answer["items"]]) == ("papier recyclé", [paper.project])


async def test_a_misspelling_is_not_the_word_that_a_stemmer_takes_it_for(each_search_url: str) -> None:
    # fondderie has the stem of fonds
    foundry = publication(str(uuid4()), title="Un port", description="Le port a une fonderie.")
    fund = publication(str(uuid4()), title="Un fonds pour les fonds marins", description="Des fonds, encore des fonds.")
    async with index_of(each_search_url, [fund, foundry]) as small:
        for sort in ("relevance", "newest"):
            answer = await small.projects(("q", "fondderie"), ("sort", sort))
            assert (answer["did_you_mean"], answer["said"], saying(answer)) == ("fonderie", 0, set())
            assert [item["id"] for item in answer["items"]] == [foundry.project, fund.project]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("pedagojiqe", "pédagogique"), ("asainisement", "assainissement"), ("bibloithéque", "bibliothèque")],
)
async def test_two_letters_of_a_longer_word_may_be_wrong(each_search_url: str, typed: str, meant: str) -> None:
    sheet, other = (
        publication(str(uuid4()), title=f"Un plan : {word}", themes=["digital"]) for word in (meant, "rien")
    )
    async with index_of(each_search_url, [other, sheet]) as small:
        answer = await small.projects(("q", typed))
        assert (answer["did_you_mean"], [item["id"] for item in answer["items"]]) == (
            re.sub("[èé]", "e", meant),
            [sheet.project],
        )


@given(sheet=st.sampled_from(SHEETS), place=st.integers(1, 6), data=st.data())
@engine_settings
async def test_what_says_a_word_is_never_beaten_by_what_nearly_does(
    loaded: Loaded, sheet: PublicSheet, place: int, data: st.DataObject
) -> None:
    word = data.draw(
        st.sampled_from(
            [word for word in sheet.title.split() if len(word) > 7 and word.isalpha()] or ["assainissement"]
        )
    )
    typed = data.draw(st.sampled_from([word, word[:place] + word[place + 1 :]]))
    answer = await loaded.projects(("q", typed), ("size", "100"))
    if answer["relaxed"]:
        texts = {one.id: set(re.findall(r"\w+", one.model_dump_json().casefold())) for one in SHEETS}
        says = [typed.casefold() in texts[item["id"]] for item in answer["items"]]
        near = [item.get("nearly", False) for item in answer["items"]]
        assert not any(said and only_near for said, only_near in zip(says, near, strict=True)) or typed == word
        if answer["did_you_mean"]:
            assert near == sorted(near)  # no correction before what was typed
