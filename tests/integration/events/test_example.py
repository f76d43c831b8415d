"""The example for outside consumers, run as they would run it: a real Kafka, and what our relay really writes."""

import asyncio
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from backbone import outbox
from backbone.contracts.events import Event, ProjectStateChanged
from backbone.database import Database
from backbone.outbox import Relay
from tests.integration.catalog.conftest import published, unpublished

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "analytics_consumer.py"
GUIDE = ROOT / "docs" / "events" / "guide.md"


@pytest.fixture
async def moderation(new_database: Callable[[str], str], kafka_bootstrap: str) -> AsyncGenerator[Database, None]:
    """A database whose outbox is relayed."""
    database = Database(new_database("moderation"), migrations="services.moderation")
    await database.start()
    relay = Relay(database, source="moderation", bootstrap=kafka_bootstrap)
    await relay.start()
    yield database
    await relay.stop()
    await database.stop()


async def emit(database: Database, *events: Event) -> None:
    async with database.transaction() as tx:
        for event in events:
            await outbox.emit(tx, event)


async def relayed(database: Database) -> None:
    async with asyncio.timeout(20), database.connection() as connection:
        unsent: int | None = None
        while unsent != 0:
            await asyncio.sleep(0.05)
            unsent = await connection.fetchval("select count(*) from outbox where sent_at is null")


@asynccontextmanager
async def example(folder: Path, *arguments: str) -> AsyncGenerator[Process, None]:
    """The example in a folder of its own, where nothing of ours can be imported."""
    shutil.copy(EXAMPLE, folder / EXAMPLE.name)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", EXAMPLE.name, *arguments), cwd=folder, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_prints_what_is_published_and_stops_at_the_end(
    moderation: Database, kafka_bootstrap: str, tmp_path: Path
) -> None:
    country = {"ref": "wf-uvea", "country": "WF"}
    mark = uuid4().hex
    kept = published(authority=country, themes=["health", "education"], title=f"Gardé {mark}")
    gone = published(authority=country, themes=["health"], title=f"Retiré {mark}")
    again = published(kept.project, version=2, authority=country, themes=["digital"], title=f"Corrigé {mark}")
    await emit(moderation, kept, gone, again, unpublished(gone.project, 2))
    await relayed(moderation)

    async with example(tmp_path, "--bootstrap", kafka_bootstrap, "--once") as process:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    lines = out.decode().splitlines()
    about_ours = [line for line in lines if mark in line]
    ours = [line for line in about_ours if kept.sheet.title in line or again.sheet.title in line]
    assert ours == [f"+ WF  health, education  Gardé {mark}", f"= WF  digital  Corrigé {mark}"]
    theirs = [line for line in about_ours if line not in ours]
    assert theirs == [f"+ WF  health  Retiré {mark}", f"- WF  health  Retiré {mark}"]
    assert "      1  WF" in lines
    assert lines[-1].startswith("  ")
    assert any(line.endswith("projects published") for line in lines)


async def test_it_goes_on_with_what_comes(moderation: Database, kafka_bootstrap: str, tmp_path: Path) -> None:
    async with example(tmp_path, "--bootstrap", kafka_bootstrap) as process:
        stdout = process.stdout
        assert stdout is not None
        async with asyncio.timeout(60):
            while b"by theme:" not in await stdout.readline():
                pass
            event = published(title=f"Nouveau \u202e {uuid4().hex}")
            await emit(moderation, event)
            line = ""
            while event.sheet.title[-32:] not in line:
                line = (await stdout.readline()).decode()
        assert line.startswith("+ SN  water-sanitation, economy-tourism  Nouveau ? ")
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_it_says_what_is_wrong(tmp_path: Path) -> None:
    async with example(tmp_path, "--bootstrap", "127.0.0.1:1", "--once") as process:
        _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert "cannot read bourse.publications from 127.0.0.1:1" in err.decode()


async def test_the_guide_s_own_program_works(moderation: Database, kafka_bootstrap: str, tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    program = found[1].replace("127.0.0.1:8092", kafka_bootstrap).replace("my-office", uuid4().hex)
    (tmp_path / "guide.py").write_text(program, encoding="utf-8")
    changed = ProjectStateChanged(
        version=1,
        occurred_at=datetime.now(UTC),
        project=str(uuid4()),
        revision=1,
        kind="demand",
        countries=["WF"],
        continents=["oceania"],
        themes=["health"],
        from_state="in_review",
        to_state="published",
    )
    await emit(moderation, changed)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-u", "guide.py"), cwd=tmp_path, stdout=PIPE, env={"PYTHONIOENCODING": "utf-8"}
    )
    try:
        assert process.stdout is not None
        line = ""
        async with asyncio.timeout(60):
            while "['WF']" not in line:
                line = (await process.stdout.readline()).decode()
    finally:
        process.kill()
        await process.wait()
    assert line.endswith("['WF'] in_review → published\n")
