"""Sheets to measure with: the demonstration ones, varied."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from backbone.contracts.events import ProjectPublished
from backbone.contracts.sheet import Record, public_sheet
from bench.stack import ROOT


def records() -> list[dict[str, Any]]:
    """The demonstration's records, all of them."""
    files = sorted((ROOT / "data" / "demo").glob("*.json"))
    return [record for file in files for record in json.loads(file.read_text(encoding="utf-8"))]


def demands() -> list[dict[str, Any]]:
    return [record for record in records() if record["project"]["kind"] == "demand"]


def varied(count: int) -> Iterator[dict[str, Any]]:
    """That many records, each with a title and a reference of its own: none is a sheet that was judged."""
    base = records()
    for number in range(count):
        record = copy.deepcopy(base[number % len(base)])
        record["project"]["title"] = f"{record['project']['title'][:105]} {number}"
        record["project"]["ref"] = f"bench-{number}"
        yield record


def publications(count: int) -> Iterator[ProjectPublished]:
    """The events of that many publications."""
    now = datetime.now(UTC)
    for number, record in enumerate(varied(count)):
        project = str(UUID(int=number + 1))
        sheet = public_sheet(
            Record.model_validate(record),
            project_id=project,
            revision=1,
            post=None,
            first_published_at=now,
            published_at=now,
            demonstration=True,
        )
        yield ProjectPublished(version=1, occurred_at=now, project=project, revision=1, sheet=sheet)
