"""The files that no document names any more: removed after what let them go, and by a sweep after a crash."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from backbone.components import Supervised
from backbone.database import Database
from backbone.errors import Unavailable
from services.submission import repository
from services.submission.store import DepositStore

log = structlog.get_logger()

# an upload puts its file before it names it: a young file may yet be named
YOUNG: Final = timedelta(hours=24)


async def release(database: Database, store: DepositStore, sha256s: Iterable[str]) -> None:
    """After the commit that let these contents go: remove those that nothing else names.

    What cannot be removed now is left to the sweep: the caller's work is done and kept either way.
    """
    for sha256 in sha256s:
        try:
            await _remove_unnamed(database, store, sha256)
        except Unavailable as error:
            log.warning("a file is left to the sweep", sha256=sha256, error=str(error))


async def sweep(database: Database, store: DepositStore, age: timedelta = YOUNG) -> int:
    """Remove the files older than `age` that no document names; how many there were."""
    removed = 0
    async for old in store.older_than(age):
        async with database.connection() as connection:
            named = await repository.named_contents(connection, old)
        for sha256 in old:
            if sha256 not in named:
                removed += await _remove_unnamed(database, store, sha256)
    if removed:
        log.info("files swept", removed=removed)
    return removed


async def _remove_unnamed(database: Database, store: DepositStore, sha256: str) -> bool:
    async with database.transaction() as tx:
        await repository.lock_content(tx, sha256)
        if await repository.named_contents(tx, [sha256]):
            return False
        await store.remove(sha256)
        return True


class Sweep(Supervised):
    """Sweeps once in a while; several replicas may, since each removal asks first."""

    def __init__(self, database: Database, store: DepositStore, every: timedelta) -> None:
        super().__init__("sweep", self._sweep)
        self._database = database
        self._store = store
        self._every = every.total_seconds()

    async def check(self) -> str | None:
        trouble = await super().check()
        return f"degraded: {trouble}" if trouble else None

    async def _sweep(self) -> None:
        while True:
            self.well()
            await sweep(self._database, self._store)
            await asyncio.sleep(self._every)
