"""The admin commands of moderation (`./bourse moderation …`)."""

from typing import Any

from backbone.admin import create_admin
from backbone.consumer import Consumer
from backbone.database import Database
from services.moderation.app import consumer_of, database_of
from services.moderation.settings import Settings


def _build() -> tuple[Database, Consumer[Any]]:
    settings = Settings()
    database = database_of(settings)
    return database, consumer_of(settings, database)


app = create_admin("moderation", _build, Settings)

if __name__ == "__main__":
    app()
