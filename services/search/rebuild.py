"""A new index from the log alone, while searches and events go on.

Load everything into an index that nobody sees; then, with the index to itself for a moment, read what came meanwhile,
compare with what was read, and move the aliases in one step. A crash before that leaves the old index in service, and
the next rebuild drops what was left half-built.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, cast

import stamina
import structlog
from prometheus_client import Gauge

from backbone import database
from backbone.components import Supervised
from backbone.contracts.checksum import SheetsChecksum
from backbone.database import Transaction
from backbone.errors import Unavailable
from services.search import places, relevance, repository
from services.search.documents import Write
from services.search.engine import EngineRefusedError, IndexMissing
from services.search.index import Index, Outcome
from services.search.log import Ends, Publications, Unreadable, publications
from services.search.settings import Settings
from services.search.thesaurus import seed

log = structlog.get_logger()

REBUILT = Gauge("bourse_index_rebuild_seconds", "Time that the last rebuild took, in seconds.")

BULK_DOCUMENTS: Final = 500
BULKS_AT_ONCE: Final = 3  # one more than the engine works on with two cores: it never waits for us
PATIENCE_S: Final = 10.0  # for the last searches of an index that is to be dropped

Progress = Callable[[str, int, int], None]  # (what, done, of how many)


class AlreadyRebuildingError(Exception):
    """Another process is rebuilding the index."""


class DiffersError(Exception):
    """The new index lacks something: it was dropped, the old one stays."""


class WorseError(Exception):
    """Judged queries find worse in the new index: it was dropped, the old one stays. `reasons` name them."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass
