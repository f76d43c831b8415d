"""What the portal asks the other services."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

State = Literal["ready", "not_ready", "unreachable"]
VerificationOutcome = Literal["ask", "done", "unknown", "expired", "later"]


@dataclass(frozen=True)
class Probe:
    """One service as it was found: `wrong` names the parts of it that are not well."""

    name: str
    state: State
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """What became of a confirmation link; `email` where it is known."""

    outcome: VerificationOutcome
    email: str = ""


class Stack:
    """A client of the services at `urls`; a component, well even while they are not: it says so on its page."""

    name = "stack"

    def __init__(self, urls: Mapping[str, str], *, patience: float = 1.0) -> None:
        self._urls = dict(urls)
        self._patience = patience
        self._http = httpx.AsyncClient(timeout=patience)

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        await self._http.aclose()

    async def check(self) -> str | None:
        return None

    async def probe(self) -> list[Probe]:
        """Every service, asked at the same time."""
        return await asyncio.gather(*(self._probe(name) for name in self._urls))

    async def _probe(self, name: str) -> Probe:
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._http.get(self._url(name, "/health/ready"))
            checks: dict[str, str] = answer.json().get("checks", {})
        except (httpx.HTTPError, TimeoutError, ValueError):
            return Probe(name, "unreachable")
        wrong = tuple(f"{part}: {said}" for part, said in checks.items() if said != "ok")
        return Probe(name, "ready" if answer.status_code == 200 else "not_ready", wrong)

    async def demonstration_accounts(self) -> list[dict[str, Any]]:
        """The accounts that can be tried; none where accounts does not say."""
        try:
            answer = await self._http.get(self._url("accounts", "/demonstration"))
            return list(answer.json()) if answer.status_code == 200 else []
        except (httpx.HTTPError, ValueError):
            return []

    async def look_at_verification(self, token: str) -> Verification:
        """What a confirmation link stands for, without confirming."""
        return await self._verification("GET", params={"token": token})

    async def verify(self, token: str) -> Verification:
        """Confirm the address that the link was sent to."""
        return await self._verification("POST", json={"token": token})

    async def _verification(self, method: str, **sent: Any) -> Verification:
        try:
            answer = await self._http.request(method, self._url("accounts", "/accounts/verify"), timeout=5, **sent)
            if answer.status_code == 200:
                body = answer.json()
                return Verification("done" if body["verified"] else "ask", body["email"])
        except (httpx.HTTPError, ValueError):
            return Verification("later")
        if answer.status_code >= 500 or answer.status_code == 429:
            return Verification("later")
        return Verification("expired" if answer.status_code == 410 else "unknown")

    def _url(self, service: str, path: str) -> str:
        return self._urls.get(service, "http://127.0.0.1:1").rstrip("/") + path
