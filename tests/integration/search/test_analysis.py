"""How the engines cut French words: forms of one word together, words that look like them apart."""

from services.search.lexicon import terms_of
from tests.integration.search.running import index_of

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


async def test_the_forms_of_a_french_word_are_one_and_words_like_it_are_others(each_search_url: str) -> None:
    async with index_of(each_search_url, []) as loaded:
        names = {word for group in (*ONE_WORD, *TWO_WORDS) for word in group}
        terms = await terms_of(loaded.index.engine, {"fr": names})
    for group in ONE_WORD:
        assert len({terms["fr", word] for word in group}) == 1, group
    for one, other in TWO_WORDS:
        assert terms["fr", one] != terms["fr", other], (one, other)
