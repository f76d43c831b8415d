"""The notifier: writes the e-mails of the life of a project, keeps them in a ledger and sends each once."""

from fastapi import FastAPI

from backbone import app
from backbone.consumer import Consumer
from backbone.database import Database
from services.notifier import mailer
from services.notifier.dispatcher import Dispatcher, MailServer
from services.notifier.emails import Correspondent, Desk
from services.notifier.handlers import HANDLERS, Deps, scope
from services.notifier.message import sender_mailbox
from services.notifier.settings import Settings

NAME = "notifier"


def make_database(settings: Settings) -> Database:
    """The ledger's database, not yet connected."""
    return Database(settings.database_url, migrations="services.notifier", max_size=settings.pool_size)


def make_consumer(settings: Settings, database: Database) -> Consumer[Deps]:
    """The consumer of the events that are written about, not yet started."""
    desk = Desk(
        sender=settings.mail_from,
        portal=settings.portal_url,
        daect=Correspondent("DAECT", settings.daect_email, "fr"),
        demonstration=settings.demonstration,
    )
    return Consumer(
        name=NAME,
        handlers=HANDLERS,
        scope=scope(desk),
        database=database,
        bootstrap=settings.kafka_bootstrap,
        replica=settings.replica,
    )


def build() -> tuple[FastAPI, Settings]:
    """The service as its environment says."""
    settings = Settings()
    database = make_database(settings)
    dispatcher = Dispatcher(
        database,
        mailer.server(settings.smtp_url.get_secret_value()),
        sender=sender_mailbox(settings.mail_from),
        connections=settings.mail_connections,
        days=settings.mail_days,
    )
    components = [database, dispatcher, MailServer(dispatcher), make_consumer(settings, database)]
    return app.create(NAME, settings, components=components), settings


if __name__ == "__main__":
    app.run(build)
