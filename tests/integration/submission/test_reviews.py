"""What the reviews say: the state that the author sees, through Kafka and out of order."""

from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from backbone.contracts.events import Review
from backbone.contracts.topics import REVIEWS
from backbone.kafka import EventMeta, encode
from tests.integration.submission.conftest import Headers, Signer, Submission, running_submission, until
from tests.integration.submission.reviews import changes_requested, closed, opened, rejected, reopened
from tests.topics import skip_to_end


async def state_of(submission: Submission, who: Headers, project: str) -> tuple[str, int | None]:
    seen = await submission.get(who, project)
    return seen["state"], seen["published_revision"]


async def test_the_author_sees_the_reason_and_the_fields(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    before = await submission.http.get(f"/projects/{project}", headers=agent)
    await submission.hear(opened(project, 1), changes_requested(project, 2))
    answer = await submission.http.get(f"/projects/{project}", headers=agent)
    assert answer.json()["review"] == {
        "reason": "À préciser",
        "fields": [{"field": "project.title", "remark": "Trop court"}],
        "at": "2026-11-22T12:00:00+00:00",
    }
    # an outcome is no write of the author's
    assert answer.headers["etag"] == before.headers["etag"]


async def test_the_life_of_a_review(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    told = [
        (opened(project, 1), ("in_review", None)),
        (rejected(project, 2), ("rejected", None)),
        (reopened(project, 3), ("in_review", None)),
        (closed(project, 4, "published"), ("published", 1)),
        (closed(project, 5, "unpublished", reason="Périmé"), ("unpublished", None)),
        (reopened(project, 6), ("in_review", None)),
    ]
    for event, expected in told:
        await submission.hear(event)
        assert await state_of(submission, agent, project) == expected


async def test_what_was_said_before_is_refused(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    await submission.hear(closed(project, 3, "published"), opened(project, 1), changes_requested(project, 2))
    await submission.hear(rejected(project, 3))
    assert await state_of(submission, agent, project) == ("published", 1)


async def test_an_earlier_revision_does_not_speak_for_a_later_one(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    await submission.hear(opened(project, 1), changes_requested(project, 2))
    await submission.submit(agent, project)
    await submission.hear(reopened(project, 3), closed(project, 4, "published"))
    assert await state_of(submission, agent, project) == ("submitted", 1)
    await submission.hear(opened(project, 5, 2))
    assert await state_of(submission, agent, project) == ("in_review", 1)
    await submission.hear(closed(project, 6, "unpublished"))
    assert await state_of(submission, agent, project) == ("in_review", None)
    await submission.hear(closed(project, 7, "published", 2))
    assert await state_of(submission, agent, project) == ("published", 2)


async def test_a_withdrawn_project_stays_withdrawn(submission: Submission, agent: Headers) -> None:
    project = (await submission.submitted(agent))["id"]
    await submission.http.post(f"/projects/{project}/withdraw", headers=agent)
    for event, published in (
        (opened(project, 1), None),
        (closed(project, 2, "published"), 1),
        (closed(project, 3, "withdrawn"), None),
    ):
        await submission.hear(event)
        assert await state_of(submission, agent, project) == ("withdrawn", published)


async def test_a_review_of_an_unknown_project_is_an_error(submission: Submission) -> None:
    with pytest.raises(LookupError):
        await submission.hear(opened("019aaaaa-0000-7000-8000-000000000000", 1))


async def _tell(bootstrap: str, event: Review) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    meta = EventMeta(
        id=f"{event.project}-{event.version}",
        type=event.TYPE,
        source="/bourse-projets/moderation",
        time=event.occurred_at,
        subject=event.key,
        traceparent=None,
    )
    value, headers = encode(meta, event.model_dump_json().encode())
    await producer.send_and_wait(event.TOPIC.name, value, key=event.key.encode(), headers=headers)
    await producer.stop()


async def test_reviews_come_through_kafka(
    signer: Signer, agent: Headers, new_database: Callable[[str], str], kafka_bootstrap: str, tmp_path: Path
) -> None:
    # the reviews of other tests speak of projects that are not known here
    await skip_to_end(kafka_bootstrap, REVIEWS, "submission")
    async with running_submission(signer, new_database("submission"), tmp_path, kafka_bootstrap) as submission:
        project = (await submission.submitted(agent))["id"]
        await _tell(kafka_bootstrap, opened(project, 1))
        await _tell(kafka_bootstrap, changes_requested(project, 2))

        async def told() -> bool:
            return (await state_of(submission, agent, project))[0] == "changes_requested"

        await until(told)
        async with submission.database.connection() as connection:
            unsent = await connection.fetchval("select count(*) from outbox where sent_at is null")
        assert unsent == 0
