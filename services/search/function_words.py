"""Words that only hold others together, in the five languages, folded: nobody looks for them.

A word that means something in another of the languages is not among them (English `or` and French « or », say, stay).
"""

from typing import Final

_FRENCH: Final = """
le la les l un une des de du d au aux a et ou en dans sur sous pour par avec sans chez vers entre contre depuis pendant
qui que quoi dont ou ce cet cette ces mon ma mes son sa ses notre nos votre vos leur leurs je tu il elle nous vous ils
elles on se y ne pas plus tres est sont etre ayant avoir fait faire comment quel quelle quels quelles afin selon
"""
_ENGLISH: Final = """
the a an of in on at to for from by with without and into onto about between through during is are be was were been it
its this that these those our your their his her my we you they i he she who which what how where as than then there
"""
_SPANISH: Final = """
el la los las lo un una unos unas de del al a y e o u en con sin por para sobre entre hacia desde hasta que quien cual
como cuando donde es son ser esta este estos estas ese esa su sus mi mis tu tus nuestro nuestra se no muy mas
"""
_PORTUGUESE: Final = """
o a os as um uma uns umas de do da dos das no na nos nas ao aos e ou em com sem por pelo pela pelos pelas para sobre
entre ate desde que quem qual como quando onde se nao muito seu sua seus suas nosso nossa este esta estes estas esse
"""
_ARABIC: Final = """
في من الي علي عن مع هذا هذه ذلك تلك التي الذي الذين و او ثم ان لا ما كل بين عند بعد قبل حول دون خلال حتي هل هو هي
"""

FUNCTION_WORDS: Final = frozenset(
    word for words in (_FRENCH, _ENGLISH, _SPANISH, _PORTUGUESE, _ARABIC) for word in words.split()
)
