"""A whole stack for the journeys, started as a user would, and an outside client of it: HTTP and e-mail only."""

import email
import email.policy
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

ROOT = Path(__file__).parent.parent.parent
T = TypeVar("T")


@dataclass
class Stack:
    """A running stack: its addresses, its mails, and calls to its services."""

    data: Path
    base_port: int
    urls: Mapping[str, str] = field(default_factory=dict[str, str])
    password: str = ""
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    def bourse(self, *arguments: str, seconds: float = 600) -> "subprocess.CompletedProcess[str]":
        """Run the launcher on this stack."""
        return subprocess.run(
            [str(ROOT / "bourse"), *arguments, "--data", str(self.data)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "BOURSE_RATE_LIMITS": "off"},
        )

    def up(self) -> None:
        """Start, empty of sheets, and learn the addresses."""
        started = self.bourse("up", "--empty", "--base-port", str(self.base_port))
        assert started.returncode == 0, started.stdout[-2000:] + started.stderr[-3000:]
        self.learn()

    def learn(self) -> None:
        status = self.status()
        self.urls = {name: service["url"] for name, service in status["services"].items()}
        self.password = status["demonstration"]["password"]

    def status(self) -> dict[str, Any]:
        answer = self.bourse("status", "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def call(self, service: str, method: str, path: str, who: str | None = None, **options: Any) -> httpx.Response:
        """One HTTP request; `who` is the address of an account."""
        headers = {**options.pop("headers", {})}
        if who:
            headers["Authorization"] = f"Bearer {self.token(who)}"
        return httpx.request(method, self.urls[service] + path, headers=headers, timeout=30, **options)

    def token(self, who: str, password: str | None = None) -> str:
        if who not in self.tokens:
            form = {"grant_type": "password", "username": who, "password": password or self.password}
            answer = httpx.post(self.urls["accounts"] + "/token", data=form, timeout=30)
            assert answer.status_code == 200, answer.text
            self.tokens[who] = answer.json()["access_token"]
        return self.tokens[who]

    def mails(self, to: str, *, about: str = "") -> list[EmailMessage]:
        """The caught mails to an address, oldest first, whose subject or text has `about`."""
        maildir = Path(self.status()["mail"]["maildir"])
        files = sorted(
            (file for sub in ("new", "cur") for file in (maildir / sub).glob("*")), key=lambda file: file.name
        )
        found: list[EmailMessage] = []
        for file in files:
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if to in str(mail["to"]) and about in str(mail["subject"]) + text_of(mail):
                found.append(mail)
        return found


def text_of(mail: EmailMessage) -> str:
    """The text part of a mail."""
    part = mail.get_body(("plain",))
    return part.get_content() if part else ""


def link_in(mail: EmailMessage, pattern: str) -> re.Match[str]:
    """The first match of a pattern in a mail's text."""
    found = re.search(pattern, text_of(mail))
    assert found, text_of(mail)
    return found


def until(look: Callable[[], T], good: Callable[[T], bool], seconds: float = 30) -> T:
    """Look until it is good; what was seen last."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if good(seen) or time.monotonic() > end:
            return seen
        time.sleep(0.1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack, None, None]:
    """One empty stack for all journeys."""
    stack = Stack(tmp_path_factory.mktemp("stack"), 17600)
    stack.up()
    yield stack
    stack.bourse("down")
