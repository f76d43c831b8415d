"""The admin commands, as an administrator calls them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Admin = Callable[..., str]


@pytest.fixture
def admin(new_database: Callable[[str], str], tmp_path: Path) -> Admin:
    environment = {
        **os.environ,
        "BOURSE_DATABASE_URL": new_database("submission"),
        "BOURSE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "BOURSE_DEPOSIT_STORE_URL": tmp_path.as_uri(),
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "services.submission.admin", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_files_that_nothing_names_are_swept(admin: Admin, tmp_path: Path) -> None:
    for name, hours in (("a" * 64, 25), ("b" * 64, 23)):
        path = tmp_path / name[:2] / name
        path.parent.mkdir()
        path.write_bytes(b"x")
        os.utime(path, (time.time(), time.time() - hours * 3600))
    assert "1 removed" in admin("sweep-files")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["b" * 64]


def test_parked_events_are_listed(admin: Admin) -> None:
    assert "nothing is parked" in admin("parked", "list")
