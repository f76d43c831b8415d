"""One figure for what is published, by which the catalogue and the index are compared."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson

_ANY_DIGIT = bytes.maketrans(b"123456789", b"000000000")


def canonical(sheet: Mapping[str, Any]) -> bytes:
    """`json.dumps(sheet, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` in UTF-8, ten times as fast."""
    quick = orjson.dumps(sheet, option=orjson.OPT_SORT_KEYS)
    # what orjson writes otherwise than the standard library: small numbers, 0.00001 for 1e-05 and 1e-7 for 1e-07
    if b"0.0000" not in quick and b"0e-" not in quick.translate(_ANY_DIGIT):
        return quick
    return json.dumps(sheet, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sheet_digest(project_id: str, version: int, sheet: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of one published sheet as parsed from its event: id, version and canonical JSON."""
    return digest_of(project_id, version, canonical(sheet))


def digest_of(project_id: str, version: int, text: bytes) -> str:
    """`sheet_digest` of a sheet whose canonical JSON is at hand."""
    return hashlib.sha256(f"{project_id}\n{version}\n".encode() + text).hexdigest()


class SheetsChecksum:
    """SHA-256 over published sheets, added in the order of their ids; the same on every side that has the same."""

    def __init__(self) -> None:
        self.count = 0
        self._total = hashlib.sha256()
        self._last = ""

    def add(self, project_id: str, version: int, sheet: Mapping[str, Any]) -> None:
        """Add the next sheet. Raises `ValueError` where the ids do not ascend (by code point)."""
        self.add_digest(project_id, sheet_digest(project_id, version, sheet))

    def add_digest(self, project_id: str, digest: str) -> None:
        """Add the next sheet by its `sheet_digest`."""
        if project_id <= self._last:
            raise ValueError(f"{project_id} comes after {self._last}: add sheets in the order of their ids")
        self._last = project_id
        self._total.update(f"{digest}\n".encode())
        self.count += 1

    def hexdigest(self) -> str:
        """The total so far, in hexadecimal."""
        return self._total.hexdigest()
