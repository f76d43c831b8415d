"""Administration of accounts: the keys that sign tokens (`python -m services.accounts.admin`)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from backbone.database import Database, Transaction
from backbone.telemetry import configure
from services.accounts import keys, repository
from services.accounts.settings import Settings

T = TypeVar("T")
console = Console()
app = typer.Typer(no_args_is_help=True, help="Administration of accounts.", pretty_exceptions_enable=False)
keys_app = typer.Typer(no_args_is_help=True, help="The keys that sign tokens.")
app.add_typer(keys_app, name="keys")


@app.callback()
def prepare() -> None:
    configure("accounts", Settings())


def _run(do: Callable[[Transaction], Coroutine[None, None, T]]) -> T:
    async def within() -> T:
        database = Database(Settings().database_url, migrations="services.accounts")
        await database.start()
        try:
            async with database.transaction() as tx:
                return await do(tx)
        finally:
            await database.stop()

    return asyncio.run(within())


@keys_app.command("list")
def list_() -> None:
    """List the keys: when each signs from."""
    table = Table("kid", "signs from")
    for row in _run(repository.signing_keys):
        table.add_row(row["kid"], row["active_from"].isoformat(timespec="seconds"))
    console.print(table)


@keys_app.command()
def rotate(
    compromised: Annotated[
        bool, typer.Option(help="Drop the old keys at once: every token out there dies, everyone logs in again.")
    ] = False,
) -> None:
    """Add a key. It signs once every service has had time to know it; the old ones stay while their tokens live."""
    kid = _run(lambda tx: keys.rotate(tx, compromised=compromised))
    console.print(f"{kid} signs {'now' if compromised else f'in {keys.PUBLISHED_BEFORE}'}")


if __name__ == "__main__":
    app()
