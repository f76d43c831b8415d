"""Starting a stack: from a folder that may not exist yet to a supervisor that runs, and the wait until all is ready."""

import secrets
import shutil
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Final

from deploy.embedded import jars
from deploy.embedded.engine import EngineError
from deploy.launcher import logs, pages, ports, processes
from deploy.launcher.engines import JAVA_ENGINES, own_ports
from deploy.launcher.environment import Surroundings
from deploy.launcher.errors import LauncherError
from deploy.launcher.progress import Steps, downloading
from deploy.launcher.state import ROOT, Folder, Lock, RunState, StackSettings, data_option
from deploy.launcher.supervisor import START_SECONDS

_ROOM_MB: Final = 700
_LOWEST_PORT: Final = 1024
_ORPHANS_GRACE: Final = 8.0


def configure(folder: Folder, base_port: int | None, *, empty: bool) -> StackSettings:
    """The stack's settings: those it has, with what the user says now; or new ones.

    Raises:
        LauncherError: the base port is none.
    """
    known = StackSettings.load(folder)
    chosen = base_port or (known.base_port if known else ports.DEFAULT_BASE_PORT)
    if not _LOWEST_PORT <= chosen <= ports.LARGEST_BASE_PORT:
        raise LauncherError(f"--base-port must be between {_LOWEST_PORT} and {ports.LARGEST_BASE_PORT}.")
    if known is None:
        return StackSettings(chosen, _search_port(folder), f"bourse-{secrets.token_hex(6)}", empty=empty)
    known.base_port = chosen
    known.empty = known.empty or empty
    return known


def _search_port(folder: Folder) -> int:
    """A free port for a new stack's OpenSearch; the search begins elsewhere for each folder, two may start at once."""
    candidates = list(ports.SEARCH_PORTS)
    first = zlib.crc32(str(folder.path).encode()) % len(candidates)
    for port in (*candidates[first:], *candidates[:first]):
        if ports.is_free(port):
            return port
    raise LauncherError(f"No port from {candidates[0]} to {candidates[-1]} is free for OpenSearch.")


def start(folder: Folder, base_port: int | None, *, empty: bool, guardian: int | None) -> Surroundings:
    """Start the supervisor of a stack that does not run. `guardian` is a process that the stack must not outlive.

    Raises:
        LauncherError: a folder, a port, the disk or a download is in the way.
    """
    folder.create()
    lock = Lock(folder)
    if not lock.take():
        raise LauncherError(f"Another start of the stack in {folder.path} is under way.")
    _check_room(folder)
    clear_orphans(folder)
    settings = configure(folder, base_port, empty=empty)
    stack = Surroundings(folder, settings)
    _check_ports(stack)
    settings.save(folder)
    fetch_jars(stack)
    pages.prepare(stack)
    RunState(phase="starting").save(folder)
    _spawn(folder, guardian, lock)
    return stack


def _spawn(folder: Folder, guardian: int | None, lock: Lock) -> None:
    """Start the supervisor in a session of its own, where no Ctrl-C of this terminal reaches it."""
    command = [sys.executable, "-P", "-m", "deploy.launcher.supervisor", "--data", str(folder.path)]
    if guardian:
        command += ["--guardian", str(guardian)]
    lock.release()
    with logs.open_log(folder.log("supervisor")) as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    end = time.monotonic() + 20
    while RunState.load(folder).supervisor is None:
        if process.poll() is not None or time.monotonic() > end:
            log_file = folder.log("supervisor")
            raise LauncherError(f"The supervisor did not start. The end of {log_file}:\n{logs.tail(log_file)}")
        time.sleep(0.03)


def clear_orphans(folder: Folder) -> list[str]:
    """Stop what a killed supervisor left behind; the names of what was."""
    run = RunState.load(folder)
    orphans = run.orphans()
    services = [process for name, process in orphans.items() if run.processes[name].kind == "service"]
    engines = [process for name, process in orphans.items() if run.processes[name].kind != "service"]
    processes.stop_all(services, _ORPHANS_GRACE)
    processes.stop_all(engines, _ORPHANS_GRACE)
    return sorted(orphans)


