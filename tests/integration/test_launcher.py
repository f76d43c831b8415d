"""The launcher as a user types it: real processes, stand-ins for the services, the test run's own engines."""

import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.launcher import processes
from deploy.launcher.ports import HOST, SERVICES, is_free
from deploy.launcher.state import Folder, RunState
from tests.engines import Engines

ROOT = Path(__file__).parent.parent.parent
BASE_PORTS = range(21000, 30000, 200)
STAND_IN = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["BOURSE_PORT"])), Handler).serve_forever()
"""


def free_base() -> int:
    used = (0, 1, 2, 3, 4, 5, 6, 9, 25, 54, 92, 93)
    return next(base for base in BASE_PORTS if all(is_free(base + offset) for offset in used))


@dataclass
class Launcher:
    """`./bourse` on one data folder."""

    data: Path
    environment: dict[str, str]
    base_port: int = field(default_factory=free_base)

    def run(self, *arguments: str, seconds: float = 90) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )

    def command(self, *arguments: str) -> list[str]:
        return [str(ROOT / "bourse"), *arguments, "--data", str(self.data)]

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*arguments), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def up(self) -> None:
        done = self.run("up", "--empty", "--base-port", str(self.base_port))
        assert done.returncode == 0, done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def pids(self) -> list[int]:
        """Of everything that the stack recorded as started."""
        run = RunState.load(Folder(self.data))
        return [process.pid for process in run.processes.values() if process.pid]


def surrounded(stand_in: Path, engines: Engines, *, postgres: bool) -> dict[str, str]:
    """The environment of a stack of stand-ins on engines that run already; with `postgres`, on one of its own."""
    stand_in.write_text(STAND_IN)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOURSE_")}
    venv = {"BOURSE_VENV": os.environ["BOURSE_VENV"]} if "BOURSE_VENV" in os.environ else {}
    given = {"BOURSE_KAFKA_BOOTSTRAP": engines.kafka(), "BOURSE_SEARCH_URL": engines.search()}
    if not postgres:
        given["BOURSE_POSTGRES_URL"] = engines.postgres()
    return kept | venv | given | {"BOURSE_SERVICE_COMMAND": str(stand_in)}


@pytest.fixture
def launchers(tmp_path: Path, engines: Engines) -> Iterator[Callable[[str], Launcher]]:
    """Make stacks; all are stopped in the end."""
    made: list[Launcher] = []

    def make(name: str) -> Launcher:
        made.append(Launcher(tmp_path / name, surrounded(tmp_path / "stand_in.py", engines, postgres=False)))
        return made[-1]

    yield make
    for launcher in made:
        if launcher.data.is_dir():
            launcher.run("down")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, engines: Engines) -> Iterator[Launcher]:
    """A stack with a PostgreSQL of its own, for the tests that need one that runs and leave it so."""
    folder = tmp_path_factory.mktemp("running")
    launcher = Launcher(folder / "data", surrounded(folder / "stand_in.py", engines, postgres=True))
    launcher.up()
    yield launcher
    pids = launcher.pids()
    began = time.monotonic()
    assert launcher.run("down").returncode == 0
    assert time.monotonic() - began < 20
    assert gone(pids)
    assert launcher.status()["state"] == "stopped"
    assert "not running" in launcher.run("down").stdout


def until(good: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not good():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def gone(pids: list[int]) -> bool:
    return not any(processes.identity(pid) for pid in pids)


def test_the_status_says_what_runs_where(running: Launcher) -> None:
    status = running.status()
    assert status["state"] == "ready"
    assert status["portal"] == f"http://127.0.0.1:{running.base_port}"
    assert set(status["services"]) == {service.name for service in SERVICES}
    assert all(service["state"] == "ready" and service["pid"] for service in status["services"].values())
    assert all(service["rss_mb"] > 0 for service in status["services"].values())
    assert status["engines"]["postgres"]["pid"]
    assert status["engines"]["kafka"]["pid"] is None, "the run's own broker is not this stack's"
    assert Path(status["mail"]["maildir"]).is_dir()
    assert status["demonstration"]["password"]
    shown = running.run("status").stdout
    assert all(service.name in shown for service in SERVICES)


def test_status_is_quick(running: Launcher) -> None:
    times: list[float] = []
    for _ in range(6):
        began = time.monotonic()
        running.status()
        times.append(time.monotonic() - began)
    assert min(times) < 0.5


def test_a_second_up_finds_the_stack_up(running: Launcher) -> None:
    again = running.run("up")
    assert again.returncode == 0, again.stderr
    assert "up already" in again.stdout
    elsewhere = running.run("up", "--base-port", "31000")
    assert elsewhere.returncode == 1
    assert str(running.base_port) in elsewhere.stderr


def test_what_dies_is_started_again(running: Launcher) -> None:
    before = running.status()
    killed = {"search": before["services"]["search"]["pid"], "postgres": before["engines"]["postgres"]["pid"]}
    killed["mail"] = before["mail"]["pid"]
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    after = running.status()
    assert after["services"]["search"]["pid"] != killed["search"], "never the pid of a process that is gone"
    assert after["engines"]["postgres"]["pid"] != killed["postgres"]
    assert until(lambda: running.status()["state"] == "ready")
    ready = running.status()
    assert ready["services"]["search"]["restarts"] == 1
    assert ready["engines"]["postgres"]["restarts"] >= 1
    assert ready["mail"]["restarts"] == 1
    assert ready["services"]["portal"]["restarts"] == 0
    assert ready["demonstration"] == before["demonstration"]


def test_secrets_are_for_their_owner_alone(running: Launcher) -> None:
    secrets = list((running.data / "secrets").iterdir())
    assert len(secrets) > len(SERVICES) - 1
    assert {stat.S_IMODE(secret.stat().st_mode) for secret in secrets} == {0o600}
    accounts = psutil.Process(running.status()["services"]["accounts"]["pid"]).environ()
    postgres_admin = (running.data / "secrets" / "postgres-admin").read_text().strip()
    assert not any(postgres_admin in value for value in accounts.values())


def test_two_stacks_run_side_by_side_and_one_ends_alone(
    running: Launcher, launchers: Callable[[str], Launcher]
) -> None:
    second = launchers("second")
    second.up()
    assert running.status()["state"] == second.status()["state"] == "ready"
    assert running.status()["demonstration"] != second.status()["demonstration"]
    second.run("down")
    assert running.status()["state"] == "ready"


def test_a_killed_supervisor_leaves_nothing_that_down_does_not_clear(launchers: Callable[[str], Launcher]) -> None:
    launcher = launchers("a")
    launcher.up()
    pids = launcher.pids()
    os.kill(launcher.status()["supervisor"]["pid"], signal.SIGKILL)
    status = launcher.status()
    assert status["state"] == "degraded"
    assert sorted(status["orphans"].values()) == sorted(pids)
    assert "supervisor was killed" in launcher.run("status").stdout
    launcher.up()
    assert gone(pids), "a start clears what a killed supervisor left, then starts anew"
    pids = launcher.pids()
    os.kill(launcher.status()["supervisor"]["pid"], signal.SIGKILL)
    assert launcher.run("down").returncode == 0
    assert gone(pids)


def test_a_taken_port_is_named(launchers: Callable[[str], Launcher]) -> None:
    launcher = launchers("a")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((HOST, launcher.base_port + 3))
        other.listen()
        done = launcher.run("up", "--base-port", str(launcher.base_port))
    assert done.returncode == 1
    assert str(launcher.base_port + 3) in done.stderr
    assert "--base-port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_dies_at_start_is_told_with_the_end_of_its_log(launchers: Callable[[str], Launcher]) -> None:
    launcher = launchers("a")
    launcher.environment["BOURSE_SERVICE_COMMAND"] = "-c 'import sys; sys.exit(\"nothing works here\")'"
    done = launcher.run("up", "--base-port", str(launcher.base_port))
    assert done.returncode == 1
    assert "nothing works here" in done.stderr
    assert "Traceback" not in done.stderr
    assert gone(launcher.pids())
    assert "nothing works here" in launcher.run("logs", "portal").stdout


@pytest.mark.parametrize("foreground", [True, False])
def test_an_interrupt_stops_what_was_started(launchers: Callable[[str], Launcher], foreground: bool) -> None:
    launcher = launchers("a")
    if not foreground:  # the start is interrupted: it must not be over before
        launcher.environment["BOURSE_SERVICE_COMMAND"] = "-c 'import time; time.sleep(600)'"
    process = launcher.begin("up", "--empty", "--base-port", str(launcher.base_port), *["--foreground"] * foreground)
    folder = Folder(launcher.data)
    wanted = "ready" if foreground else "starting"
    assert until(lambda: folder.is_stack and RunState.load(folder).phase == wanted and bool(launcher.pids()))
    time.sleep(0.5)
    pids = launcher.pids()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == (0 if foreground else 130), errors
    assert "Traceback" not in errors
    assert gone(pids)


def test_a_stack_in_the_foreground_does_not_outlive_its_terminal(launchers: Callable[[str], Launcher]) -> None:
    launcher = launchers("a")
    process = launcher.begin("up", "--empty", "--foreground", "--base-port", str(launcher.base_port))
    folder = Folder(launcher.data)
    assert until(lambda: folder.is_stack and RunState.load(folder).phase == "ready")
    pids = launcher.pids()
    process.kill()
    process.communicate()
    assert until(lambda: gone(pids), 20)


def test_what_cannot_be_is_said_in_a_sentence(tmp_path: Path, launchers: Callable[[str], Launcher]) -> None:
    nowhere = launchers("nothing")
    done = nowhere.run("status", "--json")
    assert done.returncode == 1
    assert "no stack" in done.stderr
    (tmp_path / "file").write_text("")
    unusable = launchers("file/data")
    done = unusable.run("up")
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    done = nowhere.run("search", "rebuild")
    assert done.returncode == 1
    assert "no stack" in done.stderr
    assert nowhere.run("frobnicate").returncode == 2


def test_reset_deletes_the_folder_after_asking(launchers: Callable[[str], Launcher]) -> None:
    launcher = launchers("a")
    launcher.up()
    pids = launcher.pids()
    refused = subprocess.run(
        launcher.command("reset"), env=launcher.environment, input="n\n", capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert launcher.data.is_dir()
    assert launcher.run("reset", "--yes").returncode == 0
    assert not launcher.data.exists()
    assert gone(pids)
