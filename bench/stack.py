"""A stack of one's own for a measurement, and a lean client of it."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parent.parent
BASE_PORT = 17400


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    data: Path
    status: Mapping[str, Any]

    def url(self, service: str) -> str:
        return self.status["services"][service]["url"]

    @property
    def bootstrap(self) -> str:
        return self.status["engines"]["kafka"]["bootstrap"]

    @property
    def search_engine(self) -> str:
        return self.status["engines"]["search"]["url"]

    @property
    def maildir(self) -> Path:
        return Path(self.status["mail"]["maildir"])

    def database(self, service: str) -> str:
        """The URL of a service's database, with its own role."""
        password = (self.data / "secrets" / f"postgres-{service}").read_text().strip()
        server = self.status["engines"]["postgres"]["url"].rpartition("@")[2].rpartition("://")[2].partition("/")[0]
        return f"postgresql://bourse_{service}:{password}@{server}/bourse_{service}"


def bourse(data: Path, *arguments: str) -> str:
    """Run the launcher; its standard output."""
    done = subprocess.run(
        [str(ROOT / "bourse"), *arguments, "--data", str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        # 32 clients at 1,200,000 sheets: the raw engine is waited for as long as it takes, so is the service's
        env={**os.environ, "BOURSE_RATE_LIMITS": "off", "BOURSE_SEARCH_TIMEOUT_S": "60"},
    )
    if done.returncode:
        raise RuntimeError(f"./bourse {' '.join(arguments)}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def status(data: Path) -> Mapping[str, Any]:
    return json.loads(bourse(data, "status", "--json"))


def up(data: Path, base_port: int = BASE_PORT, *options: str) -> tuple[Stack, float]:
    """Start a stack; it and the seconds that took."""
    started = time.monotonic()
    bourse(data, "up", "--base-port", str(base_port), *options)
    return Stack(data, status(data)), time.monotonic() - started


class Client:
    """Calls the services as the accounts of the demonstration."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._session = session
        self._tokens: dict[str, str] = {}

    async def token(self, who: str) -> str:
        if who not in self._tokens:
            form = {
                "grant_type": "password",
                "username": who,
                "password": self._stack.status["demonstration"]["password"],
            }
            async with self._session.post(self._stack.url("accounts") + "/token", data=form) as answer:
                answer.raise_for_status()
                self._tokens[who] = (await answer.json())["access_token"]
        return self._tokens[who]

    async def call(self, service: str, method: str, path: str, who: str | None = None, body: Any = None) -> Any:
        """One request, whose answer must be a success; the parsed body."""
        headers = {"Authorization": f"Bearer {await self.token(who)}"} if who else {}
        async with self._session.request(method, self._stack.url(service) + path, json=body, headers=headers) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
            return json.loads(content)

    async def seen(self, service: str, path: str, who: str | None = None) -> int:
        """The status of a GET."""
        headers = {"Authorization": f"Bearer {await self.token(who)}"} if who else {}
        async with self._session.get(self._stack.url(service) + path, headers=headers) as answer:
            await answer.read()
            return answer.status
