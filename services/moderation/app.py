"""The composition of moderation."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backbone.app import create, run
from backbone.consumer import Consumer
from backbone.database import Database, Transaction
from backbone.kafka import Broker
from backbone.outbox import Relay
from backbone.tokens import TokenVerifier
from services.moderation.handlers import HANDLERS, Deps
from services.moderation.posts import Seed
from services.moderation.routes import reviews
from services.moderation.settings import Settings


def database_of(settings: Settings) -> Database:
    """Its own database."""
    return Database(settings.database_url, migrations="services.moderation", max_size=settings.pool_size)


def consumer_of(settings: Settings, database: Database) -> Consumer[Deps]:
    """What opens and closes reviews as sheets are submitted."""

    @asynccontextmanager
    async def scope(tx: Transaction) -> AsyncGenerator[Deps, None]:
        yield Deps(tx, settings.daect_email)

    return Consumer(
        name="moderation",
        handlers=HANDLERS,
        scope=scope,
        database=database,
        bootstrap=settings.kafka_bootstrap,
        replica=settings.replica,
    )


def build() -> tuple[FastAPI, Settings]:
    """The service, from its environment."""
    settings = Settings()
    database = database_of(settings)
    tokens = TokenVerifier(settings.jwks_url)
    app = create(
        "moderation",
        settings,
        routers=[reviews],
        components=[
            database,
            Seed(database, demonstration=settings.demonstration),
            Broker(settings.kafka_bootstrap),
            Relay(database, source="moderation", bootstrap=settings.kafka_bootstrap, keep_days=settings.outbox_days),
            consumer_of(settings, database),
            tokens,
        ],
        state={"database": database, "tokens": tokens, "settings": settings},
    )
    return app, settings


if __name__ == "__main__":
    run(build)
