"""Opaque cursors: where the next page of a list begins."""

import base64
import binascii
from typing import Any, cast

import orjson

from backbone.errors import FieldError, Invalid


def encode_cursor(values: list[Any]) -> str:
    """A cursor that stands for these values (JSON scalars)."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def decode_cursor(text: str | None) -> list[Any] | None:
    """The values of a cursor, None where there is none. Raises `Invalid` on what `encode_cursor` never made."""
    if not text:
        return None
    try:
        values = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise bad_cursor() from error
    if not isinstance(values, list):
        raise bad_cursor()
    items = cast("list[Any]", values)
    if not all(item is None or isinstance(item, str | int | float) for item in items):
        raise bad_cursor()
    return items


def bad_cursor() -> Invalid:
    """The refusal of a cursor that does not belong here."""
    return Invalid(errors=[FieldError("cursor", "must be the cursor of the page before", "cursor")])