def _check_room(folder: Folder) -> None:
    free = shutil.disk_usage(folder.path).free // 2**20
    if free < _ROOM_MB:
        raise LauncherError(f"The disk is nearly full: {free} MB free at {folder.path}, {_ROOM_MB} MB are needed.")


def _check_ports(stack: Surroundings) -> None:
    taken = ports.taken(own_ports(stack))
    if not taken:
        return
    which = ", ".join(str(port) + _holder(port) for port in taken)
    what = "Port" if len(taken) == 1 else "Ports"
    if taken == [stack.settings.search_port]:
        raise LauncherError(f"{what} {which}, which this stack's OpenSearch uses, is taken by another program.")
    raise LauncherError(
        f"{what} {which} taken by another program. Choose others: "
        f"./bourse up --base-port {_free_base(stack)}{data_option(stack.folder)}"
    )


def _free_base(stack: Surroundings) -> int:
    """A base port under which all is free."""
    for base in range(stack.settings.base_port + 1000, ports.LARGEST_BASE_PORT, 1000):
        others = {port - stack.settings.base_port + base for port in own_ports(stack) - {stack.settings.search_port}}
        if not ports.taken(others):
            return base
    return stack.settings.base_port + 200


def _holder(port: int) -> str:
    """Who listens on the port, where the system tells."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" (by {psutil.Process(connection.pid).name()}, pid {connection.pid})"
    except psutil.Error:
        return ""  # not allowed to look: the port alone has to do
    return ""


def fetch_jars(stack: Surroundings) -> None:
    """Download the Java engines' jars that are not there, with a bar.

    Raises:
        LauncherError: one cannot be had.
    """
    wanted = jars.missing([engine for engine in JAVA_ENGINES if not stack.external(engine)])
    if not wanted:
        return
    try:
        with downloading("Kafka and OpenSearch", sum(jar.size for jar in wanted)) as progress:
            jars.download(wanted, progress)
    except EngineError as error:
        raise LauncherError(str(error)) from error
    except OSError as error:
        raise LauncherError(f"The jars could not be stored: {error}") from error


def wait_until_ready(stack: Surroundings) -> None:
    """Show what is waited for until the supervisor says that all is ready.

    Raises:
        LauncherError: the start failed; by then everything is stopped again.
    """
    end = time.monotonic() + START_SECONDS + 30
    with Steps(_steps(stack)) as steps:
        while True:
            run = RunState.load(stack.folder)
            steps.show(run.ready)
            if run.phase == "ready":
                return
            if run.phase == "failed" or not run.is_supervised:
                raise LauncherError(_failure(stack.folder, run))
            if time.monotonic() > end:
                raise LauncherError(f"The start takes too long; see the logs in {stack.folder.logs}.")
            time.sleep(0.1)


def _steps(stack: Surroundings) -> list[str]:
    engines = [name for name in ("postgres", "kafka") if not stack.external(name)]
    engines += [] if stack.external("search") else ["opensearch"]
    mail = [] if stack.external("smtp") else ["mail"]
    return [*engines, *mail, "provisioning", *(service.name for service in ports.SERVICES)]


def _failure(folder: Folder, run: RunState) -> str:
    if run.error:
        return run.error
    if run.phase == "stopped":
        return "The stack was stopped while it started."
    return f"The supervisor died. The end of {folder.log('supervisor')}:\n{logs.tail(folder.log('supervisor'))}"


def run_module(module: str, *arguments: str) -> int:
    """Run a module of this checkout in the foreground; its exit code."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.call(command, cwd=ROOT)


def has_module(name: str) -> bool:
    return Path(ROOT, *name.split(".")).with_suffix(".py").is_file()
