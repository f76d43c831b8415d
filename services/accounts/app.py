"""The accounts service: its parts put together."""

from fastapi import FastAPI

from backbone import app
from backbone.database import Database
from backbone.outbox import Relay
from backbone.throttle import Throttle
from backbone.tokens import TokenVerifier
from services.accounts import routes, token_routes
from services.accounts.passwords import Passwords
from services.accounts.seed import FirstStart
from services.accounts.settings import Settings


def build() -> tuple[FastAPI, Settings]:
    """The application and the settings that it was made with."""
    settings = Settings()
    database = Database(settings.database_url, migrations="services.accounts", max_size=settings.pool_size)
    passwords = Passwords()
    # its own keys are had as every service has them
    tokens = TokenVerifier(settings.jwks_url or f"http://{settings.host}:{settings.port}/.well-known/jwks.json")
    return (
        app.create(
            "accounts",
            settings,
            routers=[routes.routes, token_routes.routes],
            components=[
                database,
                FirstStart(database, passwords, settings),
                tokens,
                Relay(database, source="accounts", bootstrap=settings.kafka_bootstrap, keep_days=settings.outbox_days),
            ],
            state={
                "settings": settings,
                "database": database,
                "passwords": passwords,
                "tokens": tokens,
                "throttle": Throttle(off=settings.rate_limits == "off"),
            },
        ),
        settings,
    )


if __name__ == "__main__":
    app.run(build)
