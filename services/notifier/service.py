"""Who is written to, in which language, and that it is written down once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prometheus_client import Counter

from backbone import database
from backbone.contracts.events import AccountCreated, AlertEvent, Event, Review
from backbone.contracts.sheet import Record
from backbone.database import Transaction
from backbone.kafka import EventMeta
from backbone.telemetry import traceparent
from services.notifier import repository
from services.notifier.alert_emails import unsubscribe_link
from services.notifier.emails import Correspondent, Desk, Email, account_confirmation, post_name
from services.notifier.labels import LANGUAGES, Language
from services.notifier.message import AddressError, Envelope, compose
from services.notifier.render import render
from services.notifier.repository import NewMail

CHANNEL: Final = "mails"
DAECT_POST: Final = "daect"
MAILS: Final = Counter("bourse_mails_total", "Mails of the ledger, by what became of them.", ["template", "state"])

_WRITTEN: Final[Mapping[str, Language]] = {language: language for language in LANGUAGES}

# where an authority that writes in Arabic works with France in French; elsewhere it gets English
_FRENCH_WITH_ARABIC: Final = frozenset({"DJ", "DZ", "KM", "LB", "MA", "MR", "SY", "TD", "TN"})


@dataclass(frozen=True)
class Letter:
    """One e-mail to one correspondent; an answer to it goes to `reply_to`."""

    email: Email
    to: Correspondent
    reply_to: Correspondent | None = None


@dataclass(frozen=True)
class Thread:
    """What letters are about: a project, an account or a subscriber, and the account whose personal data they carry."""

    id: str
    project: str | None
    author: str | None
    forget: bool = False


def known_language(code: str) -> Language | None:
    """The language, if e-mails are written in it."""
    return _WRITTEN.get(code)


def first_known(codes: Sequence[str], otherwise: Language) -> Language:
    """The first of these languages that e-mails are written in."""
    known: list[Language] = [_WRITTEN[code] for code in codes if code in _WRITTEN]
    return known[0] if known else otherwise


def author_language(chosen: str, record: Record) -> Language:
    """The author's own; else French where the authority speaks it or works in it, else English."""
    authority, project = record.authority, record.project
    french = "fr" in authority.languages or (project.language == "ar" and authority.country in _FRENCH_WITH_ARABIC)
    return known_language(chosen) or ("fr" if french else "en")


def author_of(event: Review) -> Correspondent:
    """The account that deposited the sheet."""
    author = event.author
    return Correspondent(author.name, author.email, author_language(author.language, event.record), author.account)


def post_of(event: Review, desk: Desk) -> Correspondent:
    """The post in charge, in the first of its languages that we have; the DAECT where it stands in."""
    if event.post.code == DAECT_POST:
        return desk.daect
    language = first_known(event.post.languages, "fr")
    return Correspondent(post_name(event, language), event.post.email, language)


async def write_about(tx: Transaction, meta: EventMeta, desk: Desk, event: Review, letters: Sequence[Letter]) -> None:
    """Write the letters that an event of a project asks for, once, and wake who sends them."""
    thread = Thread(event.project, project=event.project, author=event.author.account)
    await _keep(tx, [_write(meta, desk, event, letter, thread) for letter in letters])


async def confirm_account(tx: Transaction, meta: EventMeta, desk: Desk, event: AccountCreated) -> None:
    """Write the mail that confirms an address; an account without a token has nothing to confirm."""
    if not event.verification_token:
        return
    spoken = [event.language, *(event.authority.languages if event.authority else ())]
    to = Correspondent(event.name, event.email, first_known(spoken, "en"), event.account)
    # the link is a secret: it does not stay in the ledger once it was sent
    thread = Thread(event.account, project=None, author=event.account, forget=True)
    await _keep(tx, [_write(meta, desk, event, Letter(account_confirmation, to), thread)])


async def write_to_subscriber(tx: Transaction, meta: EventMeta, desk: Desk, event: AlertEvent, email: Email) -> None:
    """Write a mail to whoever saved searches. It holds links that are secrets: none stays once it was sent."""
    person = event.subscriber
    to = Correspondent("", person.email, person.language, person.account)
    thread = Thread(event.key, project=None, author=person.account, forget=True)
    unsubscribe = unsubscribe_link(event, to, desk)
    await _keep(tx, [_write(meta, desk, event, Letter(email, to), thread, unsubscribe)])


async def forget_account(tx: Transaction, account: str) -> None:
    """Drop what waits for the owner of a deleted account and blank what the ledger knows of it."""
    for template in await repository.forget(tx, account):
        MAILS.labels(template, "dropped").inc()


async def _keep(tx: Transaction, mails: Sequence[NewMail]) -> None:
    for template, state in await repository.add(tx, mails):
        MAILS.labels(template, state).inc()
    database.ring(CHANNEL)


def _write(
    meta: EventMeta, desk: Desk, event: Event, letter: Letter, thread: Thread, unsubscribe: str | None = None
) -> NewMail:
    template = letter.email.__name__
    rendered = render(template, letter.to.language, letter.email(event, letter.to, desk))
    envelope = Envelope(
        event_id=meta.id,
        template=template,
        project=thread.project,
        sender=desk.sender,
        to=letter.to,
        reply_to=letter.reply_to,
        date=datetime.now(UTC),
        unsubscribe=unsubscribe,
    )
    message, error = None, None
    try:
        message = compose(envelope, rendered)
    except AddressError as refused:
        # one bad address does not keep the others from their mail
        error = str(refused)
    return NewMail(
        event_id=meta.id,
        recipient=message.recipient if message else letter.to.email,
        template=template,
        thread=thread.id,
        account=letter.to.account,
        author=thread.author,
        language=letter.to.language,
        message_id=message.message_id if message else "",
        message=message.content if message else None,
        forget=thread.forget,
        error=error,
        traceparent=traceparent() or meta.traceparent,
    )
