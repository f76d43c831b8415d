"""People who save searches in a running service, and what they are told."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from backbone.contracts.events import EVENTS, AlertEvent, SearchConfirmationRequested, SearchMatched
from tests.integration.search.running import Running, until
from tests.signing import Headers

Query = dict[str, str | list[str]]


@dataclass
class Person:
    """Someone with an account, or (`account` empty) only an address."""

    running: Running
    account: str = ""
    email: str = field(default_factory=lambda: f"{uuid4().hex}@example.org")
    language: str = "fr"

    @property
    def headers(self) -> Headers:
        if not self.account:
            return {}
        return self.running.signer.bearer("authority", sub=self.account, email=self.email, lang=self.language)

    async def save(self, query: Query, frequency: str = "immediate", **more: str) -> dict[str, Any]:
        """A saved search, as answered."""
        body = {"query": query, "frequency": frequency, **more, **({} if self.account else {"email": self.email})}
        answer = await self.running.http.post("/saved-searches", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def events(self) -> list[AlertEvent]:
        """All that was emitted about this person, in order, each checked against its contract."""
        async with self.running.database.connection() as connection:
            rows = await connection.fetch(
                "select type, key, payload from outbox where topic = 'bourse.alerts'"
                " and payload::jsonb -> 'subscriber' ->> 'email' = $1 order by id",
                self.email,
            )
        events = [EVENTS[row["type"]].model_validate_json(row["payload"]) for row in rows]
        assert all(row["key"] == event.key for row, event in zip(rows, events, strict=True))
        return [event for event in events if isinstance(event, AlertEvent)]

    async def requests(self) -> list[SearchConfirmationRequested]:
        return [event for event in await self.events() if isinstance(event, SearchConfirmationRequested)]

    async def mails(self) -> list[SearchMatched]:
        return [event for event in await self.events() if isinstance(event, SearchMatched)]

    async def told(self) -> list[tuple[str, str]]:
        """Every (search, project) in the order of the mails, those told twice twice."""
        return [(one, sheet.id) for mail in await self.mails() for sheet in mail.sheets for one in sheet.searches]

    async def confirm(self, number: int = -1) -> dict[str, Any]:
        """Follow the link of a confirmation mail; the search with its manage token."""
        token = (await self.requests())[number].confirmation_token
        answer = await self.running.http.post("/saved-searches/confirm", json={"token": token})
        assert answer.status_code == 200, answer.text
        return answer.json()


def member(running: Running, **more: str) -> Person:
    """Someone with an account."""
    return Person(running, account=str(uuid4()), **more)


async def all_matched(running: Running) -> None:
    """Wait until the saved searches were asked about all that was published, and all that was due is told."""

    async def idle() -> bool:
        async with running.database.connection() as connection:
            return await connection.fetchval(
                "select not exists (select from to_match) and not exists (select from matches m"
                " join published_sheets b on b.project = m.project and not b.gone"
                " where told_at is null and due_at <= now())"
            )

    await until(idle)
