"""Sheets by the hundred thousand: the demonstration's sentences mixed anew, with places, authorities and dates of their
own, so that words, facets and places are spread as over real ones. Cheap: nothing is copied or validated one by one.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backbone.contracts import vocabularies
from bench.sheets import publications, records

SHEETS_OF_AN_AUTHORITY: Final = 4
_NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
_SENTENCE: Final = re.compile(r"(?<=[.!?؟]) +|\n+")
_START: Final = ("Ba", "Kou", "Ndi", "Sa", "Mé", "Tro", "Za", "Lo", "Gué", "Fi", "Da", "Mou", "Pa", "Ri", "Ous")
_MIDDLE: Final = ("ra", "mbé", "lo", "tou", "né", "ga", "ssi", "dou", "ma", "ko", "li", "wa", "fou", "yé", "bo", "ti")
_END: Final = ("ville", "gou", "ra", "nda", "ssou", "kro", "bé", "lal", "mana", "dji", "tenga", "ni", "sso", "mbo")
_FORMS: Final = ("Commune de {}", "Ville de {}", "Région de {}", "District de {}", "Département de {}", "Mairie de {}")
_STATES: Final = ("open", "open", "open", "partnered", "expired")
_CURRENCIES: Final = ("EUR", "EUR", "XOF", "XAF", "USD", "MAD")


@dataclass(frozen=True)
class Text:
    """What the demonstration says in one language."""

    sentences: Sequence[str]
    titles: Sequence[str]
    items: Sequence[str]


def place(number: int) -> str:
    """A name that sounds like one; there are some three thousand, and more of two words."""
    number, start = divmod(number, len(_START))
    number, middle = divmod(number, len(_MIDDLE))
    number, end = divmod(number, len(_END))
    name = _START[start] + _MIDDLE[middle] + _END[end]
    return name if number == 0 else f"{name}-{place(number - 1)}"


def _texts(bases: Sequence[Mapping[str, Any]]) -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for language in {base["language"] for base in bases}:
        of = [base for base in bases if base["language"] == language]
        prose = [text for base in of for text in (base["description"], base["partner_sought"], base["summary"])]
        texts[language] = Text(
            sentences=[sentence for text in prose for sentence in _SENTENCE.split(text) if sentence],
            titles=[base["title"] for base in of],
            items=[item for base in of for item in (*base["objectives"], *base["expected_results"])],
        )
    return texts


def sheets(count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """Published sheets from number `first` to below `count`, as their events have them; the same in every run."""
    bases = [event.sheet.model_dump(mode="json") for event in publications(len(records()))]
    texts = _texts(bases)
    themes = tuple(vocabularies.themes())
    countries = vocabularies.countries()
    codes = tuple(countries)
    for number in range(first, count):
        chance = random.Random(number)
        base = bases[int(len(bases) * chance.random() ** 2)]
        yield _sheet(number, base, texts[base["language"]], themes, codes, countries, chance)


def _sheet(
    number: int,
    base: Mapping[str, Any],
    text: Text,
    themes: Sequence[str],
    codes: Sequence[str],
    countries: Mapping[str, str],
    chance: random.Random,
) -> dict[str, Any]:
    project = str(UUID(int=number + 1))
    home = number // SHEETS_OF_AN_AUTHORITY
    # few countries have most of them
    code = base["countries"][0] if chance.random() < 0.5 else codes[int(len(codes) * chance.random() ** 3)]
    town = place(home)
    lat = max(-85.0, min(85.0, base["location"]["lat"] + chance.gauss(0, 3)))
    lon = (base["location"]["lon"] + chance.gauss(0, 3) + 180) % 360 - 180
    start = chance.randrange(2026, 2030)
    published = (_NOW - timedelta(minutes=chance.randrange(1_500_000))).isoformat().replace("+00:00", "Z")
    amount = round(10 ** chance.uniform(3.5, 7), -2)
    title = f"{chance.choice(text.titles)[:90]} {town} {number}"
    return {
        **base,
        "id": project,
        "ref": f"bench-{number}",
        "kind": "demand" if chance.random() < 0.85 else "offer",
        "status": chance.choice(_STATES),
        "title": title,
        "summary": " ".join(chance.sample(text.sentences, 2))[:400],
        "objectives": chance.sample(text.items, 3),
        "description": " ".join(chance.sample(text.sentences, 6)),
        "partner_sought": chance.choice(text.sentences),
        "expected_results": chance.sample(text.items, 2),
        "themes": chance.sample(themes, chance.choice((1, 2, 2, 3))),
        "sdgs": sorted(chance.sample(range(1, 18), 2)),
        "budget": {"total": amount, "secured": 0.0, "currency": chance.choice(_CURRENCIES)},
        "period": {"start": f"{start}-{chance.randrange(1, 13):02}", "end": f"{start + 2}-06"},
        "location": {"name": town, "lat": round(lat, 4), "lon": round(lon, 4)},
        "countries": [code],
        "continents": [countries[code]],
        "authority": {
            **base["authority"],
            "ref": f"bench-{home}",
            "name": _FORMS[home % len(_FORMS)].format(town),
            "country": code,
            "region": place(home // 50),
        },
        "first_published_at": published,
        "published_at": published,
        "demonstration": True,
    }
