"""E-mail addresses as they are taken and compared."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, EmailStr
from pydantic_core import PydanticCustomError


def email_key(email: str) -> str:
    """An address as it is compared: without case, in one Unicode form."""
    return unicodedata.normalize("NFC", email).casefold()


def _within_limits(email: str) -> str:
    if len(email) > 254:
        raise PydanticCustomError("string_too_long", "must have at most {max_length} characters", {"max_length": 254})
    return email


EmailAddress = Annotated[EmailStr, AfterValidator(_within_limits)]
