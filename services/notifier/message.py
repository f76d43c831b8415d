"""From words to a message: headers that nothing typed can add to or turn elsewhere, and a MIME message."""

import hashlib
import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.charset import BASE64, Charset
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any, Final

from services.notifier import text
from services.notifier.emails import Correspondent
from services.notifier.render import Rendered

DOMAIN: Final = "bourse-projets.example.org"
_SPECIAL: Final = r'\s\x00-\x20\x7f-\x9f@<>()\[\]:;,\\"'
_ADDRESS: Final = re.compile(rf"[^{_SPECIAL}]{{1,64}}@[^{_SPECIAL}]{{1,190}}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]{1,50}")
_FOLD: Final = "\r\n "
_UTF8: Final = Charset("utf-8")
_UTF8.header_encoding = BASE64  # the shorter of two would be tried letter by letter


class AddressError(Exception):
    """What stands where an e-mail address should is none: nobody can be written to there."""


class _Verbatim(EmailPolicy):
    """SMTP's policy, with headers kept as they are written here.

    The library's own folding loses the quotes of a long display name, so that `<…>` in it becomes an address.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        lines = str(value).split(_FOLD)
        if not all(line.isprintable() for line in lines) or not (self.utf8 or str(value).isascii()):
            raise ValueError(f"{name} holds what a header must not")
        return name, str(value)

    def header_max_count(self, name: str) -> int | None:
        # as for most headers in the library, which would make a class to find it out
        del name
        return 1

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        del name
        return value


_POLICY: Final = _Verbatim(linesep="\r\n", refold_source="none")


@dataclass(frozen=True)
class Envelope:
    """What a message says of itself: `template` is the e-mail's name, `project` the id of the one that it is about.

    `unsubscribe` is the address where one click ends what it belongs to.
    """

    event_id: str
    template: str
    project: str | None
    sender: str
    to: Correspondent
    reply_to: Correspondent | None
    date: datetime
    unsubscribe: str | None = None


@dataclass(frozen=True)
class Message:
    """A message as it goes over the wire, whom it goes to and its Message-ID."""

    recipient: str
    message_id: str
    content: bytes


def message_id(event_id: str, recipient: str, template: str) -> str:
    """The same for the same mail, however often it is composed or sent."""
    return f"<{_digest('mail', event_id, recipient, template)}@{DOMAIN}>"


def _digest(*parts: str) -> str:
    # 32 digits, so that the header stays on one line
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]


def mailbox(address: str) -> str:
    """The address as mail servers take it, its domain in ASCII. Raises `AddressError`."""
    if not _ADDRESS.fullmatch(address):
        raise AddressError("not an e-mail address")
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except ValueError as error:
        raise AddressError("not an e-mail address") from error


def sender_mailbox(sender: str) -> str:
    """The address in the configured sender, `Name <address>`. Raises `AddressError`."""
    return mailbox(parseaddr(sender)[1])


def compose(envelope: Envelope, rendered: Rendered) -> Message:
    """The message. Raises `AddressError` where it cannot be addressed."""
    recipient = mailbox(envelope.to.email)
    identity = message_id(envelope.event_id, recipient, envelope.template)
    # an address that is not ASCII needs a server with SMTPUTF8; all others go through any
    message = EmailMessage(_POLICY if recipient.isascii() else _POLICY.clone(utf8=True))
    message["From"] = _named("From", parseaddr(envelope.sender)[0], sender_mailbox(envelope.sender))
    message["To"] = _named("To", envelope.to.name, recipient)
    if envelope.reply_to is not None:
        _reply_to(message, envelope.reply_to)
    message["Subject"] = _encoded("Subject", text.one_line(rendered.subject))
    message["Date"] = format_datetime(envelope.date)
    message["Message-ID"] = identity
    if envelope.project is not None:
        thread = f"<{_digest('project', envelope.project)}@{DOMAIN}>"
        message["In-Reply-To"] = thread
        message["References"] = thread
        message["X-Bourse-Project"] = _encoded("X-Bourse-Project", text.one_line(envelope.project))
    if envelope.unsubscribe is not None:
        # one click in the reader's own program (RFC 8058)
        message["List-Unsubscribe"] = f"<{envelope.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["X-Bourse-Mail"] = envelope.template
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = envelope.to.language
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f'multipart/alternative;{_FOLD}boundary="=_{_digest("boundary", identity)}"'
    message.set_payload([_part("plain", rendered.plain), _part("html", rendered.html)])
    return Message(recipient, identity, message.as_bytes())


def _part(subtype: str, words: str) -> EmailMessage:
    # quoted-printable: any relay takes it; `set_content` would take four times as long to write the same
    part = EmailMessage(_POLICY)
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(words.encode(), istext=True).decode())
    return part


def _reply_to(message: EmailMessage, other: Correspondent) -> None:
    """Whom an answer goes to; left out where that address cannot be written in this message's headers."""
    try:
        address = mailbox(other.email)
        message["Reply-To"] = _named("Reply-To", other.name, address)
    except (AddressError, ValueError):
        return


def _encoded(header: str, value: str) -> str:
    """Short ASCII as it is, all else in encoded words (RFC 2047), folded."""
    if value.isascii() and len(header) + len(value) < 75 and "=?" not in value:
        return value
    return _words(header, value)


def _named(header: str, name: str, address: str) -> str:
    """A name and an address; a name that holds anything but plain words is encoded whole, so that it stays a name."""
    shown = text.one_line(name)[:120]
    if not shown:
        return address
    if _PLAIN.fullmatch(shown):
        return f"{shown}{_FOLD if len(header) + len(shown) + len(address) > 70 else ' '}<{address}>"
    return f"{_words(header, shown)}{_FOLD}<{address}>"


def _words(header: str, value: str) -> str:
    return Header(value, _UTF8, maxlinelen=75, header_name=header).encode(linesep="\r\n")
