"""The mail server: its address, connections that are kept, and what its answers mean for a mail."""

import asyncio
import contextlib
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

TIMEOUT_S: Final = 20.0
# a connection that rested this long is asked whether it is still there before a mail is trusted to it
RESTED_S: Final = 5.0
CLOSING: Final = 421
TOO_LARGE: Final = 552


class RefusedError(Exception):
    """The server refused this very mail; `permanent` where it says that another try is of no use (5xx)."""

    def __init__(self, code: int, answer: str) -> None:
        super().__init__(f"{code} {answer}"[:500])
        self.code = code
        self.permanent = code >= 500


class TroubleError(Exception):
    """The server cannot be used at the moment, for any mail; `answered` where it is there and says so itself."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        super().__init__(reason[:500])
        self.answered = answered


@dataclass(frozen=True)
class Server:
    """Where mails go. `starttls` None uses TLS where the server offers it."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    starttls: bool | None


def server(url: str) -> Server:
    """Read `smtp://user:password@host:port?starttls=required`. Raises `ValueError`, without the password.

    A password travels only over TLS, except to this machine or where `starttls=off` says so.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    wanted = options.pop("starttls", None)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("BOURSE_SMTP_URL must look like smtp://host:port or smtps://host:port")
    if options or wanted not in (None, "required", "auto", "off") or parts.path not in ("", "/"):
        raise ValueError("BOURSE_SMTP_URL takes starttls=required, auto or off after the `?`, and nothing else")
    tls = parts.scheme == "smtps"
    user = unquote(parts.username) if parts.username else None
    if wanted is None:
        wanted = "required" if user and not _is_local(parts.hostname) else "auto"
    return Server(
        host=parts.hostname,
        port=parts.port or (465 if tls else 25),
        user=user,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        starttls=False if tls else {"required": True, "auto": None, "off": False}[wanted],
    )


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Connection:
    """One connection to the mail server, opened when needed, kept and opened again after trouble."""

    def __init__(self, to: Server, sender: str) -> None:
        self._to = to
        self._sender = sender
        self._client: SMTP | None = None
        self._used = 0.0

    @property
    def is_open(self) -> bool:
        return self._client is not None and self._client.is_connected

    @property
    def idle_s(self) -> float:
        """Seconds since it was last used."""
        return time.monotonic() - self._used

    async def open(self) -> None:
        """Connect, with TLS and login as configured. Raises `TroubleError`."""
        self.drop()
        to = self._to
        client = SMTP(
            hostname=to.host,
            port=to.port,
            username=to.user,
            password=to.password,
            use_tls=to.tls,
            start_tls=to.starttls,
            timeout=TIMEOUT_S,
            local_hostname="localhost" if _is_local(to.host) else None,
        )
        try:
            await client.connect()
            await client.ehlo()
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            client.close()
            _heed_cancellation()
            raise _trouble(error) from error
        self._client, self._used = client, time.monotonic()

    async def check(self) -> None:
        """See that the server answers, on this connection or a new one. Raises `TroubleError`."""
        if self._client is None or not self.is_open:
            await self.open()
            return
        try:
            await self._client.noop()
        except (SMTPException, OSError, TimeoutError):
            await self.open()
        _heed_cancellation()
        self._used = time.monotonic()

    async def send(self, recipient: str, message: bytes) -> None:
        """Hand one mail over; on return the server has accepted it. Raises `RefusedError` or `TroubleError`."""
        if not self.is_open:
            await self.open()
        elif self.idle_s > RESTED_S:
            await self.check()
        try:
            await self._begin(recipient, message)
        except (SMTPServerDisconnected, SMTPSenderRefused) as error:
            if isinstance(error, SMTPSenderRefused) and error.code != CLOSING:
                await self._reset()
                raise _refusal(error) from error
            # the server had enough of this connection; nothing of the mail was said yet
            await self.open()
            await self._begin_anew(recipient, message)
        await self._hand_over(recipient, message)
        self._used = time.monotonic()

    async def quit(self) -> None:
        """Take leave of the server."""
        if self._client is not None and self.is_open:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):  # gone already, which was wanted
                await self._client.quit(timeout=2)
        self.drop()

    def drop(self) -> None:
        """Close without a word."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _begin(self, recipient: str, message: bytes) -> None:
        client = self._connected()
        options = [f"size={len(message)}"] if client.supports_extension("size") else []
        encoding = "ascii"
        if not recipient.isascii():
            if not client.supports_extension("smtputf8"):
                raise RefusedError(553, "the mail server takes ASCII addresses only (no SMTPUTF8)")
            encoding = "utf-8"
            options.append("SMTPUTF8")
        try:
            await client.mail(self._sender, options=options, encoding=encoding)
        except (OSError, TimeoutError) as error:
            if isinstance(error, SMTPServerDisconnected):
                raise
            self.drop()
            raise _trouble(error) from error

    async def _begin_anew(self, recipient: str, message: bytes) -> None:
        try:
            await self._begin(recipient, message)
        except (SMTPServerDisconnected, SMTPSenderRefused) as error:
            self.drop()
            raise _trouble(error) from error

    async def _hand_over(self, recipient: str, message: bytes) -> None:
        client = self._connected()
        try:
            await client.rcpt(recipient, encoding="ascii" if recipient.isascii() else "utf-8")
            await client.data(message)
        except (SMTPRecipientRefused, SMTPDataError) as error:
            if error.code == CLOSING:
                self.drop()
                raise _trouble(error) from error
            await self._reset()
            raise RefusedError(error.code, error.message) from error
        except (SMTPException, OSError, TimeoutError) as error:
            self.drop()
            raise _trouble(error) from error

    async def _reset(self) -> None:
        try:
            await self._connected().rset()
        except (SMTPException, OSError, TimeoutError):
            self.drop()

    def _connected(self) -> SMTP:
        if self._client is None:
            raise TroubleError("not connected", answered=False)
        return self._client


def _heed_cancellation() -> None:
    # Python 3.11's wait_for drops a cancellation that comes while a connection fails: a worker would never end
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _refusal(error: SMTPSenderRefused) -> Exception:
    """Too large concerns the mail; all else that is said to our own address concerns every mail."""
    return RefusedError(error.code, error.message) if error.code == TOO_LARGE else _trouble(error)


def _trouble(error: Exception) -> TroubleError:
    if isinstance(error, SMTPResponseException):
        return TroubleError(f"{error.code} {error.message}", answered=True)
    # a certificate that is not trusted, a login or STARTTLS that it does not know: it is there
    answered = isinstance(error, (ssl.SSLError, aiosmtplib.SMTPNotSupported, ValueError))
    return TroubleError(f"{type(error).__name__}: {error}", answered=answered)
