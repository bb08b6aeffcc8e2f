"""A real PostgreSQL for one test session, from whatever server binaries this machine has."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg

from tests import schema
from tests.server_process import KeptPort

_BINARIES = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin", "/usr/local/bin")
_OPTIONS = "-c fsync=off -c listen_addresses=127.0.0.1"
_ROLE = "clusterwright"
"""The owner of databases that ``PostgresServer.create`` makes. ``tester`` is a superuser, for whom
PostgreSQL keeps the last connections: they stay free for a test's own questions.
"""


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, or None."""
    found = shutil.which("initdb")
    folders = ([Path(found).parent] if found else []) + [Path(folder) for folder in _BINARIES]
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


def _as_owner(command: list[str]) -> None:
    """Run a command as somebody whom PostgreSQL accepts: it refuses to run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, text=True, cwd="/")


class PostgresServer:
    """A server with a data folder of its own, on a free port; ``start`` and ``stop`` it."""

    def __init__(self, folder: Path, *, max_connections: int = 300) -> None:
        self._folder = folder
        self._max_connections = max_connections
        self._home = Path(tempfile.mkdtemp(prefix="clusterwright-pg-"))
        if os.geteuid() == 0:
            os.chown(self._home, pwd.getpwnam("postgres").pw_uid, -1)
        self._kept_port = KeptPort()
        self._port = self._kept_port.number
        self.url = f"postgresql://tester@127.0.0.1:{self._port}"
        """The URL without a database name."""
        initdb = [str(folder / "initdb"), "-D", str(self._home / "data"), "-U", "tester"]
        _as_owner([*initdb, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C"])

    def start(self) -> None:
        """Start, and wait until connections are accepted."""
        options = (
            f"{_OPTIONS} -c max_connections={self._max_connections} -p {self._port} -k {self._home}"
        )
        self._control("-l", str(self._home / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop, ending every session."""
        self._control("-m", mode, "stop")

    def create(self, database: str) -> str:
        """Make an empty database, owned by an ordinary role. Returns its URL for that role."""
        with self._superuser() as connection:
            connection.execute(f"CREATE ROLE {_ROLE} LOGIN")
            connection.execute(f"CREATE DATABASE {database} OWNER {_ROLE}")
        return f"postgresql://{_ROLE}@127.0.0.1:{self._port}/{database}"

    def refuse(self, database: str) -> None:
        """End every session of a database and let nobody in, as during its restoration."""
        with self._superuser() as connection:
            connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [database],
            )

    def accept(self, database: str) -> None:
        """Let everybody in again."""
        with self._superuser() as connection:
            connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def _superuser(self) -> psycopg.Connection:
        return psycopg.connect(f"{self.url}/postgres", autocommit=True)

    def remove(self) -> None:
        """Forget the data folder."""
        shutil.rmtree(self._home, ignore_errors=True)

    def _control(self, *command: str) -> None:
        control = [str(self._folder / "pg_ctl"), "-D", str(self._home / "data"), "-w"]
        _as_owner([*control, *command])


@contextmanager
def running(folder: Path, *, max_connections: int = 300) -> Iterator[PostgresServer]:
    """A running server that is stopped and removed in the end."""
    postgres = PostgresServer(folder, max_connections=max_connections)
    try:
        postgres.start()
        yield postgres
    finally:
        with suppress(subprocess.CalledProcessError):  # it may be stopped already
            postgres.stop("immediate")
        postgres.remove()


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a running server, to which a database name can be added."""
    with running(folder) as postgres:
        yield postgres.url


@contextmanager
def fresh_database(base: str, *, bare: bool = False) -> Iterator[str]:
    """The URL of a new database on a running server: our tables, empty, or none if ``bare``."""
    name = f"test_{uuid4().hex}"
    template = "template1" if bare else schema.postgresql_template(base)
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield f"{base}/{name}"
    finally:
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
