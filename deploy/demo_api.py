"""A client of the services for the demonstration's loader: logs in once per account, waits where it is told to."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

_PATIENCE_S: Final = 60.0
_LONGEST_WAIT_S: Final = 30.0
_PAUSE_S: Final = 0.25


class RefusedError(Exception):
    """What a service would not do, in words for the one who runs the loader."""


@dataclass(frozen=True)
class Answer:
    """The status and the JSON of an answer."""

    status: int
    body: Any


class Api:
    """The services at `urls`; every account has the one password."""

    def __init__(self, urls: Mapping[str, str], password: str) -> None:
        self._urls = urls
        self._password = password
        self._http = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=16))
        self._tokens: dict[str, asyncio.Task[str]] = {}

    async def close(self) -> None:
        await self._http.aclose()

    async def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        who: str | None = None,
        accepted: tuple[int, ...] = (200, 201),
        key: str | None = None,
        **sent: Any,
    ) -> Answer:
        """The answer, once its status is one of the `accepted`. Raises `RefusedError` with what the service said."""
        headers = {"Authorization": f"Bearer {await self._token(who)}"} if who else {}
        if key:
            headers["Idempotency-Key"] = key
        if service not in self._urls:
            raise RefusedError(f"this stack has no service {service}")
        answer = await self._patiently(method, self._urls[service] + path, headers, sent)
        if answer.status_code not in accepted:
            raise RefusedError(
                f"{service} {method} {path} as {who or 'the public'}: {answer.status_code} {answer.text[:500]}"
            )
        return Answer(answer.status_code, answer.json() if answer.content else None)

    async def _patiently(self, method: str, url: str, headers: dict[str, str], sent: dict[str, Any]) -> httpx.Response:
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                answer = await self._http.request(method, url, headers=headers, **sent)
            except httpx.TransportError as error:
                if time.monotonic() > end:
                    raise RefusedError(f"{url} does not answer: {error!r}") from error
                await asyncio.sleep(_PAUSE_S)
                continue
            if answer.status_code not in {429, 502, 503} or time.monotonic() > end:
                return answer
            wait = answer.headers.get("retry-after", "")
            await asyncio.sleep(min(float(wait), _LONGEST_WAIT_S) if wait.isdecimal() else _PAUSE_S)

    async def _token(self, who: str) -> str:
        if who not in self._tokens:
            self._tokens[who] = asyncio.create_task(self._log_in(who))
        return await self._tokens[who]

    async def _log_in(self, who: str) -> str:
        form = {"grant_type": "password", "username": who, "password": self._password}
        return str((await self.call("accounts", "POST", "/token", data=form)).body["access_token"])
