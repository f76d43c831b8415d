"""Databases, roles and topics: what the services find ready. Idempotent; `python -m deploy.provision` does all of it.

Environment of the command: `BOURSE_POSTGRES_URL` (an administrator's), `BOURSE_DATABASE_PASSWORDS` (JSON, service to
password), `BOURSE_KAFKA_BOOTSTRAP`. What is not set is left alone. It waits for engines that are still starting, for
`BOURSE_PROVISION_SECONDS` (60).
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from backbone.contracts.topics import DAY_MS, TOPICS, Topic

EXTENSIONS: Final = ("pg_trgm", "unaccent")
_REPLICAS: Final = 3  # of each partition, or as many as there are brokers
_log: Final = logging.getLogger("bourse.provision")
_UNREACHABLE: Final = (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError)


async def provision_databases(admin_url: str, roles: Mapping[str, str]) -> None:
    """Make each service's role (with the given password) and database, both named `bourse_<service>`.

    Nobody but its owner and the administrator may connect to a database. Existing ones are brought to that state.
    """
    admin = await asyncpg.connect(admin_url)
    try:
        for service, password in roles.items():
            await _ensure_role(admin, f"bourse_{service}", password)
            await _ensure_database(admin, f"bourse_{service}")
    finally:
        await admin.close()
    for service in roles:
        await _ensure_extensions(_database_url(admin_url, f"bourse_{service}"))


async def _ensure_role(admin: asyncpg.Connection, role: str, password: str) -> None:
    exists = await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    options = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
    # A role's password cannot be a parameter: the server itself quotes it.
    statement = await admin.fetchval(
        f"SELECT format('{verb} ROLE %I {options} PASSWORD %L', $1::text, $2::text)", role, password
    )
    await admin.execute(statement)
    if not await admin.fetchval("SELECT pg_has_role(current_user, $1, 'SET')", role):
        # The administrator of a managed server is no superuser, and gives a database only to a role it may become.
        await admin.execute(await admin.fetchval("SELECT format('GRANT %I TO CURRENT_USER', $1::text)", role))


async def _ensure_database(admin: asyncpg.Connection, name: str) -> None:
    exists = await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name)
    if not exists:
        create = "SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', $1::text, $1::text)"
        await admin.execute(await admin.fetchval(create, name))
    revoke = "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text)"
    await admin.execute(await admin.fetchval(revoke, name))


async def _ensure_extensions(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for extension in EXTENSIONS:
            await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    finally:
        await connection.close()


def _database_url(admin_url: str, database: str) -> str:
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{database}"))


async def provision_topics(bootstrap: str) -> None:
    """Make every topic of the contracts, and bring existing ones to the partitions and settings declared there.

    Settings that someone gave such a topic by hand, and that are not declared, return to the broker's defaults.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="bourse-provision")
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        replicas = min(_REPLICAS, len((await admin.describe_cluster())["brokers"]))
        for topic in TOPICS:
            if topic.name not in existing:
                await _create(admin, topic, replicas)
        old = [topic for topic in TOPICS if topic.name in existing]
        await _ensure_partitions(admin, old)
        await _ensure_settings(admin, old)
    finally:
        await admin.close()


def topic_settings(topic: Topic) -> dict[str, str]:
    """Kafka's settings of a topic. A compacted one is cleaned within a day, so that what was unpublished goes."""
    if topic.compacted:
        return {"cleanup.policy": "compact", "max.compaction.lag.ms": str(DAY_MS)}
    return {"cleanup.policy": "delete", "retention.ms": str(-1 if topic.retention_ms is None else topic.retention_ms)}


async def _create(admin: AIOKafkaAdminClient, topic: Topic, replicas: int) -> None:
    wanted = NewTopic(topic.name, topic.partitions, replicas, topic_configs=topic_settings(topic))
    answer: Any = await admin.create_topics([wanted])
    # That it exists now is no error: another has made it meanwhile.
    made = ((name, code, rest) for name, code, *rest in answer.topic_errors if code != TopicAlreadyExistsError.errno)
    _refuse_errors(made)


def _refuse_errors(answers: Iterable[tuple[str, int, object]]) -> None:
    for topic, code, message in answers:
        if code:
            raise RuntimeError(f"Kafka refused to set topic {topic} up: error {code} {message}")


async def _ensure_partitions(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    described = await admin.describe_topics([topic.name for topic in topics]) if topics else []
    counts = {str(topic["topic"]): len(topic["partitions"]) for topic in described}
    for topic in topics:
        if counts[topic.name] < topic.partitions:
            answer: Any = await admin.create_partitions({topic.name: NewPartitions(topic.partitions)})
            _refuse_errors((name, code, message) for name, code, message in answer.topic_errors)
        elif counts[topic.name] > topic.partitions:
            # Kafka takes no partition away; more than declared do no harm.
            _log.warning(
                "topic %s keeps %s partitions, %s are declared", topic.name, counts[topic.name], topic.partitions
            )


async def _ensure_settings(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    for topic in topics:
        wanted = topic_settings(topic)
        if await _differs(admin, topic.name, wanted):
            answers: Any = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, wanted)])
            _refuse_errors((name, code, message) for a in answers for code, message, _, name in a.resources)


async def _differs(admin: AIOKafkaAdminClient, topic: str, wanted: Mapping[str, str]) -> bool:
    answers: Any = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(wanted))])
    entries = [entry for answer in answers for resource in answer.resources for entry in resource[4]]
    return {str(entry[0]): entry[1] for entry in entries} != dict(wanted)


async def _retried(
    what: str, step: Callable[[], Awaitable[None]], errors: tuple[type[Exception], ...], seconds: float
) -> None:
    """Do the step once its engine answers.

    Raises:
        RuntimeError: it did not within the time.
    """
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await step()
        except errors as error:
            if not getattr(error, "retriable", True):
                raise
            if asyncio.get_running_loop().time() > end:
                raise RuntimeError(f"{what} did not answer within {seconds:.0f} s: {error}") from error
            await asyncio.sleep(0.2)


async def provision(environment: Mapping[str, str]) -> None:
    """Provision what the environment names (see the module)."""
    seconds = float(environment.get("BOURSE_PROVISION_SECONDS", "60"))
    postgres, kafka = environment.get("BOURSE_POSTGRES_URL"), environment.get("BOURSE_KAFKA_BOOTSTRAP")
    async with asyncio.TaskGroup() as group:
        if postgres:
            roles = json.loads(environment["BOURSE_DATABASE_PASSWORDS"])
            group.create_task(
                _retried("PostgreSQL", lambda: provision_databases(postgres, roles), _UNREACHABLE, seconds)
            )
        if kafka:
            group.create_task(_retried("Kafka", lambda: provision_topics(kafka), (KafkaError,), seconds))


def main() -> int:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # "unable to connect", until Kafka is up
    failures: list[str] = []
    try:
        asyncio.run(provision(os.environ))
    except* Exception as errors:
        failures = [str(error) for error in errors.exceptions]
    for failure in failures:
        sys.stderr.write(f"provisioning failed: {failure}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
