"""Reading the caught mails: page by page, newest first, without reading the mails that are not shown."""

import email
import email.policy
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Final, cast

PAGE_SIZE: Final = 50
_HEAD_BYTES: Final = 16_384
_COARSE_NS: Final = 100_000_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:,=+-]{0,200}")
_DELIVERED: Final = re.compile(rb"^delivered-to:\s*(.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_TO: Final = re.compile(rb"^(?:to|cc):\s*(.*?(?:\n[ \t].*?)*)\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Summary:
    """A mail in the list."""

    name: str
    sender: str
    recipients: str
    subject: str
    date: str


@dataclass(frozen=True)
class Part:
    """A part of a mail that is neither its text nor its HTML: an attachment."""

    number: int
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True)
class Page:
    """Mails of one page; `older` is the name that the next page begins after, None on the last."""

    mails: list[Summary]
    older: str | None
    total: int


@dataclass
class MailStore:
    """The Maildir `folder`, read only."""

    folder: Path
    _names: list[str] = field(default_factory=list[str])
    _names_as_of: tuple[int, ...] = ()
    _recipients: dict[str, str] = field(default_factory=dict[str, str])

    def names(self) -> list[str]:
        """All mails, the oldest first; the folders are read again only after they changed."""
        rooms = [self.folder / room for room in ("new", "cur") if (self.folder / room).is_dir()]
        as_of = tuple(room.stat().st_mtime_ns for room in rooms)
        if as_of != self._names_as_of:
            self._names = sorted(file.name for room in rooms for file in room.iterdir())
            # A folder's time is coarse: one that has just changed may change again under the same time.
            settled = all(time.time_ns() - changed > _COARSE_NS for changed in as_of)
            self._names_as_of = as_of if settled else ()
        return self._names

    def page(self, *, recipient: str = "", before: str = "", size: int = PAGE_SIZE) -> Page:
        """The mails older than `before` (all, where empty) with `recipient` in an address they were delivered to."""
        names = self.names()
        chosen: list[str] = []
        for name in self._matching(recipient.strip().lower(), before):
            chosen.append(name)
            if len(chosen) > size:
                break
        older = chosen[size - 1] if len(chosen) > size else None
        return Page([self._summary(name) for name in chosen[:size]], older, len(names))

    def _matching(self, recipient: str, before: str) -> Iterator[str]:
        for name in reversed(self.names()):
            if before and name >= before:
                continue
            if not recipient or recipient in self._recipients_of(name):
                yield name

    def _recipients_of(self, name: str) -> str:
        """The addresses of a mail in lower case, by a look at its head; remembered, a mail does not change."""
        known = self._recipients.get(name)
        if known is None:
            head = self._head(name)
            found = _DELIVERED.findall(head) or _TO.findall(head)
            known = b" ".join(found).decode(errors="replace").lower()
            self._recipients[name] = known
        return known

    def path(self, name: str) -> Path | None:
        """The file of a mail; None where there is no such mail."""
        if not _NAME.fullmatch(name):
            return None
        return next((p for room in ("new", "cur") if (p := self.folder / room / name).is_file()), None)

    def read(self, name: str) -> EmailMessage | None:
        path = self.path(name)
        return None if path is None else _parse(path.read_bytes())

    def _head(self, name: str) -> bytes:
        path = self.path(name)
        if path is None:
            return b""
        with path.open("rb") as stream:
            return stream.read(_HEAD_BYTES).partition(b"\n\n")[0]

    def _summary(self, name: str) -> Summary:
        mail = _parse(self._head(name) + b"\n\n")
        recipients = ", ".join(shown(value) for value in mail.get_all("Delivered-To", mail.get_all("To", [])))
        return Summary(name, header(mail, "From"), recipients, header(mail, "Subject"), header(mail, "Date"))


def _parse(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def shown(value: object) -> str:
    """A header's value as text that can always be written as UTF-8."""
    return str(value).encode(errors="replace").decode()


def header(mail: EmailMessage, name: str) -> str:
    return shown(mail.get(name, ""))


def headers(mail: EmailMessage) -> list[tuple[str, str]]:
    return [(shown(name), shown(value)) for name, value in mail.items()]


def body(mail: EmailMessage, kind: str) -> str | None:
    """The mail's `plain` or `html` part as text; None where it has none."""
    part = mail.get_body((kind,))
    return None if part is None else _text(cast(EmailMessage, part))


def _text(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    if not isinstance(content, bytes):  # a multipart, which get_body never chooses
        return ""
    try:
        return content.decode(charset, errors="replace")
    except LookupError:  # a charset that no one knows
        return content.decode("utf-8", errors="replace")


def attachments(mail: EmailMessage) -> list[Part]:
    found: list[Part] = []
    for number, part in enumerate(mail.iter_attachments()):
        content = part.get_payload(decode=True)
        size = len(content) if isinstance(content, bytes) else 0
        found.append(Part(number, shown(part.get_filename() or f"part-{number}"), part.get_content_type(), size))
    return found


def attachment(mail: EmailMessage, number: int) -> tuple[str, bytes] | None:
    """Name and content of an attachment; None where there is no such one."""
    for index, part in enumerate(mail.iter_attachments()):
        content = part.get_payload(decode=True)
        if index == number and isinstance(content, bytes):
            return shown(part.get_filename() or f"part-{number}"), content
    return None
