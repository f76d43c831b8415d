"""The catalog service: its parts put together."""

from fastapi import FastAPI

from backbone import app
from backbone.consumer import Consumer
from backbone.database import Database
from backbone.kafka import Broker
from services.catalog import export_routes, routes
from services.catalog.cleaner import Cleaner
from services.catalog.files import Files
from services.catalog.handlers import HANDLERS, Deps, scope
from services.catalog.settings import Settings


def database_of(settings: Settings) -> Database:
    return Database(settings.database_url, migrations="services.catalog", max_size=settings.pool_size)


def files_of(settings: Settings) -> Files:
    return Files(deposits=settings.deposit_store_url, public=settings.public_store_url)


def consumer_of(settings: Settings, database: Database, files: Files) -> Consumer[Deps]:
    return Consumer(
        name="catalog",
        handlers=HANDLERS,
        scope=scope(files),
        database=database,
        bootstrap=settings.kafka_bootstrap,
        replica=settings.replica,
    )


def build() -> tuple[FastAPI, Settings]:
    """The application and the settings that it was made with."""
    settings = Settings()
    database, files = database_of(settings), files_of(settings)
    components = [
        database,
        files,
        Broker(settings.kafka_bootstrap),
        consumer_of(settings, database, files),
        Cleaner(database, files),
    ]
    return (
        app.create(
            "catalog",
            settings,
            routers=[routes.routes, export_routes.routes],
            components=components,
            state={"database": database, "files": files, "portal_url": settings.portal_url},
        ),
        settings,
    )


if __name__ == "__main__":
    app.run(build)
