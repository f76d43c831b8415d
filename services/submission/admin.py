"""Administration of submission: parked events, files without a document (`python -m services.submission.admin`)."""

import asyncio
from datetime import timedelta
from typing import Annotated

from rich.console import Console
from typer import Option

from backbone.admin import create_admin
from backbone.consumer import Consumer
from backbone.database import Database
from services.submission import sweep
from services.submission.app import consumer
from services.submission.handlers import Deps
from services.submission.settings import Settings
from services.submission.store import DepositStore

console = Console()


def _build() -> tuple[Database, Consumer[Deps]]:
    settings = Settings()
    database = Database(settings.database_url, migrations="services.submission")
    return database, consumer(database, settings)


app = create_admin("submission", _build, Settings)


@app.command("sweep-files")
def sweep_files(
    hours: Annotated[float, Option(min=1, help="Leave files alone that are younger than this.")] = 24,
) -> None:
    """Remove the deposited files that no document names any more."""

    async def within() -> int:
        database, _ = _build()
        store = DepositStore(Settings().deposit_store_url)
        await database.start()
        await store.start()
        try:
            return await sweep.sweep(database, store, timedelta(hours=hours))
        finally:
            await store.stop()
            await database.stop()

    console.print(f"{asyncio.run(within())} removed")


if __name__ == "__main__":
    app()
