"""Plain-SQL migrations: `NNNN_name.sql`, each run once, in order, under an advisory lock, its checksum kept.

The backbone's own run first (outbox, inbox, parked, idempotency), then the service's.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib import resources

import asyncpg
import structlog

log = structlog.get_logger()
LOCK = 0x626F7572  # "bour": one migrator at a time in a database

_LEDGER = """
create table if not exists schema_migrations (
    room text not null,
    version int not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    primary key (room, version)
)
"""


@dataclass(frozen=True)
class Migration:
    """One file: its room (package), version, name and SQL."""

    room: str
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationChangedError(Exception):
    """A migration that was already applied differs from its file: write a new one instead."""


def found(package: str) -> list[Migration]:
    """The migrations of a package, in order."""
    files = resources.files(package).joinpath("migrations").iterdir()
    matches = [(file, re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)) for file in files]
    named = [
        Migration(package, int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for file, match in matches
        if match
    ]
    return sorted(named, key=lambda migration: migration.version)


async def run(url: str, package: str) -> None:
    """Bring the database at `url` up to the migrations of the backbone and of `package`."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute(_LEDGER)
        rows = await connection.fetch("select room, version, checksum from schema_migrations")
        applied = {(row["room"], row["version"]): row["checksum"] for row in rows}
        for migration in (*found("backbone"), *found(package)):
            checksum = applied.get((migration.room, migration.version))
            if checksum is None:
                await _apply(connection, migration)
            elif checksum != migration.checksum:
                raise MigrationChangedError(f"{migration.room} {migration.version:04}_{migration.name} was changed")
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into schema_migrations (room, version, name, checksum) values ($1, $2, $3, $4)",
            migration.room,
            migration.version,
            migration.name,
            migration.checksum,
        )
    log.info("migrated", room=migration.room, version=migration.version, name=migration.name)
