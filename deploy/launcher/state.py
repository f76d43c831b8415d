"""A stack's folder: its layout, what is remembered of it (`stack.json`) and what runs in it now (`run/state.json`)."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from deploy.launcher.errors import LauncherError
from deploy.launcher.processes import Recorded

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_DATA = ROOT / ".bourse"


@dataclass(frozen=True)
class Folder:
    """Where a stack keeps what."""

    path: Path

    @property
    def settings(self) -> Path:
        return self.path / "stack.json"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def documents(self) -> Path:
        return self.path / "documents"

    def engine(self, name: str) -> Path:
        return self.path / "engines" / name

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @property
    def is_stack(self) -> bool:
        return self.settings.is_file()

    def create(self) -> None:
        """Make the folder and its rooms.

        Raises:
            LauncherError: it cannot be written to.
        """
        try:
            # Others may pass through (PostgreSQL's own user under root), and read nothing.
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            for room in (self.run, self.logs, self.secrets, self.documents):
                room.mkdir(mode=0o700, exist_ok=True)
            (self.path / "engines").mkdir(mode=0o711, exist_ok=True)
            for store in ("deposits", "public"):
                (self.documents / store).mkdir(exist_ok=True)
            probe = self.run / f".write-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise LauncherError(f"The data folder {self.path} cannot be used: {error.strerror}.") from error


@dataclass
class StackSettings:
    """What a stack remembers from one start to the next."""

    base_port: int
    search_port: int
    cluster: str = "bourse"  # OpenSearch's name, which tells this stack's node from another's
    empty: bool = False
    demonstration_loaded: bool = False

    @classmethod
    def load(cls, folder: Folder) -> Self | None:
        try:
            return cls(**json.loads(folder.settings.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise LauncherError(f"{folder.settings} is damaged ({error}).") from error

    def save(self, folder: Folder) -> None:
        write_atomically(folder.settings, json.dumps(asdict(self), indent=1) + "\n")


@dataclass
class ProcessState:
    """One supervised process as the supervisor last saw it."""

    kind: str
    pid: int | None = None
    identity: str | None = None
    restarts: int = 0
    last_exit: str | None = None

    @property
    def recorded(self) -> Recorded | None:
        return Recorded(self.pid, self.identity) if self.pid and self.identity else None


@dataclass
class RunState:
    """What the supervisor tells: `phase` is starting, ready, stopping, stopped or failed."""

    phase: str = "stopped"
    doing: str = ""
    error: str | None = None
    supervisor_pid: int | None = None
    supervisor_identity: str | None = None
    ready: list[str] = field(default_factory=list[str])
    processes: dict[str, ProcessState] = field(default_factory=dict[str, ProcessState])

    @property
    def supervisor(self) -> Recorded | None:
        if self.supervisor_pid and self.supervisor_identity:
            return Recorded(self.supervisor_pid, self.supervisor_identity)
        return None

    @property
    def is_supervised(self) -> bool:
        return self.supervisor is not None and self.supervisor.alive

    def orphans(self) -> dict[str, Recorded]:
        """Processes that go on although their supervisor is gone."""
        if self.is_supervised:
            return {}
        return {n: p.recorded for n, p in self.processes.items() if p.recorded and p.recorded.alive}

    @classmethod
    def load(cls, folder: Folder) -> Self:
        try:
            known: dict[str, Any] = json.loads((folder.run / "state.json").read_text())
            processes = {name: ProcessState(**process) for name, process in known.pop("processes").items()}
            return cls(**known, processes=processes)
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError, KeyError) as error:
            raise LauncherError(f"{folder.run / 'state.json'} is damaged ({error!r}).") from error

    def save(self, folder: Folder) -> None:
        write_atomically(folder.run / "state.json", json.dumps(asdict(self)) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Replace the file whole: a reader sees the old content or the new, whatever is killed when."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text)
    new.replace(path)


class Lock:
    """Held by the one supervisor of a data folder for as long as it lives, even when it is killed."""

    def __init__(self, folder: Folder) -> None:
        self._file = (folder.run / "lock").open("a")

    def take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        self._file.close()


def folder_at(data: Path | None) -> Folder:
    return Folder((data or DEFAULT_DATA).expanduser().resolve())


def existing(data: Path | None) -> tuple[Folder, StackSettings]:
    """The stack in a data folder.

    Raises:
        LauncherError: there is none.
    """
    folder = folder_at(data)
    settings = StackSettings.load(folder)
    if settings is None:
        raise LauncherError(f"There is no stack in {folder.path}. Start one: ./bourse up{data_option(folder)}")
    return folder, settings


def data_option(folder: Folder) -> str:
    """The option that names this folder in a command that the user is told to type."""
    return "" if folder.path == DEFAULT_DATA else f" --data {folder.path}"
