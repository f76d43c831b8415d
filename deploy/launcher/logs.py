"""The log of each process: one file that the process writes itself, so that it never waits for its supervisor."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from deploy.launcher.errors import LauncherError
from deploy.launcher.state import Folder

MAX_BYTES: Final = 10 * 2**20
_KEPT: Final = 2  # rotated logs of each process


def open_log(path: Path) -> BinaryIO:
    """The log, for a child's output. Appending: after a rotation, writing goes on at the new end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "wb", buffering=0)


def rotate(logs: Path) -> None:
    """Cut every log that has grown past `MAX_BYTES`; its content goes to NAME.log.1, that of the latter to .2."""
    for path in logs.glob("*.log"):
        if path.stat().st_size <= MAX_BYTES:
            continue
        for number in range(_KEPT, 1, -1):
            older = path.with_suffix(f".log.{number - 1}")
            if older.exists():
                older.replace(path.with_suffix(f".log.{number}"))
        shutil.copyfile(path, path.with_suffix(".log.1"))
        os.truncate(path, 0)


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 64 * 1024))
            content = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(content.splitlines()[-lines:]) or "(empty log)"


def show(folder: Folder, name: str, *, follow: bool, lines: int) -> None:
    """Print the end of a process's log and, with `follow`, what is added until Ctrl-C.

    Raises:
        LauncherError: there is no such log.
    """
    path = folder.log(name)
    if not path.exists():
        known = ", ".join(sorted(log.stem for log in folder.logs.glob("*.log"))) or "none yet"
        raise LauncherError(f"There is no log of {name!r}. There are: {known}.")
    sys.stdout.write(tail(path, lines) + "\n")
    if follow:
        for text in _added(path):
            sys.stdout.write(text)
            sys.stdout.flush()


def _added(path: Path) -> Iterator[str]:
    position = path.stat().st_size
    while True:
        size = path.stat().st_size
        if size < position:  # rotated
            position = 0
        if size > position:
            with path.open("rb") as stream:
                stream.seek(position)
                content = stream.read()
            position += len(content)
            yield content.decode(errors="replace")
        time.sleep(0.2)
