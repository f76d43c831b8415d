"""Errors that know their HTTP status and speak RFC 9457 (`application/problem+json`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its dotted path, a sentence that says what is allowed, a stable code."""

    field: str
    detail: str
    code: str = "invalid"


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """An error that the caller is told about. Subclasses set the status; `code` is stable, `detail` is for people."""

    status: ClassVar[int] = 500
    code: str = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.code = code or self.code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members = members

    def body(self) -> dict[str, Any]:
        """The members of the problem document."""
        document: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status}
        document["code"] = self.code
        if self.detail:
            document["detail"] = self.detail
        if self.errors:
            document["errors"] = [vars(error) for error in self.errors]
        return {**document, **self.members}


class BadRequest(Problem):
    status, code, title = 400, "bad-request", "Bad request"


class Unauthorized(Problem):
    status, code, title = 401, "unauthorized", "A valid token is needed"


class Forbidden(Problem):
    status, code, title = 403, "forbidden", "Not allowed with this role"


class NotFound(Problem):
    status, code, title = 404, "not-found", "Not found"


class Conflict(Problem):
    status, code, title = 409, "conflict", "Not possible in this state"


class Gone(Problem):
    status, code, title = 410, "gone", "No longer published"


class Stale(Problem):
    status, code, title = 412, "stale", "Changed in the meantime"


class TooLarge(Problem):
    status, code, title = 413, "too-large", "Too large"


class UnsupportedMedia(Problem):
    status, code, title = 415, "unsupported-media-type", "Unsupported type of content"


class Invalid(Problem):
    status, code, title = 422, "invalid", "Some fields are missing or wrong"


class TooMany(Problem):
    status, code, title = 429, "too-many-requests", "Too many requests"


class Unavailable(Problem):
    """Something that the service needs is away; what was accepted is kept. `retry_after` in seconds."""

    status, code, title = 503, "unavailable", "Temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this record",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "finite_number": "must be a finite number",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "literal_error": "must be one of {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_unicode": "must be valid Unicode text",
}


def _sentence(error: ErrorDetails | Mapping[str, Any]) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    code = error["type"]
    if code in ("too_long", "too_short") and context.get("field_type") == "Value":
        code = f"string_{code}"  # a length declared beside other constraints of a text
    # only our own sentences have places to fill: Pydantic's may quote what was typed
    return _SENTENCES[code].format_map(context) if code in _SENTENCES else error["msg"]


def field_errors(
    errors: Sequence[ErrorDetails | Mapping[str, Any]], prefix: Sequence[str | int] = ()
) -> list[FieldError]:
    """Pydantic's errors as field errors, each naming its path and what is allowed, never what was typed."""
    return [
        FieldError(
            field=".".join(str(part) for part in (*prefix, *error["loc"])),
            detail=_sentence(error),
            code=error["type"],
        )
        for error in errors
    ]
