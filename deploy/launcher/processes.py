"""Processes that outlive who started them: recognised by their start time, so that no other is ever signalled."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LINUX = Path("/proc/self/stat").exists()
_STATE, _START_TIME = 0, 19  # fields of /proc/PID/stat after the command's name, from proc(5)


@dataclass(frozen=True)
class Recorded:
    """A process as it was recorded: its pid and the identity that another process with that pid would not have."""

    pid: int
    identity: str

    @property
    def alive(self) -> bool:
        return identity(self.pid) == self.identity


def identity(pid: int) -> str | None:
    """What tells this process from an earlier or later one with the same pid; None when it is gone or a zombie."""
    if pid <= 0:
        return None
    if not _LINUX:
        return _identity_elsewhere(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE] in "ZXx":
        return None
    return f"{_boot_id()}:{fields[_START_TIME]}"


def _boot_id() -> str:
    # Ticks since boot say nothing after a reboot.
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _identity_elsewhere(pid: int) -> str | None:
    import psutil  # a tenth of a second that `status` on Linux does without

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None


def record(pid: int) -> Recorded | None:
    known = identity(pid)
    return Recorded(pid, known) if known else None


def send(process: Recorded, sig: signal.Signals, *, group: bool = False) -> None:
    """Signal the process (or, with `group`, the group it leads) if it is still the one that was recorded."""
    if not process.alive:
        return
    try:
        if group and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, sig)
        else:
            os.kill(process.pid, sig)
    except ProcessLookupError:
        return  # it ended between the look and the signal, which is what the signal was for


def wait_gone(processes: Sequence[Recorded], seconds: float) -> list[Recorded]:
    """Wait until all are gone or the time is over; those still alive."""
    end = time.monotonic() + seconds
    left = [process for process in processes if process.alive]
    while left and time.monotonic() < end:
        time.sleep(0.05)
        left = [process for process in left if process.alive]
    return left


def stop_all(processes: Sequence[Recorded], grace: float) -> None:
    """Ask all to end, and kill those that have not after `grace` seconds."""
    for process in processes:
        send(process, signal.SIGTERM)
    left = wait_gone(processes, grace)
    for process in left:
        send(process, signal.SIGKILL, group=True)
    wait_gone(left, 5)


def resident_mb(pid: int, *, with_children: bool = False) -> int | None:
    """Memory of the process (and its children, what they share counted once) in MB; None when it is gone."""
    family = [pid, *_children(pid)] if with_children else [pid]
    sizes = [_proportional(member) if with_children else _resident(member) for member in family]
    if sizes[0] is None:
        return None
    return round(sum(size or 0 for size in sizes) / 2**20)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # no such file on this system
        import psutil

        try:
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _resident(pid: int) -> int | None:
    """Resident memory in bytes; None when the process is gone."""
    if _LINUX:
        try:
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, ProcessLookupError):
            return None
    import psutil

    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.NoSuchProcess:
        return None


def _proportional(pid: int) -> int | None:
    """The process's memory with its share of what it shares with others, in bytes (PostgreSQL's share much)."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:  # gone, another user's, or no such file on this system
        return _resident(pid)
    return _resident(pid)
