"""How long searches take: measured, and logged where one is slow. What was typed is never logged."""

import time
from collections.abc import Generator
from contextlib import contextmanager

import structlog
from prometheus_client import Counter, Histogram

from services.search import queries
from services.search.index import Index, Spent, spending
from services.search.parameters import Filters

log = structlog.get_logger()

SECONDS = Histogram("bourse_search_seconds", "Time of a search, the engine's included, in seconds.", ["call"])
SLOW = Counter("bourse_search_slow_total", "Searches that took longer than BOURSE_SEARCH_SLOW_MS.", ["call"])


@contextmanager
def watched(
    index: Index, call: str, q: str, filters: Filters | None = None, *, sort: str = "", size: int = 0
) -> Generator[None]:
    """Measure a search, and log it where it was slow, whether or not it was answered."""
    started = time.perf_counter()
    with spending() as spent:
        try:
            yield
        finally:
            _observe(index, call, q, filters, sort, size, spent, time.perf_counter() - started)


def _observe(
    index: Index, call: str, q: str, filters: Filters | None, sort: str, size: int, spent: Spent, seconds: float
) -> None:
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
