"""What runs beside the consumer and the routes for the alerts: matching, telling, forgetting. Replicas share it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from prometheus_client import Gauge

from backbone import database
from backbone.components import Supervised
from backbone.database import Database, Transaction
from services.search import alerts_repository, matching, saved_repository, telling
from services.search.index import Index
from services.search.settings import Settings
from services.search.vocabulary import Vocabulary

log = structlog.get_logger()

TO_MATCH = Gauge("bourse_alerts_to_match", "Publications that the saved searches have not been asked about.")
UNTOLD = Gauge("bourse_alerts_untold", "Matches that wait for their e-mail.")

POLL_S: Final = 1.0
LOOK_S: Final = 15.0  # a figure, which may count many rows
UNCONFIRMED_DAYS: Final = 7
Turn = Callable[[Transaction], Awaitable[int]]  # how much it did


class _Worker(Supervised):
    """Takes turns, each in one transaction, as long as there is something to do; then waits for a bell, or a second."""

    def __init__(self, name: str, db: Database, channel: str, turn: Turn, look: Turn, gauge: Gauge) -> None:
        super().__init__(name, self._work)
        self._db = db
        self._channel = channel
        self._turn = turn
        self._look = look
        self._gauge = gauge

    async def _work(self) -> None:
        async with database.dedicated(self._db.url) as session:
            bell = self._db.bell(self._channel)

            def rung(*_: Any) -> None:
                bell.set()

            await session.add_listener(self._channel, rung)
            looked = 0.0
            try:
                while not session.is_closed():
                    bell.clear()
                    async with self._db.transaction() as tx:
                        did = await self._turn(tx)
                    self.well()
                    if did:
                        continue
                    if time.monotonic() - looked > LOOK_S:
                        async with self._db.connection() as connection:
                            self._gauge.set(await self._look(connection))
                        looked = time.monotonic()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):
                            await bell.wait()
                raise ConnectionError("the session that listens is gone")
            finally:
                self._db.unhang(self._channel)


def matcher(db: Database, index: Index, vocabulary: Vocabulary, settings: Settings) -> _Worker:
    """Asks the saved searches about what is published."""

    async def turn(tx: Transaction) -> int:
        return await matching.match_some(tx, index, vocabulary.now, settings.alerts_hour)

    return _Worker("matcher", db, alerts_repository.CHANNEL, turn, alerts_repository.waiting, TO_MATCH)


def teller(db: Database, index: Index, settings: Settings) -> _Worker:
    """Tells what is due."""

    async def turn(tx: Transaction) -> int:
        return await telling.tell_some(tx, index, datetime.now(UTC), demonstration=settings.demonstration)

    return _Worker("teller", db, matching.CHANNEL, turn, alerts_repository.untold, UNTOLD)


class Sweeper(Supervised):
    """Once an hour, forgets what nobody confirmed and what was found long ago."""

    def __init__(self, db: Database) -> None:
        super().__init__("sweeper", self._sweep)
        self._db = db

    async def _sweep(self) -> None:
        while True:
            async with self._db.transaction() as tx:
                swept = await saved_repository.purge(
                    tx, unconfirmed_days=UNCONFIRMED_DAYS, matches_days=matching.REMEMBERED_DAYS
                )
            self.well()
            log.info("swept", **swept)
            await asyncio.sleep(3600)
