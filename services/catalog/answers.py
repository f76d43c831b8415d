"""HTTP answers of the catalogue: validators, conditional requests, ranges, the name of a download."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final
from urllib.parse import quote

from fastapi import Request, Response

from backbone.errors import Problem

# may be kept, but not shown without asking: what was unpublished is gone at once
FRESH: Final = {"Cache-Control": "public, no-cache"}

_EXTENSIONS: Final = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}
# path separators, what shells and Windows give a meaning, quotes
_AWKWARD: Final = re.compile(r"""[<>:"'/\\|?*;%$`]+""")
# controls, invisible and direction-changing characters, lone surrogates, private and unassigned ones
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


class OutOfRange(Problem):
    status, code, title = 416, "range-not-satisfiable", "No such part of the file"


def validators(tag: str, changed_at: datetime | None = None) -> dict[str, str]:
    """The headers by which a client asks later whether its copy is still good."""
    headers = {**FRESH, "ETag": tag}
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.astimezone(UTC), usegmt=True)
    return headers


def conditional(request: Request, content: bytes, headers: Mapping[str, str], media_type: str) -> Response:
    """The content, or 304 where the client's copy is still good."""
    if is_known(request, headers):
        return Response(status_code=304, headers=dict(headers))
    return Response(content, headers=dict(headers), media_type=media_type)


def is_known(request: Request, headers: Mapping[str, str]) -> bool:
    """Whether the client has this already: by its `If-None-Match`, else by its `If-Modified-Since` (RFC 9110)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return tags.strip() == "*" or headers["ETag"] in known
    since, changed = request.headers.get("if-modified-since"), headers.get("Last-Modified")
    if since is None or changed is None:
        return False
    try:
        return parsedate_to_datetime(changed) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # no date, or one without a zone: as if it had not been sent
        return False


def part_asked(request: Request, size: int, tag: str) -> range | None:
    """The bytes that a single `Range` asks for; None for the whole. Raises `OutOfRange`."""
    header = request.headers.get("range")
    if header is None or request.headers.get("if-range", tag) != tag:
        return None
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None:
        return None  # several ranges, or another unit: the whole is a right answer too
    first, last, final = match.groups()
    if final is not None:
        part = range(max(0, size - int(final)), size)
    else:
        part = range(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return None  # no range at all, by the RFC
    if not part:
        raise OutOfRange(headers={"Content-Range": f"bytes */{size}"})
    return part


def attachment(title: str, media_type: str) -> str:
    """The `Content-Disposition` of a document (RFC 6266): its title, without what could deceive, and its extension."""
    name = file_name(title, _EXTENSIONS.get(media_type, "bin"))
    plain = "".join(c if c.isascii() else "_" for c in unicodedata.normalize("NFKD", name) if not _is_mark(c))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_name(title: str, extension: str) -> str:
    """A file name that any system takes."""
    spaced = "".join(" " if c in "\t\n\r" else c for c in unicodedata.normalize("NFC", title))
    seen = "".join(c for c in spaced if unicodedata.category(c) not in _UNSEEN)
    stem = " ".join(_AWKWARD.sub("-", seen).split())
    if stem.lower().endswith(f".{extension}"):
        stem = stem[: -len(extension) - 1]
    stem = stem[:100].strip(" .-")
    if all(_is_mark(c) or c in " .-" for c in stem):  # nothing that a mark could stand on
        stem = "document"
    return f"{stem}.{extension}"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")
