"""Sends what the ledger holds: leases mails, hands each to a kept connection, writes down how it came back.

A connection gets its next mail only after the last one's outcome is committed, so a crash repeats at most the one in
flight on each. What a replica leased is free again as soon as its session with PostgreSQL is gone.
"""

import asyncio
import contextlib
import random
import time
from typing import Any, Final

import structlog
from opentelemetry import trace
from prometheus_client import Gauge, Histogram

from backbone import database
from backbone.components import Supervised
from backbone.database import Database
from backbone.errors import Unavailable
from backbone.telemetry import parent
from services.notifier import repository
from services.notifier.mailer import Connection, RefusedError, Server, TroubleError
from services.notifier.repository import Leased, Outcome
from services.notifier.service import CHANNEL, MAILS

log = structlog.get_logger()
tracer = trace.get_tracer(__name__)

POLL_S: Final = 1.0
DELIVERY_S: Final = 45.0  # within the lease of a minute
KEEP_S: Final = 20.0
TRIES: Final = 3  # of a mail that is refused for good
GIVE_UP_S: Final = 5 * 24 * 3600.0  # as mail servers do
FIRST_WAIT_S: Final = 2.0
LONGEST_WAIT_S: Final = 300.0
LONGEST_PAUSE_S: Final = 30.0
# asking a server that is not there costs nothing: when it comes back, mails leave within seconds
LONGEST_PAUSE_AWAY_S: Final = 4.0

QUEUE: Final = Gauge("bourse_mail_queue", "Mails that wait or are being sent.")
OLDEST: Final = Gauge("bourse_mail_oldest_seconds", "Age of the oldest mail that waits, in seconds.")
SEND: Final = Histogram("bourse_mail_send_seconds", "Time until the mail server accepted a mail, in seconds.")


