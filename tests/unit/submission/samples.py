"""Documents made for the tests, the smallest that are what they say."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from fpdf import FPDF

OOXML = "application/vnd.openxmlformats-officedocument."
ODF = "application/vnd.oasis.opendocument."


def archive(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        for name, content in entries.items():
            file.writestr(name, content)
        file.comment = comment
    return made.getvalue()


def pdf(text: str = "Étude") -> bytes:
    made = FPDF()
    made.add_page()
    made.set_font("helvetica")
    made.cell(text=text)
    return bytes(made.output())


def png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def jpg() -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\xff\xd9"


def webp() -> bytes:
    data = b"WEBPVP8L" + struct.pack("<I", 8) + b"\x2f\0\0\0\0\0\0\0"
    return b"RIFF" + struct.pack("<I", len(data)) + data


def ooxml(kind: str, folder: str, part: str, **more: bytes) -> bytes:
    types = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/{folder}/{part}" ContentType="{OOXML}{kind}.main+xml"/></Types>'
    )
    entries = {"[Content_Types].xml": types.encode(), "_rels/.rels": b"<Relationships/>", f"{folder}/{part}": b"<x/>"}
    return archive({**entries, **more})


def docx(**more: bytes) -> bytes:
    return ooxml("wordprocessingml.document", "word", "document.xml", **more)


def odf(kind: str, **more: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("mimetype", f"{ODF}{kind}", zipfile.ZIP_STORED)
        for name, content in {"content.xml": b"<x/>", **more}.items():
            file.writestr(name, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


GOOD = {
    "pdf": pdf(),
    "png": png(),
    "jpg": jpg(),
    "webp": webp(),
    "docx": docx(),
    "xlsx": ooxml("spreadsheetml.sheet", "xl", "workbook.xml"),
    "pptx": ooxml("presentationml.presentation", "ppt", "presentation.xml"),
    "odt": odf("text"),
    "ods": odf("spreadsheet"),
    "odp": odf("presentation"),
}

_WORD = f"{OOXML}wordprocessingml.document.main+xml"
_MACROS = OOXML.replace("openxmlformats-officedocument.", "ms-word.document.macroEnabled.main+xml").encode()


def huge_directory() -> bytes:
    """A small archive whose directory would take much memory to read."""
    return archive({"mimetype": b"x", **{f"{n:0200}": b"" for n in range(6_000)}})


BAD = {
    "text": b"hello",
    "html": b"<!doctype html><script>alert(1)</script>",
    "html after white space": b"\n\n <html></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "xml": b"<?xml version='1.0'?><x/>",
    "windows executable": b"MZ" + bytes(200),
    "linux executable": b"\x7fELF" + bytes(200),
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "gif": b"GIF89a" + bytes(40),
    "old word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "rtf": rb"{\rtf1}",
    "pdf that begins with something else": b"<script>//\n%PDF-1.7",
    "wave": b"RIFF\x24\0\0\0WAVEfmt ",
    "zip": archive({"a.txt": b"x"}),
    "jar": archive({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0"}),
    "epub": archive({"mimetype": b"application/epub+zip"}),
    "template": odf("text-template"),
    "empty zip": b"PK\x05\x06" + bytes(18),
    "cut off": docx()[:-30],
    "only a head": b"PK\x03\x04",
    "types alone": archive({"[Content_Types].xml": _WORD.encode()}),
    "two kinds": archive(
        {
            "[Content_Types].xml": f"{_WORD} {OOXML}spreadsheetml.sheet.main+xml".encode(),
            "word/document.xml": b"",
            "xl/workbook.xml": b"",
        }
    ),
    "macros by type": archive({"[Content_Types].xml": _MACROS, "word/document.xml": b""}),
    "macros inside": docx(**{"word/vbaProject.bin": b"x"}),
    "basic inside": odf("text", **{"Basic/Standard/Module1.xml": b"x"}),
    "unusual compression": archive({"mimetype": f"{ODF}text".encode()}, zipfile.ZIP_LZMA),
    "comment behind": archive({"mimetype": f"{ODF}text".encode()}, comment=b"x"),
    "huge directory": huge_directory(),
}
