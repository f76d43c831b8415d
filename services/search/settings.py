"""What search is told by its environment."""

from pathlib import Path

from pydantic import Field, SecretStr

from backbone.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the search service."""

    search_url: str = Field(
        default="http://127.0.0.1:9200",
        description="Elasticsearch 9 or OpenSearch 3; several addresses are separated by commas.",
    )
    search_api_key: SecretStr | None = Field(default=None, description="API key for Elasticsearch, where it asks one.")
    search_ca: Path | None = Field(default=None, description="Certificate authority of the engine, for https.")
    search_alias: str = Field(
        default="bourse-projets",
        pattern="^[a-z][a-z0-9-]{0,99}$",
        description="Name under which the index is found.",
    )
    search_timeout_s: float = Field(
        default=5.0, gt=0, description="Longest wait for one answer of the engine, seconds; then 503."
    )
    search_slow_ms: int = Field(default=500, ge=0, description="A search that takes longer is logged, milliseconds.")
    search_judgments: Path | None = Field(
        default=None,
        description="Judged queries of this deployment (JSON), that a rebuilt index must answer as well as before.",
    )
    alerts_hour: int = Field(
        default=7, ge=0, le=23, description="Hour, in Paris, at which daily and (on Mondays) weekly alerts leave."
    )
    proxies: int = Field(
        default=0, ge=0, description="Proxies in front that each append the caller's address to X-Forwarded-For."
    )
    search_shards: int = Field(default=1, ge=1, le=50, description="Shards of a new index.")
    search_replicas: int = Field(default=0, ge=0, le=10, description="Copies of each shard of a new index.")
