"""Errors of people who type: letters exchanged, left out, doubled, taken for their neighbour on the keyboard."""

import random
from collections.abc import Callable
from typing import Final

from services.search.relevance import Judgment

LEAST: Final = 6  # letters of a word that gets one
# AZERTY, the neighbours on a row
_ROWS: Final = ("azertyuiop", "qsdfghjklm", "wxcvbn")


def misspelt(judgment: Judgment, chance: random.Random) -> Judgment | None:
    """The query with one error in one of its longer words, after its first letter; None where it has no such word."""
    words = judgment.q.split()
    long = [place for place, word in enumerate(words) if len(word) >= LEAST and word.isalpha()]
    if not long:
        return None
    place = chance.choice(long)
    words[place] = _typed(words[place], chance)
    return judgment.model_copy(update={"q": " ".join(words)})


def _typed(word: str, chance: random.Random) -> str:
    ways: tuple[Callable[[str, int], str], ...] = (
        lambda typed, at: typed[: at - 1] + typed[at] + typed[at - 1] + typed[at + 1 :],
        lambda typed, at: typed[:at] + typed[at + 1 :],
        lambda typed, at: typed[:at] + typed[at] + typed[at:],
        lambda typed, at: typed[:at] + _beside(typed[at], chance) + typed[at + 1 :],
    )
    while True:
        other = chance.choice(ways)(word, chance.randrange(2, len(word)))
        if other != word:
            return other


def _beside(letter: str, chance: random.Random) -> str:
    for row in _ROWS:
        if letter in row:
            at = row.index(letter)
            return chance.choice(row[max(at - 1, 0) : at + 2])
    return letter
