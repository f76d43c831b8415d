"""A ledger on a real PostgreSQL and a real SMTP server whose answers a test can choose."""

import asyncio
import email
import email.policy
import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, TypeVar, cast
from uuid import uuid4

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from backbone.contracts.events import Event
from backbone.database import Database, dedicated
from backbone.kafka import EventMeta
from backbone.telemetry import current_event
from services.notifier.dispatcher import Dispatcher
from services.notifier.emails import Correspondent, Desk
from services.notifier.handlers import HANDLERS, Deps
from services.notifier.mailer import server
from tests.engines import free_port

T = TypeVar("T")
DESK = Desk(
    sender="Bourse-projets <bourse@example.org>",
    portal="https://bourse.example.org",
    daect=Correspondent("DAECT", "daect@example.org", "fr"),
)


@dataclass
class MailServer:
    """An SMTP server on `port` that keeps what it accepts; the answers are functions that a test may replace."""

    port: int = field(default_factory=lambda: free_port(26000))
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[str] = field(default_factory=list[str])
    about: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # project → e-mails, as they came
    connections: int = 0
    greets: Callable[[], str | None] = lambda: None
    on_sender: Callable[[str], str] = lambda _: "250 OK"
    on_recipient: Callable[[str], str] = lambda _: "250 OK"
    on_data: Callable[[EmailMessage], str] = lambda _: "250 OK"
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    _server: asyncio.Server | None = None
    _open: set[asyncio.Transport] = field(default_factory=set[asyncio.Transport])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        outer = self

        class Watched(SMTP):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                outer.connections += 1
                assert isinstance(transport, asyncio.Transport)
                outer._open.add(transport)
                super().connection_made(transport)

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Watched(self, loop=loop, hostname="localhost", **self.options), "127.0.0.1", self.port
        )

    async def stop(self) -> None:
        """Go away as a killed process does."""
        if self._server is not None:
            self._server.close()
            for transport in self._open:
                transport.abort()
            self._open.clear()
            self._server = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _s: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_sender(address)
        if answer.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.on_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _s: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        answer = self.on_data(mail)
        if answer.startswith("250"):
            self.mails.append(mail)
            self.recipients.extend(envelope.rcpt_tos)
            self.about.setdefault(str(mail["x-bourse-project"]), []).append(str(mail["x-bourse-mail"]))
        return answer

    def ids(self) -> list[str]:
        return [str(mail["message-id"]) for mail in self.mails]


def login_of(user: str, password: str) -> Callable[..., AuthResult]:
    """An authenticator that knows one user."""

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    return authenticate


@pytest.fixture
async def mail_server() -> AsyncGenerator[MailServer]:
    made = MailServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def database_url(new_database: Callable[[str], str]) -> str:
    return new_database("notifier")


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    made = Database(database_url, migrations="services.notifier")
    await made.start()
    yield made
    await made.stop()


async def happened(database: Database, event: Event, event_id: str | None = None) -> str:
    """Handle an event as the consumer does; its id."""
    meta = EventMeta(event_id or str(uuid4()), event.TYPE, "/tests", datetime.now(UTC), event.key)
    token = current_event.set(meta)
    try:
        async with database.transaction() as tx:
            await HANDLERS[type(event)](event, Deps(tx, DESK))
    finally:
        current_event.reset(token)
    return meta.id


@asynccontextmanager
async def sending(database: Database, to: MailServer | str, **options: Any) -> AsyncGenerator[Dispatcher]:
    """A dispatcher at work."""
    url = to if isinstance(to, str) else to.url
    dispatcher = Dispatcher(database, server(url), sender="bourse@example.org", **options)
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()


async def until(look: Callable[[], T | Awaitable[T]], good: Callable[[T], bool], seconds: float = 15) -> T:
    """Look until it is good; what was seen last."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        seen = cast("T", await found if inspect.isawaitable(found) else found)
        if good(seen) or time.monotonic() > end:
            return seen
        await asyncio.sleep(0.01)


async def states(database: Database) -> dict[str, int]:
    """How many mails of the ledger are in each state."""
    async with dedicated(database.url) as connection:
        rows = await connection.fetch("select state, count(*) as mails from mails group by state")
    return {row["state"]: row["mails"] for row in rows}


@contextmanager
def worker(database_url: str, mail_url: str, connections: int = 3) -> Generator["subprocess.Popen[bytes]"]:
    """A dispatcher in a process of its own, to be killed."""
    code = (
        "import asyncio, sys\n"
        "from backbone.database import Database\n"
        "from services.notifier.dispatcher import Dispatcher\n"
        "from services.notifier.mailer import server\n"
        "async def main():\n"
        "    db = Database(sys.argv[1], migrations='services.notifier')\n"
        "    await db.start()\n"
        "    made = Dispatcher(db, server(sys.argv[2]), sender='bourse@example.org', connections=int(sys.argv[3]))\n"
        "    await made.start()\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, database_url, mail_url, str(connections)],
        stdout=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
