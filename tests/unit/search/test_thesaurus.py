"""The thesaurus, and what a query is understood as with it."""

from dataclasses import replace

import pytest

from backbone.contracts import vocabularies
from services.search import words
from services.search.thesaurus import Concept, Thesaurus, seed
from services.search.vocabulary import MOST_FORMS

WATER = Concept(id="water", theme="water-sanitation", forms={"fr": ("eau",), "en": ("water",)})
DRINKING = Concept(
    id="drinking-water",
    theme="water-sanitation",
    forms={"fr": ("eau potable", "AEP"), "en": ("drinking water",)},
    near=("water", "gone"),
)
REGISTRY = Concept(id="civil-registry", theme=None, forms={"fr": ("état civil",)})
SMALL = Thesaurus.of([WATER, DRINKING, REGISTRY], ["projet", "projets"])


def parts(q: str, thesaurus: Thesaurus = SMALL) -> list[str]:
    return [part.text for part in words.understand(q, thesaurus).parts]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("projet d’eau potable au Sénégal", ["eau potable", "Sénégal"]),
        ("eaux potables", ["eaux potables"]),
        ("l'état-civil de Pikine", ["état-civil", "Pikine"]),
        ("projets", ["projets"]),
        ("de la", ["de", "la"]),
        ("Côte d'Ivoire", ["Côte Ivoire"]),
        ("A.E.P. Bénin", ["AEP", "Bénin"]),
        ("", []),
        ("!!! ???", []),
    ],
)
def test_a_query_is_cut_into_what_it_names(q: str, expected: list[str]) -> None:
    assert parts(q) == expected


def test_names_stand_for_concepts_themes_countries_and_continents() -> None:
    def named(*typed: str) -> words.Named:
        found = SMALL.named(typed)
        assert found is not None, typed
        return found

    assert named("drinking", "water").concepts == (DRINKING,)
    assert named("sénégalaise").countries == {"SN"}
    assert named("Ivory", "Coast").countries == {"CI"}
    assert named("RDC").countries == {"CD"}
    assert named("África").continents == {"africa"}
    assert named("Water", "and", "sanitation").themes == ("water-sanitation",)
    assert named("dispensaire").hints == ("health",)
    assert SMALL.named(["xyzzy"]) is None


def test_a_search_is_about_what_has_a_theme_or_a_place() -> None:
    house = Concept(id="house", forms={"fr": ("maison",), "en": ("house",)})
    sahel = Concept(id="sahel", forms={"fr": ("Sahel",)}, countries=("ML", "NE"))
    thesaurus = Thesaurus.of([WATER, house, sahel])
    topics = {
        name: found.is_topic
        for name in ("maison", "eau", "Sahel", "Togo", "Afrique", "culture", "dispensaire")
        if (found := thesaurus.named([name]))
    }
    assert topics.pop("maison") is False
    assert len(topics) == 6
    assert all(topics.values())


def test_compounds_are_one_however_they_are_written() -> None:
    chain = Concept(id="cold-chain", forms={"en": ("cold chain",), "fr": ("agro-foresterie",)})
    thesaurus = Thesaurus.of([chain])
    for typed in (["coldchain"], ["cold-chain"], ["cold", "chain"], ["agroforesterie"], ["agro", "foresterie"]):
        assert (thesaurus.named(typed) or words.Named()).concepts == (chain,), typed


def test_a_compound_means_what_it_means_without_its_hyphen_as_well() -> None:
    social = Concept(id="social-centre", forms={"fr": ("centre social", "centre socio-culturel")})
    hall = Concept(id="community-centre", forms={"fr": ("centre socioculturel",)})
    named = Thesaurus.of([social, hall]).named
    with_it, without = named(["centre", "socio-culturel"]), named(["centre", "socioculturel"])
    assert with_it is not None
    assert without is not None
    assert {*with_it.concepts} == {*without.concepts} == {social, hall}
    assert (named(["centre", "social"]) or without).concepts == (social,)


def test_the_small_words_of_a_name_may_be_others() -> None:
    market = Concept(id="market-management", forms={"fr": ("gestion des marchés",)})
    water = Concept(id="drinking-water", forms={"fr": ("accès à l'eau", "eau potable")})
    thesaurus = Thesaurus.of([market, water])

    def concepts(*typed: str) -> tuple[Concept, ...]:
        return (thesaurus.named(typed) or words.Named()).concepts

    assert concepts("gestion", "du", "marché") == (market,)
    assert concepts("accès", "de", "eau") == (water,)
    assert concepts("accès", "eau") == ()  # "accès eau potable" is about drinking water
    assert concepts("du", "marché", "gestion") == ()


def test_a_change_takes_the_place_of_a_concept_or_takes_it_away() -> None:
    changed = SMALL.changed({"water": None, "well": Concept(id="well", forms={"fr": ("puits",)})})
    assert changed.named(["eau"]) is None
    assert changed.named(["puits"]) is not None
    assert changed.is_generic("projets")
    assert SMALL.named(["eau"]) is not None
    assert SMALL.near(DRINKING) == [WATER]
    assert changed.near(DRINKING) == []


def test_an_unfinished_name_of_several_words_is_completed() -> None:
    def completed(q: str) -> str | None:
        return words.completed(words.understand(q, SMALL), SMALL)

    assert completed("eau pot") == "eau potable"
    assert completed("accès à l'eau po") == "accès à l'eau potable"
    assert completed("eau potable") is None
    assert completed("eau POT") is None
    assert completed("eau p") is None
    assert completed("drinking water") is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [("marché au Burkina Fa", "marché au Burkina Faso"), ("Cap-Ve", "Cap Vert"), ("Côte d'Iv", "Côte d'Ivoire")],
)
def test_an_unfinished_name_of_a_country_is_completed(typed: str, name: str) -> None:
    completed = words.completed(words.understand(typed, SMALL), SMALL)
    assert completed is not None
    assert words.keys(completed) == words.keys(name)


