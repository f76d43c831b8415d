"""Stopping a stack: everything that it started, and nothing else."""

import signal
import time
from collections.abc import Callable
from typing import Final

from deploy.launcher import processes
from deploy.launcher.start import clear_orphans
from deploy.launcher.state import Folder, RunState
from deploy.launcher.supervisor import ENGINES_STOP_SECONDS, SERVICES_STOP_SECONDS

_MARGIN_SECONDS: Final = 8.0


def stop(folder: Folder, waiting: Callable[[list[str]], None] = lambda _: None) -> bool:
    """Stop the stack; False where none ran. `waiting` is told what still runs."""
    run = RunState.load(folder)
    supervisor = run.supervisor
    if supervisor is None or not supervisor.alive:
        return bool(clear_orphans(folder))
    processes.send(supervisor, signal.SIGTERM)
    end = time.monotonic() + SERVICES_STOP_SECONDS + ENGINES_STOP_SECONDS + _MARGIN_SECONDS
    while supervisor.alive and time.monotonic() < end:
        processes_now = RunState.load(folder).processes
        waiting([name for name, process in processes_now.items() if process.recorded and process.recorded.alive])
        time.sleep(0.1)
    if supervisor.alive:  # it hangs: end it, then what it leaves
        processes.send(supervisor, signal.SIGKILL)
        processes.wait_gone([supervisor], 5)
    clear_orphans(folder)
    return True
