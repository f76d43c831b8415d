"""How the engines cut French words: forms of one word together, words of one root apart."""

from uuid import uuid4

import pytest

from services.search.lexicon import terms_of
from tests.integration.search.running import index_of
from tests.integration.search.sheets import publication

ONE_WORD = (
    ("école", "écoles", "ecole"),
    ("réseau", "réseaux"),
    ("cheval", "chevaux"),
    ("communal", "communale", "communaux", "communales"),
    ("amputé", "amputée", "amputés", "amputées", "amputees"),
    ("européen", "européenne", "européennes"),
    ("professionnel", "professionnelles"),
    ("urbain", "urbaine", "urbaines"),
    ("ouvrier", "ouvrière"),
    ("travail", "travaux"),
    ("pays", "PAYS"),
)
TWO_WORDS = (
    ("concert", "concertation"),
    ("refuge", "réfugié"),
    ("équité", "équitation"),
    ("électeur", "électrique"),
    ("enseigne", "enseignement"),
    ("route", "routeur"),
    ("parlement", "parler"),
    ("fromage", "frais"),
    ("affinage", "afin"),
    ("vent", "vente"),
    ("coordonner", "cordonnerie"),
    ("moine", "moins"),
    ("âne", "an"),
    ("commune", "communs"),
    ("port", "porte"),
    ("don", "donner"),
    ("France", "francs"),
    ("maïs", "mai"),
    ("toux", "tout"),
)


async def test_the_forms_of_a_french_word_are_one_and_words_of_its_root_are_others(each_search_url: str) -> None:
    async with index_of(each_search_url, []) as loaded:
        names = {word for group in (*ONE_WORD, *TWO_WORDS) for word in group}
        terms = await terms_of(loaded.index.engine, {"fr": names})
    for group in ONE_WORD:
        assert len({terms["fr", word] for word in group}) == 1, group
    for one, other in TWO_WORDS:
        assert terms["fr", one] != terms["fr", other], (one, other)


@pytest.mark.parametrize(
    ("q", "nearly"),
    [("concert", True), ("concertation", False), ("refuge", True), ("réfugiés", False), ("zorbelation", False)],
)
async def test_what_has_the_same_root_is_near_and_said_only_where_nothing_is_known_of_it(
    each_search_url: str, q: str, nearly: bool
) -> None:
    sheet = publication(
        str(uuid4()), title="Une fiche", description="Concertation avec les réfugiés, pour zorbeler", themes=["digital"]
    )
    async with index_of(each_search_url, [sheet]) as small:
        items = (await small.projects(("q", q)))["items"]
        assert [(item["id"], bool(item.get("nearly"))) for item in items] == [(sheet.project, nearly)]