@pytest.mark.parametrize(("typed", "may"), [("assainis", True), ("BALAFO", True), ("AEPX", False), ("ea", False)])
def test_few_capitals_are_an_acronym_that_has_ended(typed: str, may: bool) -> None:
    assert bool(words.understand(typed, SMALL).unfinished) is may


def test_an_apostrophe_may_be_left_out() -> None:
    assert parts("l état civil d Abidjan") == ["état civil", "Abidjan"]
    assert parts("l eau potable d x") == ["eau potable", "x"]


def test_corrections_keep_what_leans_on_a_word() -> None:
    asked = words.understand("l'asainissement de Pikine", SMALL)
    assert words.corrected(asked, {"asainissement": "assainissement"}) == "l'assainissement de Pikine"
    halves = words.understand("le marché-hebdomdaire", SMALL)
    assert halves.doubtful == {"marche": "marché", "hebdomdaire": "hebdomdaire"}
    assert words.corrected(halves, {"hebdomdaire": "hebdomadaire"}) == "le marché-hebdomadaire"
    # another number or accent is no correction
    assert words.corrected(asked, {"asainissement": "asainissements"}) is None


def test_words_spelt_nearly_so_are_found_the_nearest_first() -> None:
    assert seed().like("asainissement", 0.78)[0] == "assainissement"
    assert seed().like("glissemnt", 0.78)[0] == "glissement"  # of a longer name


def test_codes_and_numbers_are_not_misspelt() -> None:
    assert words.understand("assainissemnt 2027 sn-pikine-2", SMALL).doubtful == {"assainissemnt": "assainissemnt"}
    assert words.understand("00000000-0000-0000-0000-000000000003", SMALL).is_code
    assert words.understand("sn-pikine-assainissement-marche", SMALL).is_code
    assert not words.understand("socio-culturel", SMALL).is_code


def test_the_query_can_be_asked_without_one_of_its_parts() -> None:
    asked = words.understand("l'eau potable du Sénégal", SMALL)
    assert asked.without(asked.parts[0]) == "du Sénégal"
    assert asked.without(asked.parts[1]) == "l'eau potable du"


def test_the_seed_has_each_theme_and_all_languages() -> None:
    concepts = seed().concepts
    assert vocabularies.themes().keys() <= concepts.keys()
    for concept in concepts.values():
        assert all(concept.forms.get(language) for language in vocabularies.LANGUAGES), concept.id
        assert all(len(forms) <= MOST_FORMS for forms in concept.forms.values()), concept.id
        assert set(concept.near) <= concepts.keys(), concept.id
        assert concept.id not in concept.near, concept.id
        assert set(concept.countries) <= vocabularies.countries().keys(), concept.id


def test_a_name_of_several_concepts_means_those_of_which_it_is_usual() -> None:
    asylum = Concept(
        id="asylum", theme="governance", forms={"fr": ("asile", "exil"), "en": ("asylum", "refuge", "exile")}
    )
    moving = Concept(
        id="moving", theme="governance", forms={"fr": ("migration", "départ", "mobilité", "exode", "exil")}
    )
    thesaurus = Thesaurus.of([moving, asylum])
    found = thesaurus.named(["exil"])
    assert found is not None
    # exil and exile are one name: the place is the better one
    assert dict(zip(found.concepts, found.places, strict=True)) == {moving: 4, asylum: 1}
    assert found.foremost().concepts == (asylum,)
    assert (thesaurus.named(["migration"]) or found).foremost().concepts == (moving,)
    assert words.Named().foremost() == words.Named()


def test_of_longer_names_there_is_one_at_least_where_there_is_no_other() -> None:
    bins = Concept(
        id="bins", forms={"fr": ("poubelle", "bac à ordures"), "en": ("waste bin", "litter bin", "bin lorry")}
    )
    terms = {
        ("fr", "poubelle"): ("poubel",),
        ("fr", "bac à ordures"): ("bac", "ordur"),
        **{("en", name): tuple(name.split()) for name in bins.forms["en"]},
    }
    cut = replace(Thesaurus.of([bins]), terms=terms).cut(bins)
    assert cut.single == {"fr": ["poubel"]}
    assert cut.spelt == ["poubelle", "poubelles"]
    assert cut.longer(0) == []
    assert cut.longer(0, 1) == [("en", "waste bin")]
    assert cut.longer(2) == [("fr", "bac à ordures"), ("en", "waste bin"), ("en", "litter bin")]


def test_a_search_of_one_topic_may_have_other_words_beside_it() -> None:
    assert words.understand("eau zorbienne", SMALL).is_of_one_topic
    assert not words.understand("eau au Sénégal", SMALL).is_of_one_topic


@pytest.mark.parametrize(
    ("region", "with_these", "without"),
    [
        ("UEMOA", {"SN", "GW"}, {"GH", "CV"}),
        ("Lusophone Africa", {"CV", "MZ"}, {"BR", "PT"}),
        ("Corne de l'Afrique", {"ET", "DJ"}, {"BI", "RW"}),
        ("Balkans occidentaux", {"RS", "AL"}, {"BG", "RO"}),
        ("Cono Sur", {"AR", "CL"}, {"CO", "BR"}),
        ("غرب البلقان", {"BA"}, {"RO"}),
    ],
)
def test_a_region_has_its_own_countries(region: str, with_these: set[str], without: set[str]) -> None:
    named = seed().named(region.replace("l'", "").split())
    assert named is not None
    assert with_these <= named.countries
    assert not without & named.countries
