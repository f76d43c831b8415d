"""A document as it comes in: a multipart body, cut off at its limit while it streams, never whole in memory."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from backbone.contracts.sheet import ShortLine
from backbone.contracts.text import LanguageCode
from backbone.errors import BadRequest, FieldError, Invalid, TooLarge, UnsupportedMedia, field_errors
from services.submission.files import ALLOWED, ALLOWED_TEXT, MAX_OVERHEAD, MAX_SIZE, Upload, kind_of, shown_name

FIELDS: Final = ("file", "title", "language")


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: ShortLine | None = None
    language: LanguageCode | None = None


@dataclass(frozen=True)
class Received:
    """A document and what was said of it; the title is the file's name where none was given."""

    upload: Upload
    title: str
    language: str | None


class _Overflow(MultiPartException):
    """Raised within the stream, so that the parser closes what it opened."""


@asynccontextmanager
async def received(request: Request) -> AsyncGenerator[Received, None]:
    """The document of this request; its temporary file is gone at the end.

    Raises `TooLarge` as soon as it is, `UnsupportedMedia` by the content, `Invalid` naming every wrong part.
    """
    form = await _parse(request)
    try:
        words, errors = _words(form)
        given = form.getlist("file")
        file = given[0] if len(given) == 1 else None
        if not isinstance(file, UploadFile):
            sentence = "is missing" if not given else "must be one file, sent with its name"
            raise Invalid(errors=[FieldError("file", sentence, "file"), *errors])
        upload = await asyncio.to_thread(_measured, file.file, file.filename or "")
        if errors:
            raise Invalid(errors=errors)
        yield Received(upload, words.title or upload.name.rpartition(".")[0], words.language)
    finally:
        await form.close()


async def _parse(request: Request) -> FormData:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedMedia("a document is sent as multipart/form-data", code="not-multipart")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:18]) > MAX_SIZE + MAX_OVERHEAD:
        raise _too_large()
    parser = MultiPartParser(request.headers, _limited(request), max_files=4, max_fields=20, max_part_size=4096)
    try:
        return await parser.parse()
    except _Overflow as error:
        raise _too_large() from error
    except MultiPartException as error:
        raise BadRequest(f"not a form: {error.message}", code="bad-form") from error


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_SIZE + MAX_OVERHEAD:
            raise _Overflow("too large")
        yield chunk


def _too_large() -> TooLarge:
    sentence = f"must have at most {MAX_SIZE // 1024 // 1024} MB"
    return TooLarge(f"a document has at most {MAX_SIZE} bytes", errors=[FieldError("file", sentence, "too_large")])


def _words(form: FormData) -> tuple[_Words, list[FieldError]]:
    errors: list[FieldError] = []
    given: dict[str, Any] = {}
    for name in dict.fromkeys(form.keys()):
        values = form.getlist(name)
        if name not in FIELDS:
            errors.append(FieldError(name, f"is not a part of this form: {', '.join(FIELDS)}", "extra_forbidden"))
        elif name != "file" and (len(values) > 1 or not isinstance(values[0], str)):
            errors.append(FieldError(name, "must be given once, as text", "repeated"))
        elif name != "file" and values[0]:
            given[name] = values[0]
    words, wrong = _checked(given)
    return words, [*errors, *wrong]


def _checked(given: Mapping[str, Any]) -> tuple[_Words, list[FieldError]]:
    try:
        return _Words.model_validate(given), []
    except ValidationError as refused:
        return _Words(), field_errors(refused.errors(include_url=False, include_input=False))


def _measured(file: IO[bytes], name: str) -> Upload:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # pyright: ignore[reportArgumentType] -- a SpooledTemporaryFile reads
    size = file.tell()
    if size > MAX_SIZE:
        raise _too_large()
    if size == 0:
        raise Invalid(errors=[FieldError("file", "is empty", "empty")])
    kind = kind_of(file)
    if kind is None:
        error = FieldError("file", f"must be {ALLOWED_TEXT}, by its content", "unsupported_type")
        raise UnsupportedMedia("this type of file is not taken", errors=[error])
    return Upload(file, digest.hexdigest(), size, ALLOWED[kind], shown_name(name, kind))
