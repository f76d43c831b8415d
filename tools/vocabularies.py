"""Makes the countries and currencies of `backbone/contracts/data/` from packages (`python -m tools.vocabularies`).

Countries and their UN geoscheme continent come from country-converter, current currencies from CLDR through Babel.
"""

import csv
import json
import re
from importlib import resources
from pathlib import Path

from babel.core import Locale, get_global

DATA = Path(__file__).parent.parent / "backbone" / "contracts" / "data"
CONTINENTS = {"Africa": "africa", "America": "americas", "Asia": "asia", "Europe": "europe", "Oceania": "oceania"}


def countries() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code (and XK, Kosovo) to continent; Antarctica is left out, no authority is there."""
    table = resources.files("country_converter").joinpath("country_data.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t")
    # the column holds patterns where a country has two codes in use, the ISO one first: `^GB$|^UK$`
    found: dict[str, str] = {}
    for row in rows:
        codes = re.findall("[A-Z]{2}", row["ISO2"])
        if codes and row["continent"] in CONTINENTS:
            found[codes[0]] = CONTINENTS[row["continent"]]
    found.setdefault("XK", "europe")
    current = Locale("en").territories
    return {code: found[code] for code in sorted(found) if code in current}


def currencies() -> list[str]:
    """ISO 4217 codes that are legal tender somewhere today."""
    by_territory = get_global("territory_currencies")
    return sorted({entry[0] for entries in by_territory.values() for entry in entries if entry[2] is None and entry[3]})


def render() -> dict[str, str]:
    """File name to content, as committed."""
    return {
        "countries.json": json.dumps(countries(), indent=0) + "\n",
        "currencies.json": json.dumps(currencies()) + "\n",
    }


if __name__ == "__main__":
    for name, content in render().items():
        (DATA / name).write_text(content, encoding="utf-8")
