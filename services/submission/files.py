"""What a deposited file is, by its content, and the name it is shown under."""

import io
import re
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, Final
from urllib.parse import quote
from uuid import UUID

# 20 MB; the parts around the file in a multipart body come on top
MAX_SIZE: Final = 20 * 1024 * 1024
MAX_OVERHEAD: Final = 64 * 1024
MAX_STEM: Final = 100

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."

# extension to media type: what may be deposited
ALLOWED: Final = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "docx": f"{_OOXML}wordprocessingml.document",
    "xlsx": f"{_OOXML}spreadsheetml.sheet",
    "pptx": f"{_OOXML}presentationml.presentation",
    "odt": f"{_ODF}text",
    "ods": f"{_ODF}spreadsheet",
    "odp": f"{_ODF}presentation",
}
ALLOWED_TEXT: Final = "PDF, PNG, JPEG, WebP, DOCX, XLSX, PPTX, ODT, ODS or ODP, without macros"

_FOLDERS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
_END = struct.Struct("<4s4H2LH")
_MAX_DIRECTORY = 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A file as it came: measured, of a known type, its name cleaned; `file` is to be read from its beginning."""

    file: IO[bytes]
    sha256: str
    size: int
    media_type: str
    name: str


@dataclass(frozen=True)
class Deposited:
    """A file as it is kept, under its document's id; `submitted` once a revision names it."""

    id: UUID
    sha256: str
    size: int
    media_type: str
    name: str
    submitted: bool


# -- type ------------------------------------------------------------------------------------------------------------


def kind_of(file: IO[bytes]) -> str | None:
    """The extension that a file's content deserves, one of `ALLOWED`; None for anything else.

    The name and the type that the client gives play no part.
    """
    file.seek(0)
    head = file.read(16)
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return _office_kind(file) if head.startswith(b"PK\x03\x04") else None


def _office_kind(file: IO[bytes]) -> str | None:
    if not _plain_archive(file):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if _has_macros(names):
                return None
            if "mimetype" in names:
                declared = _start_of(archive, "mimetype").decode("ascii")
                return next((ext for ext in ("odt", "ods", "odp") if ALLOWED[ext] == declared), None)
            return _ooxml_kind(archive, names)
    # what a damaged archive may raise; it is then not a document
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, KeyError, ValueError, OSError, struct.error):
        return None


def _ooxml_kind(archive: zipfile.ZipFile, names: set[str]) -> str | None:
    types = _start_of(archive, "[Content_Types].xml")
    found = [
        ext
        for ext, folder in _FOLDERS.items()
        if f"{ALLOWED[ext]}.main+xml".encode() in types and any(name.startswith(folder) for name in names)
    ]
    return found[0] if len(found) == 1 and b"macroEnabled" not in types else None


def _has_macros(names: set[str]) -> bool:
    return any(name.endswith("vbaProject.bin") or name.startswith(("Basic/", "Scripts/")) for name in names)


def _start_of(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    # other methods may ask for gigabytes before their first byte
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("unusual compression")
    with archive.open(info) as part:
        return part.read(_MAX_DIRECTORY)


def _plain_archive(file: IO[bytes]) -> bool:
    """Whether the archive's directory is small and where office programs write it: at the very end, not in zip64.

    `zipfile` reads the whole directory into memory; a crafted one would take hundreds of times its size.
    """
    size = file.seek(0, io.SEEK_END)
    if size < _END.size:
        return False
    file.seek(max(0, size - _END.size - 20))
    tail = file.read()
    signature, disk, start_disk, _, _, directory, _, comment = _END.unpack(tail[-_END.size :])
    in_zip64 = tail.startswith(b"PK\x06\x07") and len(tail) > _END.size
    plain = signature == b"PK\x05\x06" and comment == 0 and disk == start_disk == 0
    return plain and not in_zip64 and directory <= _MAX_DIRECTORY


# -- name ------------------------------------------------------------------------------------------------------------

# path separators, what shells and Windows give a meaning, quotes
_AWKWARD = re.compile(r'[<>:"/\\|?*;%$`]+')
# controls, invisible and direction-changing characters, lone surrogates, private and unassigned ones
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown_name(given: str, extension: str) -> str:
    """The name to show: the last part of the one given, without what could deceive, ending as its content says."""
    last = re.split(r"[/\\]", given)[-1]
    seen = "".join(" " if c in "\t\n\r" else c for c in unicodedata.normalize("NFC", last))
    seen = "".join(c for c in seen if unicodedata.category(c) not in _UNSEEN)
    stem = " ".join(_AWKWARD.sub("-", seen).split())
    if "." in stem[1:]:
        stem = stem[: stem.rindex(".")]
    stem = stem[:MAX_STEM].strip(" .-")
    return f"{stem or 'document'}.{extension}"


def attachment(name: str) -> str:
    """The `Content-Disposition` of a download (RFC 6266), for any name that `shown_name` made."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
