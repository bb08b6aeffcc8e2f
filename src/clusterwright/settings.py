"""The one place for settings.

Each has a default, a ``CLUSTERWRIGHT_*`` variable, one line of text and the rule that tells a wrong
value, in words that never repeat the value: it may be a secret.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LEAST_SECRET_KEY = 16
"""Characters; fewer can be guessed."""
_DATABASES = ("postgresql", "sqlite")
_DATABASE_OPTIONS = ("host", "port")
"""What both PostgreSQL drivers understand behind ``?``."""


class Shares(NamedTuple):
    """How one process shares its PostgreSQL sessions out."""

    requests: int
    """For requests and for the steps of jobs."""
    engine: int
    """For the queue, and for the outcome of each job."""
    reader: int
    """For the hot read."""


class Settings(BaseSettings):
    """Settings of one server process, read from the environment unless given."""

    # An empty variable is one that is not set: files of variables list what may be filled in.
    model_config = SettingsConfigDict(
        env_prefix="CLUSTERWRIGHT_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8900, ge=0, le=65535, description="Port to listen on; 0 picks a free one")
    health_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port for /healthz and /readyz alone, beside the crowd; 0 means none",
    )
    kubernetes_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port where simulated clusters answer Kubernetes' clients over TLS; 0 means"
        " none",
    )
    connections: int = Field(
        4096, ge=16, le=1_000_000, description="Connections served at a time; more of them wait"
    )
    head_seconds: float = Field(
        12.0,
        ge=0.1,
        le=3600,
        description="Seconds that a connection may take to send the next head of a request",
    )
    body_seconds: float = Field(
        30.0, ge=0.1, le=3600, description="Seconds that the body of a request may stand still"
    )
    answer_seconds: float = Field(
        30.0, ge=0.1, le=3600, description="Seconds that a client may leave an answer unread"
    )
    stop_grace_seconds: float = Field(
        10.0, ge=0.5, le=3600, description="Seconds within which a stopped server ends"
    )
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
    kept_jobs_mib: int = Field(
        128,
        ge=0,
        le=65_536,
        description="MiB of memory for jobs that were read lately, on SQLite; 0 keeps none",
    )
    driver: Literal["simulated", "local"] = Field(
        "simulated",
        description="Driver of clusters that ask for none: simulated, or local, which starts real"
        " control planes on this host",
    )
    nodes: Literal["simulated", "real"] = Field(
        "simulated",
        description="Nodes of new clusters of the driver local: simulated, or real, which run"
        " containers and need root",
    )
    node_uplinks: bool = Field(
        True,
        description="Whether pods of real nodes reach this host's network and the world behind it,"
        " and this host their NodePorts, by a link and a few rules of the host's network",
    )
    spares: int = Field(
        0,
        ge=0,
        le=50,
        description="Control planes of the driver local that are started ahead, for clusters of the"
        " default version and ranges; each takes some 300 MiB",
    )
    pace: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="Speed of the simulated driver: 1 is a cluster in about 4 s, 0 is at once",
    )
    seed: int = Field(
        0, ge=-(2**63), lt=2**63, description="Seed of the simulated driver's choices"
    )
    faults: Path | None = Field(
        None,
        description="YAML file of faults that clusters show on demand, whichever driver they have",
    )
    user_faults: bool = Field(
        True,
        description="Whether users may arm faults, which strike jobs of their own project alone",
    )
    kubernetes_bin_dir: Path | None = Field(
        None,
        description="Folder with a folder for each version of Kubernetes' programs; empty means"
        " clusterwright/kubernetes in the user's data folder",
    )
    kubernetes_release_url: str = Field(
        "https://dl.k8s.io/release",
        description="Site that versions of Kubernetes are installed from",
    )
    etcd_release_url: str = Field(
        "https://github.com/etcd-io/etcd/releases/download",
        description="Site that etcd is installed from",
    )
    region: str = Field(
        "cn-north-4",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
        description="Region of the service catalogue and of the first project",
    )
    public_url: str = Field(
        "", description="URL that clients use, for links and the catalogue; empty means host:port"
    )
    cluster_quota: int = Field(50, ge=0, lt=2**31, description="Clusters allowed in one project")
    node_pool_quota: int = Field(
        50, ge=0, lt=2**31, description="Node pools allowed in one cluster"
    )
    access_policy_quota: int = Field(
        100, ge=0, lt=2**31, description="Access policies allowed in one project"
    )
    chart_quota: int = Field(
        200, ge=0, lt=2**31, description="Charts allowed in one project, each version counted"
    )
    chart_limit: int = Field(
        4 * 1024 * 1024,
        ge=64 * 1024,
        le=20 * 1024 * 1024,
        description="Largest packaged chart in bytes",
    )
    webhook_private_targets: bool = Field(
        False,
        description="Whether webhooks may be sent to private, loopback and link-local addresses:"
        " true only where everybody who may register one may also reach what is there",
    )
    job_retention_days: float = Field(
        7.0, gt=0, le=36_500, description="Days that a finished job stays readable"
    )
    token_lifetime_hours: float = Field(
        24.0, gt=0, le=876_000, description="Hours that a token is valid"
    )
    trust_proxy: bool = Field(
        False,
        description="Whether the last address of X-Forwarded-For is the client's: true only behind"
        " a proxy that sets it; wrong passwords are counted by address",
    )
    trust_networks: bool = Field(
        True,
        description="Whether VPCs, subnets, security groups, public addresses and key pairs that"
        " were not made here are believed in; false refuses clusters and nodes that name others",
    )
    trust_offers: bool = Field(
        True,
        description="Whether nodes may have zones, flavors and systems that are not listed; false"
        " refuses them",
    )
    temporary_keys: int = Field(
        500,
        ge=1,
        lt=2**31,
        description="Temporary access keys that one user may have at a time",
    )
    identity_trust_seconds: float = Field(
        30.0,
        gt=1,
        le=86_400,
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
    body_limit: int = Field(
        1024 * 1024, ge=1024, le=2**30, description="Largest request body in bytes"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line that is written"
    )

    @property
    def database_shares(self) -> Shares:
        """The shares of ``database_connections``, which add up to it."""
        engine, reader = max(3, self.database_connections // 4), 2
        return Shares(self.database_connections - engine - reader, engine, reader)

    @property
    def database_url(self) -> str:
        """The database's URL, the default filled in."""
        return self.database or f"sqlite:///{self.data / 'clusterwright.db'}"

    def door(self, cluster_uid: str) -> tuple[str, str]:
        """Where a simulated cluster answers, and the name to ask for where the URL has none.

        Both are empty where simulated clusters do not answer.
        """
        if not self.kubernetes_port:
            return "", ""
        host = urlsplit(self.public_url).hostname or self.host
        if _is_address(host):
            where = f"[{host}]" if ":" in host else host
            return f"https://{where}:{self.kubernetes_port}", cluster_uid
        return f"https://{cluster_uid}.{host}:{self.kubernetes_port}", ""

    @property
    def local_folder(self) -> Path:
        """Where the driver ``local`` keeps its clusters."""
        return self.data / "local"

    @property
    def kubernetes_folder(self) -> Path:
        """Where versions of Kubernetes' programs are, the default filled in."""
        home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return self.kubernetes_bin_dir or Path(home) / "clusterwright" / "kubernetes"

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, host: str) -> str:
        _require(host.isprintable() and " " not in host and host, "Give an address or a host name.")
        return host

    @field_validator("health_port")
    @classmethod
    def _is_another_port(cls, health_port: int, others: ValidationInfo) -> int:
        _require(
            not health_port or health_port != others.data.get("port"),
            "The health port must be another one than the port.",
        )
        return health_port

    @field_validator("database")
    @classmethod
    def _is_a_database(cls, database: str) -> str:
        if database:
            _require(
                _is_database_url(database),
                "Give postgresql://user@host:port/name or sqlite:///path.",
            )
            _require(
                urlsplit(database).scheme == "sqlite"
                or all(name in _DATABASE_OPTIONS for name, _ in _options(database)),
                f"Behind ? only {' and '.join(_DATABASE_OPTIONS)} are understood;"
                " give the rest as PostgreSQL's own variables, such as PGSSLMODE.",
            )
        return database

    @field_validator("kubernetes_port")
    @classmethod
    def _is_a_third_port(cls, kubernetes_port: int, others: ValidationInfo) -> int:
        taken = (others.data.get("port"), others.data.get("health_port"))
        _require(
            not kubernetes_port or kubernetes_port not in taken,
            "The port of simulated clusters must be another one than the port and the health port.",
        )
        return kubernetes_port

    @field_validator("kubernetes_bin_dir")
    @classmethod
    def _is_a_folder(cls, folder: Path | None) -> Path | None:
        rule = "Give a folder that can be read, or the name of one to be made."
        _require(folder is None or _may_be_a_folder(folder), rule)
        return folder

    @field_validator("kubernetes_release_url", "etcd_release_url")
    @classmethod
    def _is_a_site(cls, url: str) -> str:
        _require(_is_web_url(url), "Give http://host or https://host, with a path or not.")
        return url

    @field_validator("public_url")
    @classmethod
    def _is_a_web_url(cls, url: str) -> str:
        _require(
            not url or _is_web_url(url), "Give http://host or https://host, with a path or not."
        )
        return url

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, key: str) -> str:
        _require(
            not key or len(key) >= LEAST_SECRET_KEY,
            f"The secret key must have at least {LEAST_SECRET_KEY} characters.",
        )
        return key


