"""Why a project is shown beside another one, in the reader's words."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from services.portal.language import N_, Words

# the names are those of the search service's reasons
_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "theme": (N_("Same theme: %(names)s"), N_("Same themes: %(names)s")),
    "country": (N_("Same country: %(names)s"), N_("Same countries: %(names)s")),
    "neighbouring_country": (N_("Neighbouring country: %(names)s"), N_("Neighbouring countries: %(names)s")),
    # never one alone
    "words": ("", N_("Words in common: %(names)s")),
    "continent": (N_("Same continent: %(names)s"), N_("Same continents: %(names)s")),
    # an authority has one
    "authority_type": (N_("Same kind of authority: %(names)s"), ""),
}


def why(reasons: Sequence[Mapping[str, Any]], w: Words) -> list[str]:
    """One sentence for each kind of reason, the strongest first; a kind that is not known here is left out."""
    said: list[str] = []
    for kind, of_a_kind in groupby(reasons, key=lambda reason: reason["kind"]):
        if kind in _SAID:
            names = [reason["label"] for reason in of_a_kind]
            one, many = _SAID[kind]
            # not as an enumeration: names have an "and" of their own
            listed = (", " if w.direction == "ltr" else "\N{ARABIC COMMA} ").join(names)
            said.append(w.t(one if len(names) == 1 else many, names=listed))
    return said
