"""The admin commands that every consuming service has: what is parked, replay it, discard it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backbone import inbox
from backbone.consumer import Consumer
from backbone.database import Database
from backbone.settings import ServiceSettings
from backbone.telemetry import configure

T = TypeVar("T")
Build = Callable[[], tuple[Database, Consumer[Any]]]
console = Console()

ParkedId = Annotated[int, typer.Argument(help="The number that `parked list` shows.")]


def create_admin(name: str, build: Build, settings: Callable[[], ServiceSettings]) -> typer.Typer:
    """The command line of a service; `build` makes its database and its consumer (which is not started)."""
    app = typer.Typer(no_args_is_help=True, help=f"Administration of {name}.", pretty_exceptions_enable=False)
    parked = typer.Typer(no_args_is_help=True, help="Events that could not be handled.")
    app.add_typer(parked, name="parked")

    @app.callback()
    def prepare() -> None:
        configure(name, settings())

    def run(do: Callable[[Database, Consumer[Any]], Coroutine[Any, Any, T]]) -> T:
        async def within() -> T:
            database, consumer = build()
            await database.start()
            try:
                return await do(database, consumer)
            finally:
                await database.stop()

        return asyncio.run(within())

    @parked.command("list")
    def list_() -> None:
        """List the parked events, oldest first."""

        async def do(database: Database, consumer: Consumer[Any]) -> list[inbox.Parked]:
            async with database.connection() as connection:
                return await inbox.list_parked(connection, consumer.group)

        rows = run(do)
        table = Table("id", "parked at", "type", "aggregate", "held", "error")
        for row in rows:
            held = "held back" if row.held else ""
            table.add_row(str(row.id), str(row.parked_at), row.type, escape(row.key), held, escape(row.error[:120]))
        console.print(table if rows else "nothing is parked")

    @parked.command()
    def show(parked_id: ParkedId) -> None:
        """Show one parked event whole: where it came from, its headers, its value, the error."""

        async def do(database: Database, consumer: Consumer[Any]) -> inbox.Parked | None:
            async with database.connection() as connection:
                return await inbox.find_parked(connection, consumer.group, parked_id)

        row = _found(run(do), parked_id)
        for field in ("id", "topic", "partition", "offset", "key", "event_id", "type", "held", "parked_at", "error"):
            console.print(f"[bold]{field}[/]: {escape(str(getattr(row, field)))}", soft_wrap=True)
        for header, value in row.headers:
            console.print(f"  {escape(header)}: {escape(value)}", soft_wrap=True)
        console.print(escape((row.value or b"").decode("utf-8", "replace")), soft_wrap=True)

    @parked.command()
    def replay(parked_id: ParkedId) -> None:
        """Handle a parked event again, and those of its aggregate held back behind it."""

        async def do(_: Database, consumer: Consumer[Any]) -> int:
            return await consumer.replay(parked_id)

        count = run(do)
        _found(count or None, parked_id)
        console.print(f"{count} replayed")

    @parked.command()
    def discard(parked_id: ParkedId) -> None:
        """Forget a parked event; those held back behind it stay until they are replayed."""

        async def do(database: Database, consumer: Consumer[Any]) -> int:
            async with database.transaction() as tx:
                return await inbox.discard(tx, consumer.group, [parked_id])

        _found(run(do) or None, parked_id)
        console.print("discarded")

    return app


def _found(value: T | None, parked_id: int) -> T:
    if value is None:
        console.print(f"there is no parked event {parked_id}")
        raise typer.Exit(1)
    return value
