"""Settings of moderation."""

from pydantic import Field

from backbone.settings import ServiceSettings


class Settings(ServiceSettings):
    """What moderation is told by its environment."""

    daect_email: str = Field(
        default="daect@example.org", description="Address of the DAECT, in charge where no post covers a country."
    )
