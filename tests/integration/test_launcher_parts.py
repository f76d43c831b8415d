"""What the launcher is made of: processes it recognises, logs, environments of services, settings of a stack."""

import signal
import subprocess
from pathlib import Path

import pytest

from deploy.launcher import child, environment, logs, processes
from deploy.launcher.cli import without_data_option
from deploy.launcher.environment import Surroundings
from deploy.launcher.errors import LauncherError
from deploy.launcher.ports import SERVICES, service_named
from deploy.launcher.start import configure
from deploy.launcher.state import Folder, StackSettings


def test_restarts_wait_twice_as_long_each_time() -> None:
    assert [child.delay_after(deaths) for deaths in range(1, 9)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_process_that_took_over_a_pid_is_never_signalled() -> None:
    process = subprocess.Popen(["sleep", "30"])
    known = processes.record(process.pid)
    assert known
    assert known.alive
    stranger = processes.Recorded(process.pid, known.identity + "0")
    processes.stop_all([stranger], grace=0.1)
    assert process.poll() is None
    processes.stop_all([known], grace=5)
    assert process.wait(5) == -signal.SIGTERM
    assert not known.alive


def test_a_log_that_grew_is_cut_while_its_process_writes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 1000)
    path = tmp_path / "some.log"
    with logs.open_log(path) as log:
        log.write(b"x" * 2000)
        logs.rotate(tmp_path)
        log.write(b"after\n")
    assert path.read_bytes() == b"after\n"
    assert (tmp_path / "some.log.1").stat().st_size == 2000
    assert logs.tail(path) == "after"


def surroundings(tmp_path: Path, **user: str) -> Surroundings:
    folder = Folder(tmp_path / "data")
    folder.create()
    return Surroundings(folder, StackSettings(8000, 9201), user)


def test_a_service_is_given_what_it_needs_and_no_more(tmp_path: Path) -> None:
    stack = surroundings(
        tmp_path,
        HOME="/home",
        SECRET_OF_THE_SHELL="x",
        BOURSE_RATE_LIMITS="off",
        BOURSE_SEARCH_API_KEY="key",
        BOURSE_SMTP_URL="smtps://user:secret@mail.example.org",
        AWS_SECRET_ACCESS_KEY="s3",
    )
    given = {service.name: environment.of_service(service, stack) for service in SERVICES}
    assert all("SECRET_OF_THE_SHELL" not in one for one in given.values())
    assert all(one["BOURSE_RATE_LIMITS"] == "off" for one in given.values())
    holders = {
        variable: {name for name, one in given.items() if variable in one}
        for variable in ("BOURSE_SEARCH_API_KEY", "BOURSE_SMTP_URL", "AWS_SECRET_ACCESS_KEY", "BOURSE_DATABASE_URL")
    }
    assert holders["BOURSE_SEARCH_API_KEY"] == {"search"}
    assert holders["BOURSE_SMTP_URL"] == {"notifier"}
    assert holders["AWS_SECRET_ACCESS_KEY"] == {"submission", "catalog"}
    assert holders["BOURSE_DATABASE_URL"] == set(given) - {"portal"}
    assert len({one.get("BOURSE_DATABASE_URL") for one in given.values()}) == len(given)
    assert given["submission"]["BOURSE_DEPOSIT_STORE_URL"] == (tmp_path / "data/documents/deposits").as_uri()


def test_a_database_elsewhere_keeps_its_options(tmp_path: Path) -> None:
    stack = surroundings(tmp_path, BOURSE_POSTGRES_URL="postgresql://root:pw@db.example:6543/postgres?sslmode=require")
    url = stack.database_url("search")
    assert url.startswith("postgresql://bourse_search:")
    assert url.endswith("@db.example:6543/bourse_search?sslmode=require")
    assert "pw@" not in environment.without_password(stack.postgres_admin_url)


def test_a_stack_remembers_its_ports_and_that_it_is_empty(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "data")
    folder.create()
    first = configure(folder, 18000, empty=True)
    first.save(folder)
    later = configure(folder, None, empty=False)
    assert later == first
    assert configure(folder, 19000, empty=False).search_port == first.search_port
    with pytest.raises(LauncherError, match="--base-port"):
        configure(folder, 80, empty=False)


@pytest.mark.parametrize(
    ("arguments", "data", "left"),
    [
        (["rebuild", "--data", "x"], Path("x"), ["rebuild"]),
        (["--data=x", "parked", "list", "--limit", "3"], Path("x"), ["parked", "list", "--limit", "3"]),
        (["rebuild"], None, ["rebuild"]),
    ],
)
def test_the_data_folder_is_taken_out_of_an_admin_command(
    arguments: list[str], data: Path | None, left: list[str]
) -> None:
    assert without_data_option(arguments) == (data, left)


def test_every_service_has_a_port_of_its_own() -> None:
    assert len({service.offset for service in SERVICES}) == len(SERVICES)
    assert service_named("portal") is SERVICES[0]
    assert service_named("nobody") is None
