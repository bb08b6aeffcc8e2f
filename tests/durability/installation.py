"""Servers and the database they share, as one thing that events happen to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import postgresql
from tests.postgresql import PostgresServer
from tests.server_process import ServerProcess

DATABASE = "installation"
"""The name of the database on PostgreSQL."""
RECONNECTING = 10.0
"""Seconds for which servers may answer 503 after their database is back."""

LOG_CHARACTERS = 10_000
"""How much of each server's log a failed test shows."""


@dataclass
class Installation:
    """Running servers, their database, and when that was away."""

    servers: list[ServerProcess]
    database_url: str
    postgres: PostgresServer | None
    """None on SQLite."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the database was away, by the monotonic clock."""
    slow_stops: list[float] = field(default_factory=list)
    """Seconds of each orderly stop that took longer than it may."""
    fallen: int = 0
    """Servers that ended though nobody asked them to."""

    @contextmanager
    def outage(self) -> Iterator[PostgresServer]:
        """PostgreSQL, for a block in which it is taken away and brought back."""
        assert self.postgres is not None, "SQLite does not go away"
        began = time.monotonic()
        try:
            yield self.postgres
        finally:
            self.outages.append((began, time.monotonic()))

    def was_away(self, began: float, ended: float) -> bool:
        """Whether a request of this time may have met a database that was away."""
        return any(
            began <= back + RECONNECTING and ended >= gone for gone, back in list(self.outages)
        )

    def revive(self) -> None:
        """Start the servers that have ended by themselves, and count them."""
        for server in self.servers:
            if not server.is_alive():
                self.fallen += 1
                server.start()


@contextmanager
def installed(
    folder: Path, kind: str, *, workers: int = 1, max_connections: int = 300, **settings: Any
) -> Iterator[Installation]:
    """An installation on ``sqlite`` or ``postgresql``; its processes are gone afterwards.

    Raises FileNotFoundError when PostgreSQL's server programs are missing.
    """
    if kind == "sqlite":
        assert workers == 1, "SQLite serves one process"
        server = ServerProcess(folder / "data", cluster_quota=1_000_000, **settings)
        database_url = f"sqlite:///{folder / 'data' / 'clusterwright.db'}"
        with _started(Installation([server], database_url, None)) as installation:
            yield installation
        return
    programs = postgresql.binaries()
    if programs is None:
        raise FileNotFoundError("PostgreSQL's server programs are not installed.")
    with postgresql.running(programs, max_connections=max_connections) as postgres:
        url = postgres.create(DATABASE)
        shared: dict[str, Any] = {
            "database": url,
            "secret_key": "known to all workers",
            "cluster_quota": 1_000_000,
        }
        servers = [
            ServerProcess(folder / f"worker-{number}", **(shared | settings))
            for number in range(workers)
        ]
        superuser = f"{postgres.url}/{DATABASE}"
        with _started(Installation(servers, superuser, postgres)) as installation:
            yield installation


@contextmanager
def _started(installation: Installation) -> Iterator[Installation]:
    try:
        for server in installation.servers:
            server.start()
        yield installation
    except BaseException as error:
        for server in installation.servers:  # what came before a failure tells why it came
            error.add_note(f"{server.log}:\n{server.log.read_text()[-LOG_CHARACTERS:]}")
        raise
    finally:
        for server in installation.servers:
            with suppress(OSError):
                server.kill()
