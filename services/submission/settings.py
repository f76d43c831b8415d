"""What submission is told by its environment, besides what every service is."""

from pydantic import Field

from backbone.settings import ServiceSettings


class Settings(ServiceSettings):
    deposit_store_url: str = Field(
        default="file:///var/lib/bourse-projets/deposits",
        description="Where deposited documents are kept: a folder (`file://`), or `s3://`, `gs://`, `az://`.",
    )
    sweep_hours: float = Field(
        default=1.0, gt=0, description="Hours between two sweeps of the files that no document names any more."
    )
