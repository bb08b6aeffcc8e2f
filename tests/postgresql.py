"""A real PostgreSQL for one test session, from whatever server binaries this machine has."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.server_process import free_port

_BINARIES = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin", "/usr/local/bin")
_OPTIONS = "-c fsync=off -c listen_addresses=127.0.0.1 -c max_connections=300"


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, or None."""
    found = shutil.which("initdb")
    folders = ([Path(found).parent] if found else []) + [Path(folder) for folder in _BINARIES]
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


def _as_owner(command: list[str]) -> None:
    """Run a command as somebody whom PostgreSQL accepts: it refuses to run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, text=True, cwd="/")


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A running server; gives the URL of its first database, to which a database name can be
    added.
    """
    home = Path(tempfile.mkdtemp(prefix="clusterwright-pg-"))
    if os.geteuid() == 0:
        os.chown(home, pwd.getpwnam("postgres").pw_uid, -1)
    port = free_port()
    initdb = [str(folder / "initdb"), "-D", str(home / "data"), "-U", "tester", "-A", "trust"]
    _as_owner([*initdb, "--no-sync", "-E", "UTF8", "--locale", "C"])
    control = [str(folder / "pg_ctl"), "-D", str(home / "data"), "-w"]
    options = f"{_OPTIONS} -p {port} -k {home}"
    _as_owner([*control, "-l", str(home / "log"), "-o", options, "start"])
    try:
        yield f"postgresql://tester@127.0.0.1:{port}"
    finally:
        _as_owner([*control, "-m", "immediate", "stop"])
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def fresh_database(base: str) -> Iterator[str]:
    """The URL of a new, empty database on a running server."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{base}/{name}"
    finally:
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
