"""The submission service: its parts put together."""

from datetime import timedelta

from fastapi import FastAPI

from backbone import app
from backbone.consumer import Consumer
from backbone.database import Database
from backbone.outbox import Relay
from backbone.tokens import TokenVerifier
from services.submission import document_routes, routes
from services.submission.handlers import HANDLERS, Deps, scope
from services.submission.settings import Settings
from services.submission.store import DepositStore
from services.submission.sweep import Sweep


def consumer(database: Database, settings: Settings) -> Consumer[Deps]:
    """What follows the reviews; not started."""
    return Consumer(
        name="submission",
        handlers=HANDLERS,
        scope=scope,
        database=database,
        bootstrap=settings.kafka_bootstrap,
        replica=settings.replica,
    )


def build() -> tuple[FastAPI, Settings]:
    """The application and the settings that it was made with."""
    settings = Settings()
    database = Database(settings.database_url, migrations="services.submission", max_size=settings.pool_size)
    tokens = TokenVerifier(settings.jwks_url)
    store = DepositStore(settings.deposit_store_url)
    return (
        app.create(
            "submission",
            settings,
            routers=[routes.routes, document_routes.routes],
            components=[
                database,
                tokens,
                Relay(
                    database, source="submission", bootstrap=settings.kafka_bootstrap, keep_days=settings.outbox_days
                ),
                consumer(database, settings),
                store,
                Sweep(database, store, timedelta(hours=settings.sweep_hours)),
            ],
            state={"settings": settings, "database": database, "tokens": tokens, "store": store},
        ),
        settings,
    )


if __name__ == "__main__":
    app.run(build)
