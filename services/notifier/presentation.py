"""A sheet as its readers see it in an e-mail: labelled rows, in their language, amounts and places by CLDR."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, cast

from babel import Locale
from babel.dates import format_date, format_interval
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from backbone.contracts import vocabularies
from backbone.contracts.sheet import Budget, Contact, Document, NamedPlace, Period, Record
from services.notifier.labels import AUTHORITY_TYPES, FIELDS, KINDS, WORDS, Language


@dataclass(frozen=True)
class Row:
    """One field: `words` are ours, in the reader's language; `line`, `prose`, `list` and `lines` were typed."""

    label: str
    kind: Literal["words", "line", "prose", "list", "lines"]
    value: str | Sequence[str]


@dataclass(frozen=True)
class Sheet:
    """What an e-mail shows of a sheet; `language` is that of the typed text."""

    project: str
    title: str
    language: str
    rows: Sequence[Row]


def present(project: str, record: Record, language: Language, *, whole: bool) -> Sheet:
    """The sheet for a reader of `language`: all that was deposited, or (`whole` false) what tells it from others."""
    rows = [Row(WORDS[language]["number"], "line", project)]
    for path in FIELDS:
        if path.count(".") == 1 and path not in _HIDDEN and (whole or path in _BRIEF):
            part, name = path.split(".")
            row = _row(path, getattr(getattr(record, part), name), language)
            rows.extend([row] if row else [])
    return Sheet(project, record.project.title, record.project.language, tuple(rows))


def _locale(language: Language) -> Any:  # Babel types the tables of a locale as unknown
    return Locale(language)


def country_name(code: str, language: Language) -> str:
    """By CLDR; the code where it has none."""
    return str(_locale(language).territories.get(code, code))


def language_name(code: str, language: Language) -> str:
    """By CLDR; the code where it has none."""
    return str(_locale(language).languages.get(code, code))


def amount(value: float, currency: str, language: Language) -> str:
    """An amount as the language writes it, without decimals where there are none."""
    pattern = Locale(language).currency_formats["standard"].pattern
    whole = float(value).is_integer()
    return format_currency(
        Decimal(str(value)),
        currency,
        format=pattern.replace("0.00", "0") if whole else pattern,
        locale=language,
        currency_digits=not whole,
    )


def _budget(budget: Budget, language: Language) -> str:
    words = WORDS[language]["budget_part" if budget.secured else "budget_none"]
    return words.format(
        total=amount(budget.total, budget.currency, language),
        secured=amount(budget.secured, budget.currency, language),
    )


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def _period(period: Period, language: Language) -> str:
    start = _month(period.start)
    if period.end is None:
        return WORDS[language]["open_end"].format(start=format_date(start, "MMMM y", language))
    return format_interval(start, _month(period.end), "yMMMM", locale=language)


def _document(document: Document, language: Language) -> str:
    about = [language_name(document.language, language)] if document.language else []
    if document.media_type:
        about.append(document.media_type.rpartition("/")[2].upper())
    if document.size:
        about.append(format_unit(max(1, round(document.size / 1000)), "digital-kilobyte", "short", locale=language))
    return f"{document.title} ({', '.join(about)})" if about else document.title


def _contact(contact: Contact, language: Language) -> list[str]:
    typed = [contact.name, contact.function, contact.email, contact.phone]
    public = WORDS[language]["contact_public" if contact.public else "contact_private"]
    return [*(line for line in typed if line), f"({public})"]


Show = Callable[[Any, Language], "tuple[Literal['words', 'line', 'prose', 'list', 'lines'], str | Sequence[str]]"]


def _place(value: NamedPlace, _: Language) -> tuple[Literal["line"], str]:
    return "line", value.name


_SHOWN: Final[Mapping[str, Show]] = {
    "project.kind": lambda value, language: ("words", KINDS[value][language]),
    "authority.type": lambda value, language: ("words", AUTHORITY_TYPES[value][language]),
    "authority.country": lambda value, language: ("words", country_name(value, language)),
    "project.themes": lambda value, language: (
        "words",
        " · ".join(vocabularies.themes()[code].label(language) for code in value),  # labels have commas of their own
    ),
    "project.sdgs": lambda value, _: ("words", ", ".join(map(str, value))),
    "project.budget": lambda value, language: ("words", _budget(value, language)),
    "project.period": lambda value, language: ("words", _period(value, language)),
    "project.location": _place,
    "project.countries_sought": lambda value, language: (
        "words",
        ", ".join(country_name(code, language) for code in value),
    ),
    "project.language": lambda value, language: ("words", language_name(value, language)),
    "project.documents": lambda value, language: ("list", [_document(one, language) for one in value]),
    "authority.contact": lambda value, language: ("lines", _contact(value, language)),
    "authority.languages": lambda value, language: (
        "words",
        ", ".join(language_name(code, language) for code in value),
    ),
}
_LINES: Final = frozenset({"project.ref", "authority.name", "authority.region", "authority.website"})
# the title heads the sheet, and the public page shows the map
_HIDDEN: Final = frozenset({"project.title", "authority.ref", "authority.location"})
_BRIEF: Final = frozenset(
    {"project.kind", "authority.name", "authority.country", "project.themes", "project.summary", "project.period"}
)


def _row(path: str, value: Any, language: Language) -> Row | None:
    label = FIELDS[path][language]
    if value is None or value == []:
        return None
    if path in _SHOWN:
        return Row(label, *_SHOWN[path](value, language))
    match value:
        case bool():
            return Row(label, "words", WORDS[language]["yes" if value else "no"])
        case int() | float():
            return Row(label, "words", format_decimal(value, locale=language))
        case list():
            return Row(label, "list", [str(entry) for entry in cast("list[Any]", value)])
        case _:
            return Row(label, "line" if path in _LINES else "prose", str(value))
