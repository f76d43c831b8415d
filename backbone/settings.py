"""What every service is told by its environment, under one prefix: `BOURSE_`."""

import socket
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Settings shared by all services; each service adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(env_prefix="BOURSE_", frozen=True, hide_input_in_errors=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, description="Port to listen on.")
    database_url: str = Field(default="", description="The service's own PostgreSQL database, with its own role.")
    kafka_bootstrap: str = Field(default="", description="Kafka brokers, `host:port` separated by commas.")
    jwks_url: str = Field(default="", description="Where accounts publishes the keys that sign its tokens.")
    portal_url: str = Field(default="http://127.0.0.1:8000", description="Public address of the portal, for links.")
    demonstration: bool = Field(default=False, description="Whether this stack is a demonstration.")
    rate_limits: Literal["on", "off"] = Field(default="on", description="`off` lifts the rate limits, for tests.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    otlp_endpoint: str | None = Field(default=None, description="OTLP/HTTP collector for traces; none where empty.")
    outbox_days: int = Field(default=7, ge=1, description="Days that sent events stay in the outbox.")
    pool_size: int = Field(default=10, ge=2, description="Most connections to the database.")
    replica: str = Field(default_factory=socket.gethostname, description="Name of this replica, in logs and in Kafka.")
