"""The mail catcher: takes every mail over SMTP, keeps it in a Maildir, sends none on, and shows them on a page.

`python -m deploy.embedded.smtp --smtp-port N --page-port N --maildir DIR`. A mail is on the disk before it is accepted.
"""

import argparse
import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.embedded.engine import Launch
from deploy.launcher.ports import HOST, answers

MAX_MAIL_BYTES: Final = 35 * 2**20
ROOMS: Final = ("tmp", "new", "cur")
_log = logging.getLogger("bourse.mail")


@dataclass(frozen=True)
class MailCatcher:
    """The catcher as the supervisor sees it."""

    folder: Path
    smtp_port: int
    page_port: int
    python: Path
    environment: Mapping[str, str]
    working_folder: Path
    name: str = "mail"

    def is_ready(self) -> bool:
        return answers(self.smtp_port) and answers(self.page_port)

    def launch(self) -> Launch:
        ports = ("--smtp-port", str(self.smtp_port), "--page-port", str(self.page_port))
        command = [str(self.python), "-P", "-m", "deploy.embedded.smtp", *ports, "--maildir", str(self.folder)]
        return Launch(command, self.environment, self.working_folder)


class Maildir:
    """A Maildir that takes mails; a name begins with its time in nanoseconds, so that names sort by arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tag = f"{os.getpid()}_{secrets.token_hex(3)}.{socket.gethostname().replace('/', '_').replace(':', '_')}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for room in ROOMS:
            (folder / room).mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, content: bytes) -> str:
        """Store one mail so that a crash of the machine leaves it there; its name."""
        name = f"{time.time_ns():020d}.{secrets.token_hex(4)}_{self._tag}"
        temporary = self.folder / "tmp" / name
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(self.folder / "new" / name)
        _sync_folder(self.folder / "new")
        return name

    def clear_unfinished(self) -> None:
        """Remove what a kill left half-written: it was never accepted, its sender sends it again."""
        for half in (self.folder / "tmp").iterdir():
            half.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Catcher:
    """aiosmtpd's handler: any sender, any recipient."""

    def __init__(self, maildir: Maildir) -> None:
        self._maildir = maildir

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        content = delivered(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        try:
            await asyncio.to_thread(self._maildir.keep, content)
        except OSError as error:
            _log.error("a mail could not be stored and was refused for now: %s", error)
            return "452 4.3.1 Cannot store the mail now"
        return "250 2.0.0 Stored"


def delivered(sender: str | None, recipients: Sequence[str], content: bytes) -> bytes:
    """The mail with the envelope's addresses at its head, as mail servers write them on delivery."""
    lines = [f"Return-Path: <{_one_line(sender or '')}>", *(f"Delivered-To: {_one_line(to)}" for to in recipients)]
    return "".join(line + "\n" for line in lines).encode() + content.replace(b"\r\n", b"\n")


def _one_line(address: str) -> str:
    return "".join(character for character in address if character.isprintable())


@asynccontextmanager
async def taking_mails(smtp_port: int, maildir: Maildir) -> AsyncGenerator[None]:
    """An SMTP server on the port for as long as the context lasts."""
    from aiosmtpd.smtp import SMTP

    maildir.clear_unfinished()
    loop = asyncio.get_running_loop()
    handler = Catcher(maildir)

    def protocol() -> asyncio.Protocol:
        return SMTP(handler, enable_SMTPUTF8=True, data_size_limit=MAX_MAIL_BYTES, hostname="localhost", loop=loop)

    server = await loop.create_server(protocol, HOST, smtp_port)
    try:
        yield
    finally:
        server.close()


def main() -> None:
    import uvicorn

    from deploy.embedded.mailpage import application

    parser = argparse.ArgumentParser(description="Take every mail over SMTP, keep it in a Maildir, show it on a page.")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    parser.add_argument("--maildir", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("bourse.mail").setLevel(logging.INFO)
    _log.info("SMTP on %s:%s, page on %s:%s", HOST, arguments.smtp_port, HOST, arguments.page_port)
    maildir = Maildir(arguments.maildir)
    page = application(maildir.folder, lifespan=lambda _: taking_mails(arguments.smtp_port, maildir))
    uvicorn.run(page, host=HOST, port=arguments.page_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
