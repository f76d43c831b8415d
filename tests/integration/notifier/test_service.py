"""The service as a process: events in from Kafka, mails out over SMTP, killed in between, and its commands."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from backbone.contracts.events import Event, ReviewOpened, ReviewRejected
from backbone.kafka import EventMeta, encode
from tests.engines import free_port
from tests.integration.notifier.conftest import MailServer, until
from tests.unit.notifier.letters import review

Environment = Mapping[str, str]


@pytest.fixture
def environment(database_url: str, kafka_bootstrap: str, mail_server: MailServer) -> Environment:
    return {
        **os.environ,
        "BOURSE_DATABASE_URL": database_url,
        "BOURSE_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "BOURSE_SMTP_URL": mail_server.url,
        "BOURSE_PORT": str(free_port(26500)),
        "BOURSE_PORTAL_URL": "https://bourse.example.org",
        "BOURSE_REPLICA": "tests",
    }


@pytest.fixture
async def producer(kafka_bootstrap: str) -> AsyncGenerator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await made.start()
    yield made
    await made.stop()


@contextmanager
def serving(environment: Environment) -> Generator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "services.notifier.app"], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


async def ready(environment: Environment) -> dict[str, str]:
    """The checks, once all are well (or what they last were)."""

    async def look() -> dict[str, str]:
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{environment['BOURSE_PORT']}/health/ready")
                return answer.json()["checks"] if answer.status_code == 200 else {}
        return {}

    return await until(look, bool, 40)


async def publish(producer: AIOKafkaProducer, event: Event, event_id: str | None = None, value: bytes = b"") -> None:
    meta = EventMeta(event_id or str(uuid4()), event.TYPE, "/tests", datetime.now(UTC), event.key)
    payload, headers = encode(meta, value or event.model_dump_json().encode())
    await producer.send_and_wait(event.TOPIC.name, payload, key=event.key.encode(), headers=headers)


def about(mail_server: MailServer, project: str) -> list[str]:
    """The e-mails about a project, as they came."""
    return mail_server.about.get(project, [])


def command(environment: Environment, *arguments: str) -> str:
    """What a command of the service says."""
    done = subprocess.run(
        [sys.executable, "-m", "services.notifier.admin", *arguments],
        env={**environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.returncode} {done.stdout}{done.stderr}"


async def test_from_an_event_to_the_mails(
    environment: Environment, producer: AIOKafkaProducer, mail_server: MailServer
) -> None:
    with serving(environment):
        assert await ready(environment) == {"database": "ok", "mailer": "ok", "smtp": "ok", "consumer": "ok"}
        # how soon is measured by the bench
        for _ in range(15):
            project = str(uuid4())
            await publish(producer, ReviewOpened(**review(project=project)))
            await until(lambda wanted=project: len(about(mail_server, wanted)), lambda count: count == 3)

        async with httpx.AsyncClient() as client:
            metrics = (await client.get(f"http://127.0.0.1:{environment['BOURSE_PORT']}/metrics")).text
        for metric in ("bourse_mails_total{", "bourse_mail_queue ", "bourse_mail_oldest_seconds ", "bourse_mail_send_"):
            assert metric in metrics

        await mail_server.stop()
        await publish(producer, ReviewOpened(**review(project=str(uuid4()))))
        away = await until(lambda: ready(environment), lambda checks: checks.get("smtp") != "ok")
        assert away["smtp"].startswith("degraded")  # and the service stays ready


async def test_killed_and_started_again_it_loses_and_repeats_nothing(
    environment: Environment, producer: AIOKafkaProducer, mail_server: MailServer
) -> None:
    projects = [str(uuid4()) for _ in range(120)]

    async def submit() -> None:
        for project in projects:
            await publish(producer, ReviewOpened(**review(project=project)))
            await asyncio.sleep(0.04)

    submitting = asyncio.create_task(submit())
    kills = 0
    while not submitting.done():
        with serving(environment) as process:
            await ready(environment)
            await asyncio.sleep(0.7)
            process.kill()
            kills += 1
    await submitting
    with serving(environment):
        await until(lambda: all(len(set(about(mail_server, project))) == 3 for project in projects), bool, 40)
    assert all(len(set(about(mail_server, project))) == 3 for project in projects)
    mine = [mail for mail in mail_server.mails if mail["x-bourse-project"] in projects]
    assert len({mail["message-id"] for mail in mine}) == 3 * len(projects)
    assert len(mine) - 3 * len(projects) <= 4 * kills
    print(f"{kills} kills, {len(mine) - 3 * len(projects)} mails twice, each under its Message-ID")


async def test_its_mails_are_listed_shown_and_sent_again(
    environment: Environment, producer: AIOKafkaProducer, mail_server: MailServer
) -> None:
    project = str(uuid4())

    def refuse(mail: EmailMessage) -> str:
        # of this project only: what other tests left unsent comes now, too
        return "550 no such user" if mail["x-bourse-project"] == project and "scac" in mail["to"] else "250 OK"

    mail_server.on_data = refuse
    with serving(environment):
        await ready(environment)
        await publish(producer, ReviewOpened(**review(project=project)))
        listed = await until(
            lambda: asyncio.to_thread(command, environment, "mails", "list", "--state", "failed", "--project", project),
            lambda said: "550 no such user" in said,
            40,
        )
        assert "scac-dakar@example.org" in listed
        (number,) = [part.strip("│ ").split()[0] for part in listed.splitlines() if "scac-dakar" in part]
        shown = command(environment, "mails", "show", number)
        assert "Assainir le marché central" in shown
        assert "Subject: Nouvelle fiche à instruire" in shown
        mail_server.on_data = lambda _: "250 OK"
        assert command(environment, "mails", "retry").startswith("2 ")
        assert command(environment, "mails", "retry", "999999").startswith("1 0 will be sent")
        assert command(environment, "mails", "show", "999999").startswith("1 there is no mail")
        assert command(environment, "mails", "retry", "--failed").startswith("0 1 will be sent")
        await until(lambda: about(mail_server, project), lambda seen: len(seen) == 3)
        assert sorted(about(mail_server, project)) == ["review_opened", "review_opened_daect", "submission_received"]


async def test_an_event_that_cannot_be_written_about_is_parked_with_the_later_ones_of_its_project(
    environment: Environment, producer: AIOKafkaProducer, mail_server: MailServer
) -> None:
    broken, other = str(uuid4()), str(uuid4())
    with serving(environment):
        await ready(environment)
        event = ReviewRejected(**review(project=broken), reason="x")
        await publish(producer, event, value=event.model_dump_json().replace('"fr"', '"q\\u0000"', 1).encode()[:-2])
        await publish(producer, ReviewOpened(**review(project=broken)))
        await publish(producer, ReviewOpened(**review(project=other)))
        await until(lambda: about(mail_server, other), lambda seen: len(seen) == 3)
        assert about(mail_server, broken) == []
        parked = command(environment, "parked", "list")
        assert parked.count(broken[:8]) >= 1
        assert "held back" in parked
