"""Publications to search: the demonstration's sheets, and single ones."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from backbone.contracts.events import ProjectPublished, ProjectUnpublished
from backbone.contracts.sheet import Record, public_sheet
from tests.builders import record

DEMONSTRATION = Path(__file__).parents[3] / "data" / "demo"
FIRST = datetime(2026, 11, 1, 12, tzinfo=UTC)


def publication(
    project: str | None = None,
    *,
    version: int = 1,
    published_at: datetime | None = None,
    authority: dict[str, Any] | None = None,
    **fields: Any,
) -> ProjectPublished:
    """The publication of a sheet; the other arguments replace fields of the builder's record."""
    return published(record(authority, **fields), project or str(uuid4()), version, published_at or datetime.now(UTC))


def published(source: Mapping[str, Any], project: str, version: int, published_at: datetime) -> ProjectPublished:
    sheet = public_sheet(
        Record.model_validate(source),
        project_id=project,
        revision=1,
        post=None,
        first_published_at=published_at,
        published_at=published_at,
        demonstration=False,
    )
    return ProjectPublished(project=project, version=version, revision=1, occurred_at=published_at, sheet=sheet)


def unpublication(project: str, version: int) -> ProjectUnpublished:
    return ProjectUnpublished(project=project, version=version, revision=1, occurred_at=datetime.now(UTC))


@cache
def demonstration() -> tuple[ProjectPublished, ...]:
    """The publications of all the demonstration's sheets: some at the same second, some with a partner."""
    files = sorted(DEMONSTRATION.glob("*.json"))
    records = [one for file in files for one in json.loads(file.read_text(encoding="utf-8"))]
    events = [
        published(one, str(UUID(int=number * 7919)), 1, FIRST + timedelta(minutes=number // 3))
        for number, one in enumerate(records, 1)
    ]
    states = ("open", "open", "partnered", "open", "expired")
    return tuple(
        event.model_copy(update={"sheet": event.sheet.model_copy(update={"status": states[number % len(states)]})})
        for number, event in enumerate(events)
    )
