"""Searches that found nothing: counted by day and query, so that the DAECT sees which words are missing.

Nothing of a person is kept: no address, no account, no time of day. A query that looks like an e-mail address, a
telephone number or a long text is not kept at all, and one is shown only once it was asked several times. What was
counted within the last seconds is lost with the process: it is a statistic.
"""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from backbone.components import Supervised
from backbone.database import Database
from services.search import thesaurus_repository as repository
from services.search.spelling import fold, plain
from services.search.thesaurus_repository import Miss

WRITE_EVERY_S: Final = 5.0
KEPT_DAYS: Final = 90
LEAST_SHOWN: Final = 3
MOST_SHOWN: Final = 500
_LONGEST: Final = 60
_MOST_WORDS: Final = 6
_MOST_FIGURES: Final = 4
_MOST_WAITING: Final = 10_000


def countable(q: str) -> str | None:
    """The query as it is counted, None where it may say something of a person."""
    text = fold(plain(q))
    figures = sum(char.isdigit() for char in text)
    if not text or "@" in text or figures > _MOST_FIGURES or len(text) > _LONGEST or len(text.split()) > _MOST_WORDS:
        return None
    return text


class Misses(Supervised):
    """Counts in memory and writes what it counted now and then."""

    def __init__(self, database: Database) -> None:
        super().__init__("misses", self._keep)
        self._database = database
        self._waiting: Counter[Miss] = Counter()
        self._forgot: date | None = None

    def count(self, q: str, language: str) -> None:
        text = countable(q)
        if text is not None and len(self._waiting) < _MOST_WAITING:
            self._waiting[_today(), language, text] += 1

    async def write(self) -> None:
        """Write what waits; what cannot be written waits on."""
        counted, self._waiting = self._waiting, Counter()
        try:
            async with self._database.transaction() as tx:
                if counted:
                    await repository.add_misses(tx, counted)
                if self._forgot != _today():
                    await repository.forget_misses(tx, before=_today() - timedelta(days=KEPT_DAYS))
        except BaseException:
            self._waiting.update(counted)
            raise
        self._forgot = _today()

    async def _keep(self) -> None:
        while True:
            await self.write()
            self.well()
            await asyncio.sleep(WRITE_EVERY_S)

    async def shown(self, days: int) -> list[dict[str, Any]]:
        """What was looked for in vain, `{q, language, times, last_day}`, the most frequent first."""
        async with self._database.connection() as tx:
            since = _today() - timedelta(days=days)
            rows = await repository.list_misses(tx, since=since, least=LEAST_SHOWN, most=MOST_SHOWN)
        return [{**row, "last_day": row["last_day"].isoformat()} for row in rows]


def _today() -> date:
    return datetime.now(UTC).date()
