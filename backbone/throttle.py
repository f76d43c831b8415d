"""Rate limits: sliding windows per caller and per account, off where the settings say so.

Each replica counts for itself: with several, the limits are as many times wider.
"""

import ipaddress
import math
import time

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from backbone.errors import TooMany


class Throttle:
    """Counts in this process. `off` counts nothing."""

    def __init__(self, *, off: bool = False) -> None:
        self._off = off
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def spend(self, limit: RateLimitItem, name: str, *who: str) -> None:
        """Count one call. Raises `TooMany`, with how long to wait, past the limit."""
        if not self._off and not await self._limiter.hit(limit, name, *who):
            await self._refuse(limit, name, *who)

    async def check(self, limit: RateLimitItem, name: str, *who: str) -> None:
        """Raises `TooMany` where the limit was reached, without counting."""
        if not self._off and not await self._limiter.test(limit, name, *who):
            await self._refuse(limit, name, *who)

    async def count(self, limit: RateLimitItem, name: str, *who: str) -> None:
        """Count one failure that `check` will know of."""
        if not self._off:
            await self._limiter.hit(limit, name, *who)

    async def _refuse(self, limit: RateLimitItem, name: str, *who: str) -> None:
        window = await self._limiter.get_window_stats(limit, name, *who)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        raise TooMany("too many attempts: wait before the next", headers={"Retry-After": str(wait)})


def caller(peer: str | None, forwarded: str | None, proxies: int) -> str:
    """The address that called, as far as it can be trusted; of IPv6 the network, since a caller has a whole one.

    `forwarded` is X-Forwarded-For, believed only for the entries that our own `proxies` appended.
    """
    address = peer or "unknown"
    if proxies and forwarded:
        hops = [hop.strip() for hop in forwarded.split(",")]
        address = hops[-min(proxies, len(hops))]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
