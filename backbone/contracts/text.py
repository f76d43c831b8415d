"""The kinds of text a sheet holds, and what is refused in them."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from backbone.contracts import vocabularies

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BREAKS = re.compile("[\t\n\r\u2028\u2029]")


def _without_controls(value: str) -> str:
    if _CONTROLS.search(value):
        raise PydanticCustomError("control_character", "must not contain control characters")
    return value


def _on_one_line(value: str) -> str:
    if _BREAKS.search(value):
        raise PydanticCustomError("line_break", "must be on one line, without tabs")
    return _without_controls(value)


def _in_plain_figures(value: str) -> str:
    # JSON Schema's digits are 0 to 9; Pydantic's are those of every script
    if not value.isascii():
        raise PydanticCustomError("month", "must be a month in plain figures, such as 2027-03")
    return value


def _a_country(value: str) -> str:
    if value not in vocabularies.countries():
        raise PydanticCustomError("unknown_country", "must be an ISO 3166-1 alpha-2 country code, such as SN")
    return value


def _a_theme(value: str) -> str:
    if value not in vocabularies.themes():
        raise PydanticCustomError(
            "unknown_theme", "must be one of {allowed}", {"allowed": ", ".join(vocabularies.themes())}
        )
    return value


def _a_currency(value: str) -> str:
    if value not in vocabularies.currencies():
        raise PydanticCustomError("unknown_currency", "must be an ISO 4217 currency code, such as EUR")
    return value


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_on_one_line)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_without_controls)]
Country = Annotated[str, AfterValidator(_a_country)]
ThemeCode = Annotated[str, AfterValidator(_a_theme)]
Currency = Annotated[str, AfterValidator(_a_currency)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=100)]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Month = Annotated[
    str, StringConstraints(pattern=r"^(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])$"), AfterValidator(_in_plain_figures)
]
