"""The five languages of the pages: which one a request gets, and all that is written in it."""

import gettext
import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal, cast

from babel import Locale, support
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request

from backbone.contracts import labels, vocabularies


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """A message that is translated later, where it is shown; here it is only found by the extraction."""
    return message


LANGUAGES: Final = vocabularies.LANGUAGES
DEFAULT: Final = labels.DEFAULT_LANGUAGE
SOURCE: Final = "en"  # what the message ids are written in
_CATALOGUES: Final = Path(__file__).parent / "locale"
_OFFICE: Final = (
    ("sheet", N_("Spreadsheet")),
    ("presentation", N_("Presentation")),
    ("text", N_("Text document")),
    ("word", N_("Text document")),
)
_UNITS: Final = ((1_000_000, "megabyte"), (1_000, "kilobyte"), (1, "byte"))


class _LanguageOfPath(Convertor[str]):
    """`{lang:lang}` in a route: one of the five, anything else is another address."""

    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("lang", _LanguageOfPath())


def language_of(request: Request) -> str:
    """The language of the path, else `?lang=`, else what the browser prefers, else French."""
    first = request.url.path.split("/", 2)[1]
    asked = request.query_params.get("lang")
    for given in (first, asked):
        if given in LANGUAGES:
            return str(given)
    return labels.preferred(request.headers.get("accept-language", ""))


def catalogue(language: str) -> Path:
    """The gettext catalogue of a language."""
    return _CATALOGUES / language / "LC_MESSAGES" / "portal.po"


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The messages of a language; the ids themselves in English."""
    if language == SOURCE:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with catalogue(language).open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return support.Translations(compiled, domain="portal")


class Words:
    """What is said in one language: messages by gettext; names, numbers and dates by CLDR."""

    def __init__(self, language: str) -> None:
        self.lang = language
        # Babel types the tables of a locale as unknown
        self._locale = cast("Any", Locale.parse(language))
        self._messages = translations(language)
        self.direction: Literal["ltr", "rtl"] = self._locale.text_direction
        # a page has a hundred counts and dates, of which most are the same: CLDR's rules cost more than all the rest
        self.number = lru_cache(maxsize=4_096)(self._number)
        self.month = lru_cache(maxsize=1_024)(self._month)
        self.money = lru_cache(maxsize=4_096)(self._money)

    def t(self, message: str, **values: Any) -> str:
        """A message, its `%(name)s` filled in."""
        said = self._messages.gettext(message)
        return said % values if values else said

    def n(self, one: str, many: str, count: int, **values: Any) -> str:
        """A message that counts; `%(count)s` is the number as it is written in this language."""
        return self._messages.ngettext(one, many, count) % {"count": self.number(count), **values}

    def country(self, code: str) -> str:
        return labels.country(code, self.lang)

    def continent(self, code: str) -> str:
        return labels.continent(code, self.lang)

    def theme(self, code: str) -> str:
        return labels.theme(code, self.lang)

    def language(self, code: str) -> str:
        return labels.language_name(code, self.lang)

    def sdg(self, number: int) -> str:
        return labels.sdg(str(number), self.lang)

    def kind(self, code: str) -> str:
        return labels.own("kind")(code, self.lang)

    def status(self, code: str) -> str:
        return labels.own("status")(code, self.lang)

    def authority_type(self, code: str) -> str:
        return labels.own("authority_type")(code, self.lang)

    def _number(self, value: float) -> str:
        """A number as the language writes it."""
        return format_decimal(value, locale=self._locale)

    def _money(self, amount: float, currency: str) -> str:
        """An amount as the language writes it, without decimals."""
        return labels.money(amount, currency, self.lang)

    def _month(self, month: str) -> str:
        """`2027-03` as a month and a year."""
        year, number = month.split("-")
        return format_date(date(int(year), int(number), 1), "MMMM y", locale=self._locale)

    def period(self, period: Mapping[str, Any]) -> str:
        """From which month (`start`) to which (`end`), if there is an end."""
        end = self.month(period["end"]) if period.get("end") else self.t("open end")
        return f"{self.month(period['start'])} – {end}"

    def date(self, moment: str) -> str:
        """The day of an RFC 3339 time."""
        return format_date(datetime.fromisoformat(moment), "long", locale=self._locale)

    def size(self, octets: int) -> str:
        """A size of a file in the unit that fits."""
        step, unit = next((step, unit) for step, unit in _UNITS if octets >= step or step == 1)
        shown = round(octets / step, 1 if step > 1 and octets < 10 * step else 0)
        return format_unit(shown, f"digital-{unit}", length="short", locale=self._locale)

    def distance(self, kilometres: float) -> str:
        """A distance, with a decimal where it is short."""
        shown = round(kilometres, 1 if kilometres < 10 else 0)
        return format_unit(shown, "length-kilometer", length="short", locale=self._locale)

    def listed(self, values: list[str]) -> str:
        """Values as an enumeration."""
        return format_list(values, locale=self._locale) if values else ""

    def countries(self, codes: list[str]) -> str:
        """The countries of a sheet, the first three where an offer names many."""
        named = [self.country(code) for code in codes]
        if len(named) <= 4:
            return self.listed(named)
        return self.n(
            "%(first)s and %(count)s other",
            "%(first)s and %(count)s others",
            len(named) - 3,
            first=", ".join(named[:3]),
        )

    def languages(self, codes: list[str]) -> str:
        return self.listed([self.language(code) for code in codes])

    def file_type(self, media_type: str) -> str:
        """What a file is, as people call it."""
        kind = media_type.split("/")[-1]
        known = {"pdf": "PDF", "png": "PNG", "jpeg": "JPEG", "webp": "WebP"}
        if kind in known:
            return known[kind]
        for part, name in _OFFICE:
            if part in kind:
                return self.t(name)
        return kind

    def by_name(self, values: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Labelled values in the alphabet's order, accents left aside."""
        return sorted(values, key=lambda value: folded(value["label"]))


def folded(text: str) -> str:
    """For sorting and comparing: without case and accents."""
    return "".join(char for char in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(char))


@cache
def words(language: str) -> Words:
    """The words of a language."""
    return Words(language)
