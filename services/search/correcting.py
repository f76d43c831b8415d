"""What a misspelt word was meant to be: the nearest by letters, of the sheets' words and of the thesaurus's."""

from collections.abc import Mapping

from services.search import words
from services.search.spelling import fold
from services.search.thesaurus import Thesaurus, letters
from services.search.words import Words

# how much of a word a correction must share with it: all but one letter in five, of a longer one all but two in seven
_LIKE, _LIKE_LONGER, _LONGER = 0.78, 0.7, 7

Options = Mapping[str, int]  # words of the sheets, with how many have each


def least_like(word: str) -> float:
    """How much of this word a correction must share with it, 0 to 1."""
    return _LIKE_LONGER if len(word) >= _LONGER else _LIKE


def corrected(asked: Words, doubtful: Mapping[str, Options], thesaurus: Thesaurus) -> str | None:
    """The query with its doubtful words (folded) corrected; None where nothing changes but number or accents.

    A word that names have, and no sheet, stays where it is part of a name with the others as they are corrected.
    """
    best = {word: _best(asked, word, options, thesaurus) for word, options in doubtful.items()}
    corrections = {word: option for word, option in best.items() if option}
    unknown = {word: option for word, option in corrections.items() if not thesaurus.knows(word)}
    if unknown and len(unknown) < len(corrections):
        named = _named(words.corrected(asked, unknown) or asked.text, thesaurus)
        corrections = {word: option for word, option in corrections.items() if word in unknown or word not in named}
    return words.corrected(asked, corrections)


def _best(asked: Words, word: str, options: Options, thesaurus: Thesaurus) -> str | None:
    """Of the words spelt nearly so the one with the fewest letters changed; of those, what is part of a name with the
    others, what most sheets have, what is a name itself, the longest.
    """
    worth: dict[str, tuple[int, bool, int, bool, int]] = {}
    for option in sorted({*options, *thesaurus.like(word, least_like(word))} - {word}):
        text = words.corrected(asked, {word: option})
        with_others = text is not None and option in _named(text, thesaurus)
        is_name = thesaurus.named([option]) is not None
        sheets = options.get(option, 0)
        if with_others or sheets or is_name:
            worth[option] = -letters(word, option), with_others, sheets, is_name, len(option)
    return max(worth, key=worth.__getitem__, default=None)


def _named(q: str, thesaurus: Thesaurus) -> set[str]:
    """The words, folded, of the names of several words in a query."""
    parts = words.understand(q, thesaurus).parts
    return {fold(word) for part in parts if part.named and len(part.words) > 1 for word in part.words}