def wait_s(times: int) -> float:
    """How long a mail rests after it came back `times` times, with jitter."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(times - 1, 10)) * random.uniform(0.5, 1)


def came_back(mail: Leased, error: RefusedError | TroubleError) -> Outcome:
    """What becomes of a mail that could not be handed over."""
    if isinstance(error, TroubleError):
        # not the mail's fault, so it is the first to leave; unless it is the one that breaks connections
        rest = wait_s(mail.attempts - 3) if mail.attempts > 3 else 0.0
        return Outcome(mail.id, mail.template, "pending", str(error), rest)
    refusals = mail.refusals + 1
    if error.permanent and refusals >= TRIES:
        return Outcome(mail.id, mail.template, "failed", str(error), refused=True)
    if mail.age_s > GIVE_UP_S:
        return Outcome(mail.id, mail.template, "failed", f"gave up after days: {error}", refused=True)
    return Outcome(mail.id, mail.template, "pending", str(error), wait_s(refusals), refused=True)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Dispatcher(Supervised):
    """The worker. `connections` is how many mails may be under way at once, `days` how long settled ones are kept."""

    def __init__(self, db: Database, server: Server, *, sender: str, connections: int = 4, days: int = 90) -> None:
        super().__init__("mailer", self._dispatch)
        self._db = db
        self._server = server
        self._sender = sender
        self._days = days
        self._idle = [Connection(server, sender) for _ in range(connections)]
        self._deliveries: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._in_hand: set[int] = set()
        self._bell = asyncio.Event()
        self._lock = 0
        self._mending: asyncio.Task[None] | None = None
        self._pause_s = FIRST_WAIT_S  # grows until a mail is accepted: a greeting alone mends nothing
        self.smtp_trouble: TroubleError | None = None

    async def stop(self) -> None:
        """Let what is under way arrive, and write it down."""
        await super().stop()
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=4)
        await _end(*self._deliveries)
        await _end(*([self._mending] if self._mending else []))
        with contextlib.suppress(Unavailable):
            await self._settle_and_lease(0)
            async with self._db.transaction() as tx:
                await repository.recover(tx, self._lock, ())
        await asyncio.gather(*(connection.quit() for connection in self._idle))

    async def _dispatch(self) -> None:
        async with database.dedicated(self._db.url) as session, asyncio.TaskGroup() as tasks:
            self._lock = await repository.take_lock(session)
            self._bell = self._db.bell(CHANNEL)

            def rung(*_: Any) -> None:
                self._bell.set()

            await session.add_listener(CHANNEL, rung)
            asides = [tasks.create_task(self._keep()), tasks.create_task(self._clean())]
            try:
                looked = 0.0
                while not session.is_closed():
                    self._bell.clear()
                    if time.monotonic() - looked >= POLL_S:
                        await self._look()
                        looked = time.monotonic()
                        self.well()
                    await self._turn()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):
                            await self._bell.wait()
                raise ConnectionError("the session that holds the leases is gone")
            finally:
                self._db.unhang(CHANNEL)
                for aside in asides:
                    aside.cancel()

    async def _look(self) -> None:
        async with self._db.transaction() as tx:
            recovered = await repository.recover(tx, self._lock, self._in_hand)
            waiting, age = await repository.queue(tx)
        QUEUE.set(waiting)
        OLDEST.set(age)
        if recovered:
            log.warning("mails of a sender that is gone are sent again", mails=recovered)

    async def _turn(self) -> None:
        """One transaction: write down what came back, lease as much as there are free connections."""
        free = 0 if self.smtp_trouble else len(self._idle)
        if not free and not self._outcomes:
            return
        for mail in await self._settle_and_lease(free):
            delivery = asyncio.create_task(self._deliver(self._idle.pop(), mail))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)

    async def _settle_and_lease(self, free: int) -> list[Leased]:
        outcomes = list(self._outcomes)
        async with self._db.transaction() as tx:
            if outcomes:
                await repository.settle(tx, outcomes)
            mails = await repository.lease(tx, self._lock, free) if free else []
        del self._outcomes[: len(outcomes)]
        self._in_hand.difference_update(outcome.id for outcome in outcomes)
        self._in_hand.update(mail.id for mail in mails)
        for outcome in outcomes:
            if outcome.state != "pending":
                MAILS.labels(outcome.template, outcome.state).inc()
        return mails

    async def _deliver(self, connection: Connection, mail: Leased) -> None:
        outcome = Outcome(mail.id, mail.template, "pending", "interrupted")
        try:
            with tracer.start_as_current_span(f"mail {mail.template}", context=parent(mail.traceparent)), SEND.time():
                async with asyncio.timeout(DELIVERY_S):
                    await connection.send(mail.recipient, mail.message)
            outcome = Outcome(mail.id, mail.template, "sent")
            self._pause_s = FIRST_WAIT_S
            log.info("mail sent", mail=mail.id, template=mail.template, attempts=mail.attempts)
        except RefusedError as refused:
            outcome = came_back(mail, refused)
            # the server's words are in the ledger: they name the recipient
            log.warning("mail refused", mail=mail.id, template=mail.template, state=outcome.state, code=refused.code)
        except (TroubleError, TimeoutError) as error:
            connection.drop()
            trouble = error if isinstance(error, TroubleError) else TroubleError("timed out", answered=False)
            outcome = came_back(mail, trouble)
            self._pause(trouble)
        except Exception as error:
            connection.drop()
            outcome = came_back(mail, RefusedError(554, f"cannot be sent: {error!r}"))
            log.warning("mail cannot be sent", mail=mail.id, template=mail.template, error=type(error).__name__)
        finally:
            self._outcomes.append(outcome)
            self._idle.append(connection)
            self._bell.set()

    # -- the server's health -------------------------------------------------------------------------------------

    def _pause(self, trouble: TroubleError) -> None:
        """Send nothing until the server was seen well."""
        self.smtp_trouble = trouble
        if self._mending is None or self._mending.done():
            log.warning("mail server in trouble, mails wait", error=str(trouble))
            self._mending = asyncio.create_task(self._mend(trouble))

    async def _mend(self, trouble: TroubleError) -> None:
        probe = Connection(self._server, self._sender)
        while True:
            longest = LONGEST_PAUSE_S if trouble.answered else LONGEST_PAUSE_AWAY_S
            await asyncio.sleep(min(self._pause_s, longest) * random.uniform(0.5, 1))
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
            try:
                await probe.check()
            except Exception as error:
                # whatever it is, the server is asked again: nothing else would
                trouble = error if isinstance(error, TroubleError) else TroubleError(repr(error), answered=True)
                self.smtp_trouble = trouble
            else:
                await probe.quit()
                self.smtp_trouble = None
                log.info("mail server well again")
                self._bell.set()
                return

    async def _keep(self) -> None:
        """See now and then that the server is there, on one connection; let the others go."""
        while True:
            rested = [connection for connection in self._idle if connection.idle_s > KEEP_S]
            if rested and not self.smtp_trouble and len(rested) == len(self._idle):
                kept = next((connection for connection in rested if connection.is_open), rested[0])
                self._idle.remove(kept)
                try:
                    await kept.check()
                except TroubleError as trouble:
                    self._pause(trouble)
                finally:
                    self._idle.append(kept)
                    self._bell.set()
                for connection in rested:
                    if connection is not kept and connection.is_open and connection in self._idle:
                        connection.drop()
            await asyncio.sleep(KEEP_S)

    async def _clean(self) -> None:
        """Once an hour: delete what was settled long ago, and blank what was written while its account was deleted."""
        while True:
            async with self._db.transaction() as tx:
                await repository.blank(tx)
                await repository.purge(tx, self._days)
            await asyncio.sleep(3600)


class MailServer:
    """The mail server in `/health/ready`: away, it makes nothing unready, for mails wait in the ledger."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    @property
    def name(self) -> str:
        return "smtp"

    async def start(self) -> None:
        """Nothing to start: the dispatcher has the connections."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def check(self) -> str | None:
        trouble = self._dispatcher.smtp_trouble
        if trouble is None:
            return None
        return "degraded: refuses us, mails wait" if trouble.answered else "degraded: away, mails wait"
