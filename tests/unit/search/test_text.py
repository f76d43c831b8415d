"""How wide the query of a text may be."""

from dataclasses import replace
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from services.search import reaching, words
from services.search.parameters import LONGEST_QUERY
from services.search.text import LANGUAGES, MOST_CLAUSES, Reach
from services.search.thesaurus import seed

NAMES: Final = [
    form for concept in seed().concepts.values() for language in LANGUAGES for form in concept.forms.get(language, ())
]
HELD: Final = [name for name in NAMES if "-" in name or "'" in name]
LONG_NAMES: Final = (
    "insertion sociale par le sport advocacy for women's rights droits de l'homme et libertés savoir-faire et "
    "savoir-être haute intensité de main-d'œuvre women's access to land grupos de ahorro y crédito"
)


def joined(names: list[str], by: str) -> str:
    return by.join(names)[:LONGEST_QUERY]


QUERIES: Final = st.one_of(
    st.builds(joined, st.lists(st.sampled_from(NAMES), min_size=1, max_size=12), st.sampled_from([" ", "-", "'"])),
    st.builds(joined, st.lists(st.sampled_from(HELD), min_size=3, max_size=8), st.just(" ")),
    st.text(st.characters(categories=("L", "N")), min_size=60, max_size=LONGEST_QUERY),
    st.text("ab-' 中ゆ²①", max_size=LONGEST_QUERY),
)


@example(q=LONG_NAMES, reach="near", unsaid=False)
@example(q="eau-sport-ville-femme-santé-école-port-route-" * 4, reach="said", unsaid=False)
@example(q="".join(map(chr, range(0x4E00, 0x4E00 + LONGEST_QUERY))), reach="said", unsaid=False)
@example(q="a²" * 100, reach="said", unsaid=False)
@given(q=QUERIES, reach=st.sampled_from(("said", "near", "any")), unsaid=st.booleans())
def test_whatever_is_typed_the_engines_take_the_query(q: str, reach: Reach, unsaid: bool) -> None:
    text = reaching.understood(q, seed())
    if reach != "said":
        # as after a correction, which is the widest
        unknown = frozenset(text.words.parts if unsaid else ())
        text = replace(text, reach=reach, before=(text, text), misspelt=True, unsaid=unknown).fitting()
    assert text.clauses() <= MOST_CLAUSES
    assert bool(text.words.parts) == bool(words.understand(q, seed()).parts)


def test_all_parts_are_looked_for_where_there_is_room() -> None:
    q = "dialyse mangrove hôpital abeille école Bénin"
    text = reaching.understood(q, seed())
    wide = replace(text, reach="near", before=(text,)).fitting()
    assert len(wide.words.parts) == words.MOST_PARTS
    fewer = reaching.understood(LONG_NAMES, seed())
    assert 1 < len(fewer.words.parts) < len(words.understand(LONG_NAMES, seed()).parts)
    assert fewer.words.parts == words.understand(LONG_NAMES, seed()).parts[: len(fewer.words.parts)]


def test_what_holds_more_together_than_a_name_is_a_list_of_words() -> None:
    named = words.understand("Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson", seed())
    assert [part.text for part in named.parts] == ["Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"]
    listed = words.understand("eau-sport-ville-femme-santé-école-port-route-mer", seed())
    assert [part.text for part in listed.parts] == ["eau", "sport", "femme", "santé", "école", "port"]
    assert [part.text for part in listed.beside] == ["ville"]
    assert words.understand("eau 中国", seed()).parts[1].text == "中国"
