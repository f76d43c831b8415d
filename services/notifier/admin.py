"""`./bourse notifier`: what is parked, and the mails of the ledger."""

import asyncio
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backbone.admin import create_admin
from backbone.consumer import Consumer
from backbone.database import Database, Transaction
from services.notifier import repository
from services.notifier.app import NAME, make_consumer, make_database
from services.notifier.settings import Settings

T = TypeVar("T")
console = Console()


def build() -> tuple[Database, Consumer[Any]]:
    settings = Settings()
    database = make_database(settings)
    return database, make_consumer(settings, database)


app = create_admin(NAME, build, Settings)
mails = typer.Typer(no_args_is_help=True, help="The e-mails of the ledger.")
app.add_typer(mails, name="mails")

MailId = Annotated[int, typer.Argument(help="The number that `mails list` shows.")]


def _run(do: Callable[[Transaction], Awaitable[T]]) -> T:
    async def within() -> T:
        database = make_database(Settings())
        await database.start()
        try:
            async with database.transaction() as tx:
                return await do(tx)
        finally:
            await database.stop()

    return asyncio.run(within())


@mails.command("list")
def list_(
    state: Annotated[
        list[str] | None, typer.Option(help="pending, leased, sent, failed or dropped; repeat for several.")
    ] = None,
    project: Annotated[str | None, typer.Option(help="Only the mails of this project (or account).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 50,
) -> None:
    """List mails, the newest first."""
    rows = _run(lambda tx: repository.list_mails(tx, state or [], project, limit))
    table = Table("id", "created at", "template", "recipient", "state", "tries", "error")
    for row in rows:
        table.add_row(
            str(row.id),
            f"{row.created_at:%Y-%m-%d %H:%M:%S}",
            f"{row.template} {row.language}",
            escape(row.recipient),
            row.state,
            str(row.attempts),
            escape((row.error or "")[:80]),
        )
    console.print(table if rows else "no such mail")


@mails.command()
def show(mail_id: MailId) -> None:
    """Show one mail: its row in the ledger, its headers, its text."""
    entry = _run(lambda tx: repository.find_mail(tx, mail_id))
    if entry is None:
        console.print(f"there is no mail {mail_id}")
        raise typer.Exit(1)
    for name, value in vars(entry).items():
        if name != "message":
            console.print(f"[bold]{name}[/]: {escape(str(value))}", soft_wrap=True)
    if entry.message is None:
        console.print("the message is no longer kept")
        return
    message = message_from_bytes(entry.message, policy=policy.default)
    console.print()
    for name, value in message.items():
        console.print(f"{escape(name)}: {escape(str(value))}", soft_wrap=True)
    plain = message.get_body(("plain",))
    console.print()
    console.print(escape(plain.get_content() if plain else ""), soft_wrap=True)


@mails.command()
def retry(
    mail_ids: Annotated[list[int] | None, typer.Argument(help="Mails to send again.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All mails that failed.")] = False,
) -> None:
    """Send mails again that failed, or at once those that wait."""
    if bool(mail_ids) == failed:
        console.print("name mails, or say --failed")
        raise typer.Exit(2)
    count = _run(lambda tx: repository.retry(tx, mail_ids or []))
    console.print(f"{count} will be sent")
    if not count:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