def has_password(database: str) -> bool:
    """Whether the URL of a database tells a password."""
    try:
        told = urlsplit(database).password or any(
            name.startswith("pass") for name, _ in _options(database)
        )
    except ValueError:
        return "@" in database
    return bool(told)


def _options(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def _is_database_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        port_is_well = url.port is None or url.port > 0
    except ValueError:
        return False
    if not text.startswith(f"{url.scheme}://") or url.scheme not in _DATABASES or url.fragment:
        return False
    if url.scheme == "sqlite":
        return not url.netloc and len(url.path) > 1 and url.path != "/:memory:"
    return port_is_well and bool(url.netloc or url.query) and "/" not in url.path[1:]


def _may_be_a_folder(path: Path) -> bool:
    try:
        there = next(each for each in (path, *path.absolute().parents) if each.exists())
        return there.is_dir()
    except OSError:  # a name that is too long, a folder of somebody else
        return False


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _is_web_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        port_is_well = url.port is None or url.port > 0
    except ValueError:
        return False
    return (
        url.scheme in ("http", "https")
        and bool(url.hostname)
        and "@" not in url.netloc
        and not url.query
        and not url.fragment
        and text.isprintable()
        and " " not in text
        and port_is_well
    )


def _require(holds: object, rule: str) -> None:
    if not holds:
        raise ValueError(rule)
