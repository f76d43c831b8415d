"""What moderation says of a project."""

from datetime import UTC, datetime
from typing import Any, Literal

from backbone.contracts.events import (
    FieldRemark,
    PostRef,
    ReviewChangesRequested,
    ReviewClosed,
    ReviewOpened,
    ReviewRejected,
    ReviewReopened,
)
from backbone.contracts.sheet import Record
from tests import builders


def _common(project: str, version: int, revision: int) -> dict[str, Any]:
    return {
        "project": project,
        "version": version,
        "revision": revision,
        "occurred_at": datetime(2026, 11, 22, 12, tzinfo=UTC),
        "record": Record.model_validate(builders.record()),
        "author": builders.author(),
        "post": PostRef(code="dakar", name={"fr": "Dakar"}, email="scac-dakar@example.org", languages=["fr"]),
    }


def opened(project: str, version: int, revision: int = 1) -> ReviewOpened:
    return ReviewOpened(**_common(project, version, revision), resubmitted=revision > 1)


def changes_requested(project: str, version: int, revision: int = 1) -> ReviewChangesRequested:
    remark = FieldRemark(field="project.title", remark="Trop court")
    return ReviewChangesRequested(**_common(project, version, revision), reason="À préciser", fields=[remark])


def rejected(project: str, version: int, revision: int = 1) -> ReviewRejected:
    return ReviewRejected(**_common(project, version, revision), reason="Hors du champ")


def reopened(project: str, version: int, revision: int = 1) -> ReviewReopened:
    return ReviewReopened(**_common(project, version, revision))


def closed(
    project: str,
    version: int,
    outcome: Literal["published", "unpublished", "withdrawn"],
    revision: int = 1,
    reason: str | None = None,
) -> ReviewClosed:
    return ReviewClosed(**_common(project, version, revision), outcome=outcome, reason=reason)
