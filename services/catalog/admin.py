"""Administration of the catalogue (`python -m services.catalog.admin`)."""

import asyncio

from rich.console import Console

from backbone.admin import create_admin
from backbone.consumer import Consumer
from backbone.contracts.checksum import SheetsChecksum
from backbone.database import Database
from services.catalog import service
from services.catalog.app import consumer_of, database_of, files_of
from services.catalog.handlers import Deps
from services.catalog.settings import Settings

console = Console()


def _build() -> tuple[Database, Consumer[Deps]]:
    settings = Settings()
    database = database_of(settings)
    return database, consumer_of(settings, database, files_of(settings))


app = create_admin("catalog", _build, Settings)


@app.command()
def checksum() -> None:
    """Print the count and the checksum of the published sheets, as the search prints those of its index."""

    async def compute() -> SheetsChecksum:
        database = database_of(Settings())
        await database.start()
        try:
            async with database.transaction() as tx:
                return await service.checksum(tx)
        finally:
            await database.stop()

    found = asyncio.run(compute())
    console.print(f"{found.count} {found.hexdigest()}", soft_wrap=True)


if __name__ == "__main__":
    app()
