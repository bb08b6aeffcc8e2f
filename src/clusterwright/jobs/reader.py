"""The hot read: one stored document by its uid, with as little between socket and row as each
database allows.

SQLite is read inline, on a read-only connection of its own: 10 microseconds beside a busy writer
cost less than a thread's round trip. PostgreSQL is read through asyncpg's prepared statements,
beneath SQLAlchemy.
"""

import sqlite3
from pathlib import Path
from typing import Protocol

import asyncpg
from sqlalchemy.engine import URL

from clusterwright.database import BUSY_TIMEOUT, StorageUnavailable, sqlite_path
from clusterwright.jobs import wire

_TREE = "SELECT document FROM job_trees WHERE uid = {} AND project_id = {}"
_TREE_OF_SUB_JOB = (
    "SELECT t.document FROM jobs j JOIN job_trees t ON t.uid = j.root_uid"
    " WHERE j.uid = {} AND j.project_id = {}"
)


class Reader(Protocol):
    """Reads stored job documents."""

    async def read(self, uid: str, *, project_id: str) -> bytes | None:
        """The document of a job of this project, top job or sub-job, or None.

        Raises StorageUnavailable when the database does not answer.
        """

    async def close(self) -> None:
        """Close the connections."""


async def connect(url: URL, *, name: str) -> Reader:
    """A reader of the database at ``url``, whose schema must exist."""
    if url.get_backend_name() == "sqlite":
        return SqliteReader(sqlite_path(url))
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        pool = await asyncpg.create_pool(
            dsn, min_size=1, max_size=8, server_settings={"application_name": name}
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise StorageUnavailable(str(error)) from error
    return PostgresReader(pool)


class SqliteReader:
    """Reads inline; never writes, so it never waits for a writer in WAL mode."""

    _tree = _TREE.format("?", "?")
    _sub_job = _TREE_OF_SUB_JOB.format("?", "?")

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT / 1000
        )

    async def read(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises."""
        key = (uid, project_id)
        try:
            row = self._connection.execute(self._tree, key).fetchone()
            if row is not None:
                found: bytes = row[0]
                return found
            row = self._connection.execute(self._sub_job, key).fetchone()
        except sqlite3.Error as error:
            raise StorageUnavailable(str(error)) from error
        return wire.find(row[0], uid) if row else None

    async def close(self) -> None:
        """As Reader promises."""
        self._connection.close()


class PostgresReader:
    """Reads through a pool of prepared statements."""

    _tree = _TREE.format("$1", "$2")
    _sub_job = _TREE_OF_SUB_JOB.format("$1", "$2")

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def read(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises."""
        try:
            async with self._pool.acquire() as connection:
                found: bytes | None = await connection.fetchval(self._tree, uid, project_id)
                if found is None:
                    tree = await connection.fetchval(self._sub_job, uid, project_id)
                    found = wire.find(tree, uid) if tree else None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StorageUnavailable(str(error)) from error
        return found

    async def close(self) -> None:
        """As Reader promises."""
        await self._pool.close()
