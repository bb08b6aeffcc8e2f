"""The four ways in which this process opens one SQLite file, and why there are four.

- Requests and steps share one connection that writes and a few that read, in the event loop's
  thread: three times the creations per second of a driver with threads. They never wait for a lock
  inside the loop, but ask again.
- Migrations, tools and the engine have engines of their own, which work in threads and may wait.
- The hot read has a bare, read-only connection: no SQLAlchemy between socket and row.
- Checkpoints have a bare connection in a thread, since copying the log is slow on a slow disk.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

BUSY_TIMEOUT = 30_000
"""Milliseconds that a writer waits for another one on SQLite."""
SYNCHRONOUS = "FULL"
"""Every commit is on the disk before it is acknowledged (docs/limits.md, durability)."""
INLINE_TIMEOUT = 5
"""Milliseconds of that wait that may be spent inside the event loop at a time."""


def plain_connection(path: Path) -> sqlite3.Connection:
    """A bare connection without transactions of its own, for any thread."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def prepare_sqlite(engine: Engine) -> None:
    """Give every SQLite connection of ``engine`` the modes and transactions promised here."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own: "begin" below does.
        connection.isolation_level = None
        set_sqlite_modes(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def set_sqlite_modes(connection: Any, *, busy_timeout: int = BUSY_TIMEOUT) -> None:
    """Make one SQLite connection durable, patient and strict about foreign keys."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={busy_timeout}")
    cursor.close()


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(url.database or "")


def read_only_connection(path: Path) -> sqlite3.Connection:
    """A bare connection that cannot write, and so never waits for a writer in WAL mode."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT / 1000)
