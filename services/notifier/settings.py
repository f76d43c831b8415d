"""What the notifier is told by its environment, besides what every service is."""

from pydantic import Field, SecretStr

from backbone.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the notifier."""

    smtp_url: SecretStr = Field(
        default=SecretStr("smtp://127.0.0.1:25"),
        description="Mail server: `smtp://user:password@host:port` or `smtps://`; `?starttls=required`, `auto`, `off`.",
    )
    mail_from: str = Field(
        default="Bourse-projets <bourse@example.org>", description="Sender of all e-mails, with its display name."
    )
    daect_email: str = Field(default="daect@example.org", description="Address of the DAECT.")
    mail_connections: int = Field(default=4, ge=1, le=4, description="Most connections kept to the mail server.")
    mail_days: int = Field(default=90, ge=1, description="Days that mails stay in the ledger once settled.")
