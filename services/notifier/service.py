"""Who is written to, in which language, and that it is written down once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prometheus_client import Counter

from backbone import database
from backbone.contracts.events import AccountCreated, Event, Review
from backbone.contracts.sheet import Record
from backbone.database import Transaction
from backbone.kafka import EventMeta
from services.notifier import repository
from services.notifier.emails import Correspondent, Desk, Email, account_confirmation, post_name
from services.notifier.labels import LANGUAGES, Language
from services.notifier.message import AddressError, Envelope, compose
from services.notifier.render import render

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
    for letter in letters:
        await _write(
            tx, meta, desk, event, letter, thread=event.project, project=event.project, author=event.author.account
        )


async def confirm_account(tx: Transaction, meta: EventMeta, desk: Desk, event: AccountCreated) -> None:
    """Write the mail that confirms an address; an account without a token has nothing to confirm."""
    if not event.verification_token:
        return
    spoken = [event.language, *(event.authority.languages if event.authority else ())]
    language = first_known(spoken, "en")
    to = Correspondent(event.name, event.email, language, event.account)
    letter = Letter(account_confirmation, to)
    # the link is a secret: it does not stay in the ledger once it was sent
    await _write(tx, meta, desk, event, letter, thread=event.account, project=None, author=event.account, forget=True)


async def forget_account(tx: Transaction, account: str) -> None:
    """Drop what waits for the owner of a deleted account and blank what the ledger knows of it."""
    dropped = await repository.forget(tx, account)
    MAILS.labels("any", "dropped").inc(dropped)


async def _write(
    tx: Transaction,
    meta: EventMeta,
    desk: Desk,
    event: Event,
    letter: Letter,
    *,
    thread: str,
    project: str | None,
    author: str | None,
    forget: bool = False,
) -> None:
    template = letter.email.__name__
    rendered = render(template, letter.to.language, letter.email(event, letter.to, desk))
    envelope = Envelope(
        event_id=meta.id,
        template=template,
        thread=thread,
        project=project,
        sender=desk.sender,
        to=letter.to,
        reply_to=letter.reply_to,
        date=datetime.now(UTC),
    )
    message, error = None, None
    try:
        message = compose(envelope, rendered)
    except AddressError as refused:
        # one bad address does not keep the others from their mail
        error = str(refused)
    state = await repository.add(
        tx,
        repository.NewMail(
            event_id=meta.id,
            recipient=message.recipient if message else letter.to.email,
            template=template,
            thread=thread,
            account=letter.to.account,
            author=author,
            language=letter.to.language,
            message_id=message.message_id if message else "",
            message=message.content if message else None,
            forget=forget,
            error=error,
            traceparent=meta.traceparent,
        ),
    )
    MAILS.labels(template, state or "dropped").inc()
    database.ring(CHANNEL)
