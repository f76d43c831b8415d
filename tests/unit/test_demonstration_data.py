"""The demonstration sheets are valid records of the contract."""

import json
from pathlib import Path
from typing import Any

import pytest

from backbone.contracts.sheet import errors_of

DATA = Path(__file__).parent.parent.parent / "data" / "demo"
RECORDS: list[dict[str, Any]] = [
    record for file in sorted(DATA.glob("*.json")) for record in json.loads(file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("record", RECORDS, ids=[record["project"]["ref"] for record in RECORDS])
def test_a_demonstration_sheet_can_be_submitted(record: dict[str, Any]) -> None:
    assert errors_of(record, draft=False) == []


def test_every_project_is_there_once_and_an_authority_is_always_the_same() -> None:
    refs = [record["project"]["ref"] for record in RECORDS]
    assert len(refs) == len(set(refs))
    authorities: dict[str, Any] = {}
    for record in RECORDS:
        assert authorities.setdefault(record["authority"]["ref"], record["authority"]) == record["authority"]


def test_both_kinds_and_every_language_are_shown() -> None:
    assert {record["project"]["kind"] for record in RECORDS} == {"demand", "offer"}
    assert {record["project"]["language"] for record in RECORDS} == {"fr", "en", "es", "pt", "ar"}
