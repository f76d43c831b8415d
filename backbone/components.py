"""What a service is made of: parts that start, stop and say whether they are well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, cast, runtime_checkable

import structlog

log = structlog.get_logger()


@runtime_checkable
class Component(Protocol):
    """A part of a running service. `start` may raise while what it needs is away: it is tried again."""

    @property
    def name(self) -> str:
        """Its name in `/health/ready`."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def check(self) -> str | None:
        """None when well, else what is wrong in a few words."""
        ...


class Supervised:
    """A component that is one endless coroutine, started again with backoff whenever it fails."""

    def __init__(self, name: str, run: Callable[[], Awaitable[None]], *, longest_pause: float = 2.0) -> None:
        self._name = name
        self._run = run
        self._longest_pause = longest_pause
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = "starting"

    @property
    def name(self) -> str:
        return self._name

    async def start(self) -> None:
        self._task = asyncio.create_task(self._forever(), name=self._name)

    async def stop(self) -> None:
        if self._task is None:
            return
        # again and again: before Python 3.12, `asyncio.wait_for` forgets a cancellation that meets its result
        while not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=5)

    async def check(self) -> str | None:
        if self._task is not None and self._task.done():
            return "ended"
        return self.trouble

    def well(self) -> None:
        """Said by the coroutine once it works."""
        self.trouble = None

    async def _forever(self) -> None:
        pause = 0.1
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await self._run()
                self.trouble = "ended"
            except (Exception, asyncio.CancelledError) as raised:
                # a library may let out the cancellation of a task of its own: that of this one is counted
                if isinstance(raised, asyncio.CancelledError) and self._task and self._task.cancelling():
                    raise
                error = _cause(raised)
                self.trouble = type(error).__name__
                log.warning("component failed, starting it again", component=self.name, error=repr(error), pause=pause)
            if asyncio.get_running_loop().time() - started > 30:
                pause = 0.1
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._longest_pause)


def _cause(error: BaseException) -> BaseException:
    """What went wrong first, out of the groups that tasks wrap it in."""
    if isinstance(error, ExceptionGroup):
        return _cause(cast("ExceptionGroup[Exception]", error).exceptions[0])
    return error
