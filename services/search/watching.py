"""How long searches take: measured, and logged where one is slow. What was typed is never logged."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import Counter, Histogram

from services.search import queries
from services.search.parameters import Filters

log = structlog.get_logger()

SECONDS = Histogram("bourse_search_seconds", "Time of a search, the engine's included, in seconds.", ["call"])
SLOW = Counter("bourse_search_slow_total", "Searches that took longer than BOURSE_SEARCH_SLOW_MS.", ["call"])


class Watchable(Protocol):
    """An index, as far as its name and what is slow there go."""

    alias: str

    @property
    def slow_ms(self) -> int: ...


@dataclass
class Spent:
    """What the engine says that it took for the searches of one call."""

    engine_ms: int = 0
    requests: int = 0


_SPENT: ContextVar[Spent | None] = ContextVar("spent", default=None)


def engine_took(milliseconds: int) -> None:
    """Note one answer of the engine to the search that is watched."""
    spent = _SPENT.get()
    if spent is not None:
        spent.engine_ms += milliseconds
        spent.requests += 1


@contextmanager
def watched(
    index: Watchable, call: str, q: str, filters: Filters | None = None, *, sort: str = "", size: int = 0
) -> Generator[None]:
    """Measure a search, and log it where it was slow, whether or not it was answered."""
    spent, started = Spent(), time.perf_counter()
    token = _SPENT.set(spent)
    try:
        yield
    finally:
        _SPENT.reset(token)
        seconds = time.perf_counter() - started
        SECONDS.labels(call).observe(seconds)
        if seconds * 1000 > index.slow_ms:
            SLOW.labels(call).inc()
            log.warning(
                "slow search",
                call=call,
                ms=round(seconds * 1000),
                engine_ms=spent.engine_ms,
                requests=spent.requests,
                words=len(q.split()),
                filters=sorted(queries.clauses(filters)) if filters else [],
                sort=sort,
                size=size,
                index=index.alias,
            )
