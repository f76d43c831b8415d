"""What the catalogue is told by its environment, besides what every service is."""

from pydantic import Field

from backbone.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the catalog service."""

    deposit_store_url: str = Field(
        default="file:///var/lib/bourse-projets/deposits",
        description="Where submission keeps deposited documents, to read from: a folder (`file://`), or a bucket.",
    )
    public_store_url: str = Field(
        default="file:///var/lib/bourse-projets/public",
        description="Where the documents of published sheets are kept: a folder (`file://`), or a bucket.",
    )
