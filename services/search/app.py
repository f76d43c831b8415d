"""The search service, put together."""

from fastapi import FastAPI

from backbone import app
from backbone.consumer import Consumer
from backbone.database import Database
from backbone.kafka import Broker
from backbone.outbox import Relay
from backbone.throttle import Throttle
from backbone.tokens import TokenVerifier
from services.search import alerts
from services.search.engine import Engine
from services.search.handlers import HANDLERS, Deps, scope_of
from services.search.index import Index
from services.search.misses import Misses
from services.search.rebuild import IndexKeeper
from services.search.routes import ROUTERS
from services.search.saved_routes import saved_searches
from services.search.settings import Settings
from services.search.vocabulary import Vocabulary, VocabularyKeeper


def database_of(settings: Settings) -> Database:
    return Database(settings.database_url, migrations="services.search", max_size=settings.pool_size)


def consumer_of(settings: Settings, database: Database, index: Index) -> Consumer[Deps]:
    return Consumer(
        name="search",
        handlers=HANDLERS,
        scope=scope_of(index),
        database=database,
        bootstrap=settings.kafka_bootstrap,
        replica=settings.replica,
    )


def build(settings: Settings | None = None) -> tuple[FastAPI, Settings]:
    """The application and its settings; nothing is connected yet."""
    settings = settings or Settings()
    database = database_of(settings)
    engine = Engine(settings)
    index = Index(engine, settings)
    vocabulary, misses = Vocabulary(engine), Misses(database)
    # no component: who searches needs no token, and the keys are fetched for the first who has one
    tokens = TokenVerifier(settings.jwks_url)
    application = app.create(
        "search",
        settings,
        routers=[*ROUTERS, saved_searches],
        components=[
            database,
            Broker(settings.kafka_bootstrap),
            engine,
            IndexKeeper(index, settings),
            Relay(database, source="search", bootstrap=settings.kafka_bootstrap, keep_days=settings.outbox_days),
            VocabularyKeeper(vocabulary, database),
            misses,
            consumer_of(settings, database, index),
            alerts.matcher(database, index, vocabulary, settings),
            alerts.teller(database, index, settings),
            alerts.Sweeper(database),
        ],
        state={
            "index": index,
            "vocabulary": vocabulary,
            "misses": misses,
            "database": database,
            "tokens": tokens,
            "settings": settings,
            "throttle": Throttle(off=settings.rate_limits == "off"),
        },
    )
    return application, settings


if __name__ == "__main__":
    app.run(build)
