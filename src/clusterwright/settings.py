"""The one place for settings: each has a default, a ``CLUSTERWRIGHT_*`` variable and one line of
text.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one server process, read from the environment unless given."""

    model_config = SettingsConfigDict(env_prefix="CLUSTERWRIGHT_", frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8900, ge=0, le=65535, description="Port to listen on; 0 picks a free one")
    data: Path = Field(
        Path(".clusterwright"),
        description="Folder for the SQLite database, the keys and the first credentials",
    )
    database: str = Field(
        "",
        description="postgresql:// URL of the database; empty means SQLite in the data folder",
    )
    driver: Literal["simulated"] = Field(
        "simulated", description="Driver for new clusters: what a cluster is made of"
    )
    pace: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="Speed of the simulated driver: 1 is a cluster in about 4 s, 0 is at once",
    )
    seed: int = Field(0, description="Seed of the simulated driver's choices")
    faults: Path | None = Field(
        None, description="YAML file of faults that the simulated driver shows on demand"
    )
    region: str = Field(
        "cn-north-4", description="Region of the service catalogue and of the first project"
    )
    public_url: str = Field(
        "", description="URL that clients use, for links and the catalogue; empty means host:port"
    )
    cluster_quota: int = Field(50, ge=0, description="Clusters allowed in one project")
    node_pool_quota: int = Field(50, ge=0, description="Node pools allowed in one cluster")
    access_policy_quota: int = Field(
        100, ge=0, description="Access policies allowed in one project"
    )
    job_retention_days: float = Field(
        7.0, gt=0, description="Days that a finished job stays readable"
    )
    token_lifetime_hours: float = Field(24.0, gt=0, description="Hours that a token is valid")
    secret_key: str = Field(
        "",
        description="Key that signs tokens and seals secrets; empty means data/secret.key",
        repr=False,
    )
    job_concurrency: int = Field(
        64, ge=1, le=1000, description="Jobs that one server process works on at a time"
    )
    body_limit: int = Field(1024 * 1024, ge=1024, description="Largest request body in bytes")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line that is written"
    )

    @property
    def database_url(self) -> str:
        """The database's URL, the default filled in."""
        return self.database or f"sqlite:///{self.data / 'clusterwright.db'}"
