"""One supervised process: started, watched, started again when it dies, stopped."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.embedded.engine import EngineError, Launch
from deploy.embedded.unprivileged import user_arguments
from deploy.launcher import processes
from deploy.launcher.logs import open_log
from deploy.launcher.state import ProcessState

FIRST_DELAY: Final = 0.2
LONGEST_DELAY: Final = 10.0
STEADY_SECONDS: Final = 30.0  # a life this long makes the next death the first again

Report = Callable[[], None]
Died = Callable[["Child"], Awaitable[None]]


def delay_after(deaths: int) -> float:
    """Seconds to wait before the start that follows this many deaths in a row."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2 ** (deaths - 1))


@dataclass(frozen=True)
class Stopped:
    """Why a process is not running: its exit, or what kept it from starting."""

    reason: str


class Child:
    """Keeps one process alive until `stop`. `launch` may take long; it runs in a thread."""

    def __init__(self, name: str, state: ProcessState, launch: Callable[[], Launch], log: Path, report: Report) -> None:
        self.name = name
        self.state = state
        self.deaths = 0  # in a row
        self._launch = launch
        self._log = log
        self._report = report
        self._process: asyncio.subprocess.Process | None = None
        self._stop_signal = signal.SIGTERM
        self._stopping = asyncio.Event()

    async def run(self, died: Died) -> None:
        """Start the process again and again until it is told to stop; `died` hears of each death."""
        while not self._stopping.is_set():
            began = time.monotonic()
            self.state.last_exit = await self._live()
            if self._stopping.is_set():
                break
            self.deaths = 1 if time.monotonic() - began > STEADY_SECONDS else self.deaths + 1
            self.state.restarts += 1
            self._note(f"{self.state.last_exit}; starting again in {delay_after(self.deaths):.1f} s")
            self._report()
            await died(self)
            await self._pause(delay_after(self.deaths))
        self._report()

    async def _live(self) -> str:
        """One life of the process; how it ended."""
        try:
            launch = await asyncio.to_thread(self._launch)
        except (EngineError, OSError) as error:
            return str(error)
        if self._stopping.is_set():
            return "not started"
        try:
            process = await self._spawn(launch)
        except OSError as error:
            return f"{launch.argv[0]}: {error.strerror}"
        self._process, self._stop_signal = process, launch.stop_signal
        self.state.pid, self.state.identity = process.pid, processes.identity(process.pid)
        self._report()
        if self._stopping.is_set():  # told to while it started
            self._signal(self._stop_signal)
        code = await process.wait()
        self.state.pid = self.state.identity = self._process = None
        return _exit_text(code)

    async def _spawn(self, launch: Launch) -> asyncio.subprocess.Process:
        with open_log(self._log) as log:
            return await asyncio.create_subprocess_exec(
                *launch.argv,
                env=dict(launch.environment),
                cwd=launch.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **user_arguments(launch.user),
            )

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def stop(self) -> None:
        """Ask the process to end, and do not start it again."""
        self._stopping.set()
        self._signal(self._stop_signal)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, sig: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        try:
            if sig is signal.SIGKILL:
                os.killpg(self._process.pid, sig)  # it leads its own group, from which no other process comes
            else:
                self._process.send_signal(sig)
        except ProcessLookupError:
            return  # it has just ended

    def _note(self, text: str) -> None:
        with contextlib.suppress(OSError), open_log(self._log) as log:  # `status` tells it too
            log.write(f"--- {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {self.name}: {text}\n".encode())


def _exit_text(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
