"""What accounts is told by its environment."""

from pathlib import Path

from pydantic import Field, SecretStr

from backbone.settings import ServiceSettings

DEMONSTRATION_DATA = Path(__file__).parent.parent.parent / "data" / "demo"


class Settings(ServiceSettings):
    """Settings of the accounts service."""

    demonstration_password: SecretStr | None = Field(
        default=None, description="One password for all demonstration accounts; without it none are made."
    )
    demonstration_data: Path = Field(
        # computed, so that the documented default names no machine's folder
        default_factory=lambda: DEMONSTRATION_DATA,
        description="Folder of the demonstration sheets, whose authorities get accounts.",
    )
    refresh_days: int = Field(default=14, ge=1, le=365, description="Days that a refresh token stays good, unused.")
    verification_hours: int = Field(default=48, ge=1, description="Hours that a verification link stays good.")
    proxies: int = Field(
        default=0, ge=0, description="Proxies in front that each append the caller's address to X-Forwarded-For."
    )
