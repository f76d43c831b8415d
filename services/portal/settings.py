"""What the portal is told by its environment."""

from pathlib import Path

from pydantic import Field, SecretStr

from backbone.settings import ServiceSettings

HERE = Path(__file__).parent


class Settings(ServiceSettings):
    """Settings of the portal."""

    service_urls: dict[str, str] = Field(
        default_factory=dict, description="JSON object, service name to its address, as this process reaches it."
    )
    service_links: dict[str, str] = Field(
        default_factory=dict, description="The same as a browser reaches them, for those where it differs."
    )
    mail_page_url: str | None = Field(default=None, description="Page that shows the caught e-mails, if there is one.")
    demonstration_password: SecretStr | None = Field(
        default=None, description="Shown on the page of a demonstration, which is public by its nature."
    )
    theme: Path = Field(
        default=HERE / "theme",
        description="Folder of the look: header, footer and tokens. Another one needs its own build of the assets.",
    )
    assets: Path = Field(default=HERE / "dist", description="Folder that `python -m services.portal.assets` wrote.")
    operator: str = Field(default="", description="Who runs this installation, for the legal pages.")
    contact: str = Field(default="", description="How to reach them: an e-mail or a web address.")

    def link(self, service: str, path: str) -> str | None:
        """An address for a browser; None where the service is not in this stack."""
        base = self.service_links.get(service) or self.service_urls.get(service)
        return base.rstrip("/") + path if base else None
