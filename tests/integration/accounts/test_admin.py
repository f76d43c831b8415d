"""The command that rotates keys, run as an administrator runs it."""

import os
import subprocess
import sys
from collections.abc import Callable


def run(database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.accounts.admin", *arguments],
        env={**os.environ, "BOURSE_DATABASE_URL": database, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_keys_are_rotated_listed_and_dropped(new_database: Callable[[str], str]) -> None:
    database = new_database("accounts")
    first = run(database, "keys", "rotate", "--compromised")
    assert "signs now" in first.stdout
    second = run(database, "keys", "rotate")
    assert "signs in 0:05:00" in second.stdout
    kids = [answer.stdout.split()[-3 if "now" in answer.stdout else -4] for answer in (first, second)]
    listed = run(database, "keys", "list").stdout
    assert all(kid in listed for kid in kids)
    run(database, "keys", "rotate", "--compromised")
    listed = run(database, "keys", "list").stdout
    assert not any(kid in listed for kid in kids)


def test_without_a_command_it_says_what_it_can_do(new_database: Callable[[str], str]) -> None:
    assert "keys" in run(new_database("accounts")).stdout
