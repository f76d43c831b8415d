"""HTTP answers of the catalogue: ranges, the name of a download."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from fastapi import Request

from backbone.errors import Problem

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
