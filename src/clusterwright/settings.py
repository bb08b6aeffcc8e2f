"""The one place for settings: each has a default, a ``CLUSTERWRIGHT_*`` variable and one line of
text.
"""

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Connections(NamedTuple):
    """How one process shares its PostgreSQL sessions out."""

    requests: int
    """For requests and for the steps of jobs."""
    engine: int
    """For the queue, and for the outcome of each job."""
    reader: int
    """For the hot read."""


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
    database_connections: int = Field(
        20,
        ge=8,
        le=1000,
        description="PostgreSQL sessions that one server process opens at the most",
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
    job_retention_days: float = Field(
        7.0, gt=0, description="Days that a finished job stays readable"
    )
    token_lifetime_hours: float = Field(24.0, gt=0, description="Hours that a token is valid")
    trust_proxy: bool = Field(
        False,
        description="Whether the last address of X-Forwarded-For is the client's: true only behind"
        " a proxy that sets it; wrong passwords are counted by address",
    )
    temporary_keys: int = Field(
        500, ge=1, description="Temporary access keys that one user may have at a time"
    )
    identity_trust_seconds: float = Field(
        30.0,
        gt=1,
        description="Seconds that users, keys and revocations are believed without the database;"
        " after that, requests are refused until it answers",
    )
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
    def connections(self) -> Connections:
        """The shares of ``database_connections``, which add up to it."""
        engine, reader = max(3, self.database_connections // 4), 2
        return Connections(self.database_connections - engine - reader, engine, reader)

    @property
    def database_url(self) -> str:
        """The database's URL, the default filled in."""
        return self.database or f"sqlite:///{self.data / 'clusterwright.db'}"
