"""What a misspelt word was meant to be."""

from collections.abc import Mapping

from services.search import words
from services.search.correcting import corrected
from services.search.thesaurus import Concept, Thesaurus

THESAURUS = Thesaurus.of(
    [
        Concept(id="landslide", theme="climate-energy", forms={"fr": ("glissement de terrain",)}),
        Concept(id="mining", theme="economy-tourism", forms={"fr": ("gisement",)}),
        Concept(id="railway", theme="urban-development", forms={"fr": ("train",)}),
        Concept(id="drinking-water", theme="water-sanitation", forms={"fr": ("eau potable",)}),
        Concept(id="comics", theme="culture", forms={"fr": ("résidence",), "es": ("residencia de autores",)}),
        Concept(id="sanitation", theme="water-sanitation", forms={"fr": ("assainissement",)}),
    ]
)


def meant(q: str, **doubtful: Mapping[str, int]) -> str | None:
    return corrected(words.understand(q, THESAURUS), doubtful, THESAURUS)


def test_the_nearest_word_is_meant_whoever_has_it() -> None:
    assert meant("asainisement", asainisement={}) == "assainissement"
    assert meant("balafno", balafno={"balafon": 1, "balafons": 3}) == "balafon"
    assert meant("xyzzyx", xyzzyx={}) is None


def test_of_words_as_near_the_one_is_meant_that_is_a_name_with_the_others() -> None:
    assert meant("glissement de trrain", trrain={"terrain": 1, "train": 9}) == "glissement de terrain"
    assert meant("un trrain", trrain={"terrain": 1, "train": 9}) == "un train"
    assert meant("l’eau ptable", ptable={"table": 9}) == "l'eau potable"


def test_of_words_as_near_the_one_is_meant_that_more_sheets_have() -> None:
    assert meant("bcal", bcal={"bocal": 2, "bacal": 7}) == "bacal"


def test_a_word_that_is_part_of_a_name_stays() -> None:
    # no sheet has glissement, and gisement is spelt nearly so
    doubtful = {"glissement": {"gisement": 4}, "terrayn": {"terrain": 2}}
    assert meant("glissement de terrayn", **doubtful) == "glissement de terrain"
    assert meant("glissement", glissement={"gisement": 4}) == "gisement"


def test_a_word_of_another_language_is_taken_for_the_one_that_sheets_have() -> None:
    assert meant("residencia", residencia={"residence": 1}) == "residence"