class Loaded:
    """What was read: by id, the newest version seen, and the version and digest (None for a tombstone) to be found."""

    seen: dict[str, int] = field(default_factory=dict[str, int])
    expected: dict[str, tuple[int, str | None]] = field(default_factory=dict[str, tuple[int, "str | None"]])
    refused: int = 0
    records: int = 0

    def is_new(self, write: Write) -> bool:
        """Whether the log had nothing as new of this sheet before."""
        if write.version <= self.seen.get(write.id, 0):
            return False
        self.seen[write.id] = write.version
        return True

    def note(self, writes: Sequence[Write], outcome: Outcome) -> None:
        """What the index must hold after this bulk."""
        refused = {(write.id, write.version) for write, _ in outcome.refused}
        for write in writes:
            newest = self.expected.get(write.id, (0, None))[0]
            if write.version > newest and (write.id, write.version) not in refused:
                self.expected[write.id] = (write.version, write.digest)
        for write, why in outcome.refused:
            log.warning("document left out", project=write.id, version=write.version, why=why)
        self.refused += len(refused)


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: `refused` counts records that no document could be made of, they are in the log."""

    index: str
    sheets: int
    tombstones: int
    checksum: str
    refused: int
    seconds: float
    judging_seconds: float
    alone_seconds: float


async def rebuild(
    index: Index,
    settings: Settings,
    progress: Progress | None = None,
    *,
    accept_loss: bool = False,
    accept_worse: bool = False,
) -> Rebuilt:
    """Rebuild the index from the log. Raises `AlreadyRebuildingError`, `DiffersError`, `WorseError`, `Unavailable`.

    The log forgets no sheet: where the present index has one that the log lacks, it is the log that was damaged, and
    the present index is kept unless `accept_loss`. Nor may judged queries find worse, unless `accept_worse`.
    """
    started = time.perf_counter()
    report = progress or _silent
    towns = asyncio.create_task(asyncio.to_thread(places.read))  # while the broker and the engine make ready
    async with _rebuilder(settings) as connection, publications(settings.kafka_bootstrap) as reader:
        for name in await index.left_behind():
            log.info("dropping an index left behind", index=name)
            await index.drop(name)
        name = await index.create()
        log.info("rebuild begins", index=name)
        loaded = Loaded()
        try:
            present = set[str]() if accept_loss else await _present(index)
            await towns
            await _load(index, name, reader, loaded, report)
            # for judged queries: an engine opens an index on one core, and this goes on on another
            reading = asyncio.create_task(asyncio.to_thread(seed))
            await index.open(name)
            # before events have to wait: what comes meanwhile changes little
            judging = time.perf_counter()
            await reading
            await _judge(index, name, settings, report, accept_worse=accept_worse)
            judging_seconds = time.perf_counter() - judging
            async with connection.transaction():
                await repository.have_index_alone(connection)
                alone = time.perf_counter()
                await _load(index, name, reader, loaded, report)
                # all that was in the index before is in the log up to here
                if lost := present - loaded.seen.keys():
                    raise DiffersError(f"the log lacks {len(lost)} sheets of the present index, such as {min(lost)}")
                await index.refresh(name)
                report("comparing", 0, len(loaded.expected))
                checksum = await _compare(index, name, loaded)
                olds = await index.swap(name)
                # had the connection broken, and the lock with it, events may have gone to the old index meanwhile:
                # they are in the log
                await _load(index, name, reader, loaded, _silent)
            alone_seconds = time.perf_counter() - alone
        except BaseException:
            await asyncio.shield(_clear(index, name))
            raise
        seconds = time.perf_counter() - started
        for old in olds:
            await _retire(index, old)
    sheets = checksum.count
    done = Rebuilt(
        index=name,
        sheets=sheets,
        tombstones=len(loaded.expected) - sheets,
        checksum=checksum.hexdigest(),
        refused=loaded.refused,
        seconds=seconds,
        judging_seconds=judging_seconds,
        alone_seconds=alone_seconds,
    )
    REBUILT.set(seconds)
    log.info("rebuild done", **vars(done))
    return done


@asynccontextmanager
async def _rebuilder(settings: Settings) -> AsyncGenerator[Transaction, None]:
    async with database.dedicated(settings.database_url) as connection:
        if not await repository.become_the_rebuilder(cast("Transaction", connection)):
            raise AlreadyRebuildingError
        # a connection of its own answers as a pooled one does
        yield cast("Transaction", connection)


async def _load(index: Index, name: str, reader: Publications, loaded: Loaded, report: Progress) -> None:
    """Read to the end of the log as it is now; some bulks are under way at any time."""
    ends = await reader.ends()
    total = loaded.records + await reader.remaining(ends)
    gate = asyncio.Semaphore(BULKS_AT_ONCE)

    async def flush(writes: Sequence[Write]) -> None:
        try:
            # an engine that is short of memory for a moment is no reason to begin again
            async for attempt in stamina.retry_context(on=Unavailable, attempts=8, timeout=90, wait_max=10):
                with attempt:
                    loaded.note(writes, await index.bulk(writes, name))
        finally:
            gate.release()
        report("loading", loaded.records, max(total, loaded.records))

    try:
        async with asyncio.TaskGroup() as bulks:
            async for writes in _batches(reader, ends, loaded):
                await gate.acquire()
                bulks.create_task(flush(writes))
    except BaseExceptionGroup as group:
        # the first is the cause, the others were cancelled or failed alike
        raise group.exceptions[0] from group


async def _batches(reader: Publications, ends: Ends, loaded: Loaded) -> AsyncGenerator[Sequence[Write], None]:
    """What the log has of newest versions so far, in portions for a bulk."""
    waiting: list[Write] = []
    async with aclosing(reader.read(ends)) as chunks:
        async for chunk in chunks:
            loaded.records += len(chunk)
            for made in chunk:
                if isinstance(made, Unreadable):
                    log.warning("record left out", where=made.where, why=made.why)
                    loaded.refused += 1
                elif loaded.is_new(made):
                    waiting.append(made)
            while len(waiting) >= BULK_DOCUMENTS:
                yield waiting[:BULK_DOCUMENTS]
                del waiting[:BULK_DOCUMENTS]
    if waiting:
        yield waiting


async def _compare(index: Index, name: str, loaded: Loaded) -> SheetsChecksum:
    found = await index.digests(name)
    if found != loaded.expected:
        wrong = [
            project for project in {*found, *loaded.expected} if found.get(project) != loaded.expected.get(project)
        ]
        raise DiffersError(f"{len(wrong)} documents differ from the log, among them {', '.join(sorted(wrong)[:5])}")
    total = SheetsChecksum()
    for project, (_, digest) in sorted(found.items()):
        if digest is not None:
            total.add_digest(project, digest)
    return total


async def _judge(index: Index, name: str, settings: Settings, report: Progress, *, accept_worse: bool) -> None:
    """Compare what judged queries find in the present index and in the new one."""
    current = await index.current()
    if current is None:
        return
    report("judging", 0, 1)
    judgments = relevance.judged(settings.search_judgments)
    try:
        reasons = await relevance.against(index, current, name, judgments)
    except (EngineRefusedError, IndexMissing) as error:
        # of another edition, or gone meanwhile: there is nothing to compare with
        log.warning("the present index cannot be asked as the new one is: not compared", index=current, why=str(error))
        return
    report("judging", 1, 1)
    if reasons:
        log.warning("judged queries find worse", index=name, reasons=reasons, accepted=accept_worse)
        if not accept_worse:
            raise WorseError(reasons)


async def _present(index: Index) -> set[str]:
    current = await index.current()
    return set(await index.digests(current)) if current else set()


async def _clear(index: Index, name: str) -> None:
    try:
        if await index.current() != name:
            await index.drop(name)
    except Unavailable:
        log.warning("the half-built index stays until the next rebuild", index=name)


async def _retire(index: Index, old: str) -> None:
    """Drop an index once the searches that had begun there are answered."""
    end = time.monotonic() + PATIENCE_S
    await asyncio.sleep(0.5)
    while await index.searches_under_way(old) and time.monotonic() < end:  # noqa: ASYNC110 - the engine tells nobody
        await asyncio.sleep(0.2)
    await index.drop(old)


def _silent(what: str, done: int, total: int) -> None:
    pass


class IndexKeeper(Supervised):
    """Sees to it that there is an index of this process's edition: where there is none, it is built from the log."""

    def __init__(self, index: Index, settings: Settings) -> None:
        super().__init__("index", self._keep)
        self._index = index
        self._settings = settings
        self._refused = False

    async def check(self) -> str | None:
        if self.trouble is not None:
            return self.trouble
        try:
            current = await self._index.current()
        except Unavailable:
            return "engine away"
        return None if current else "no index"

    async def _keep(self) -> None:
        while True:
            if await self._index.is_of_this_edition():
                self.well()
            elif not self._refused:
                await self._build()
                continue
            await asyncio.sleep(5)

    async def _build(self) -> None:
        self.trouble = "index being built"
        log.info("no index of this edition: building it from the log")
        try:
            await rebuild(self._index, self._settings)
        except AlreadyRebuildingError:
            log.info("another process builds the index: waiting")
            await asyncio.sleep(1)
        except WorseError:
            # the old index answers; to build it again would find the same
            self._refused = True
            self.trouble = "degraded: judged queries find worse in the new index, see ./bourse search rebuild"
