"""The hot read: one stored document by its uid, with little between socket and row.

SQLite is read inline, on a read-only connection of its own: 10 microseconds beside a busy writer
cost less than a thread's round trip, and what was read before is at hand. PostgreSQL is read
through asyncpg's prepared statements, beneath SQLAlchemy, many jobs in one query.
bench/show_job.py measures both.
"""

import asyncio
import sqlite3
from pathlib import Path
from typing import Protocol

import asyncpg

from clusterwright.jobs import wire
from clusterwright.jobs.shelf import Shelf
from clusterwright.storage.database import SESSION, Database, StorageUnavailable, first_line
from clusterwright.storage.hangups import give_up_when_vanished, has_hung_up
from clusterwright.storage.sqlite import read_only_connection, sqlite_path
from clusterwright.storage.sqlstates import meaning

_Found = dict[tuple[str, str], bytes | None]
_Question = tuple[str, str, "asyncio.Future[bytes | None]"]


class Reader(Protocol):
    """Reads stored job documents."""

    async def read(self, uid: str, *, project_id: str) -> bytes | None:
        """The document of a job of this project, top job or sub-job, or None.

        Raises StorageUnavailable when the database does not answer.
        """

    def at_hand(self, uid: str, *, project_id: str) -> bytes | None:
        """The same where it is in memory, from any thread; None does not say that there is none."""

    async def close(self) -> None:
        """Close the connections."""


async def connect(data: Database, *, name: str, connections: int = 2, kept: int = 0) -> Reader:
    """A reader of the database, whose schema must exist.

    ``connections`` are the most that it opens on PostgreSQL, ``kept`` the bytes of documents that
    it keeps on SQLite; all writers must be transactions of ``data`` then.
    """
    if data.is_sqlite:
        shelf = Shelf(kept)
        data.on_change, data.on_changed = shelf.begin_change, shelf.end_changes
        return SqliteReader(sqlite_path(data.url), shelf)
    dsn = data.url.set(drivername="postgresql").render_as_string(hide_password=False)
    pool = await asyncpg.create_pool(
        dsn,
        min_size=0,  # asyncpg would complain in its own words while it cannot keep a minimum
        max_size=connections,
        max_inactive_connection_lifetime=0,
        init=give_up_when_vanished,
        reset=_keep,
        server_settings={"application_name": name, **SESSION},
    )
    return PostgresReader(pool)


class SqliteReader:
    """Reads inline; never writes, so it never waits for a writer in WAL mode."""

    _tree = "SELECT document FROM job_trees WHERE uid = ? AND project_id = ?"
    _tree_of_sub_job = (
        "SELECT t.document FROM jobs j JOIN job_trees t ON t.uid = j.root_uid"
        " WHERE j.uid = ? AND j.project_id = ?"
    )

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self._connection = read_only_connection(path)
        self._shelf = shelf

    async def read(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises."""
        if (kept := self._shelf.get(uid, project_id)) is not None:
            return kept
        key = (uid, project_id)
        try:
            row = self._connection.execute(self._tree, key).fetchone()
            if row is not None:
                found: bytes = row[0]
                self._shelf.keep(uid, project_id, found)
                return found
            row = self._connection.execute(self._tree_of_sub_job, key).fetchone()
        except sqlite3.Error as error:
            raise StorageUnavailable(str(error)) from error
        return wire.find(row[0], uid) if row else None

    def at_hand(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises."""
        return self._shelf.get(uid, project_id)

    async def close(self) -> None:
        """As Reader promises."""
        self._connection.close()


class PostgresReader:
    """Reads through few connections; what is asked for while all are busy becomes one query.

    A query of many jobs costs little more than a query of one: under load, a query for each read
    serves half as many requests per second.
    """

    _trees = "SELECT uid, project_id, document FROM job_trees WHERE uid = any($1::text[])"
    _trees_of_sub_jobs = (
        "SELECT j.uid, j.project_id, t.document FROM jobs j JOIN job_trees t ON t.uid = j.root_uid"
        " WHERE j.uid = any($1::text[])"
    )

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._waiting: list[_Question] = []
        self._queries: set[asyncio.Task[None]] = set()

    async def read(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises."""
        if not (uid.isascii() and uid.isprintable()):
            return None  # nobody's uid, and PostgreSQL would refuse the others' with it
        if not self._waiting:
            query = asyncio.create_task(self._answer())
            self._queries.add(query)
            query.add_done_callback(self._queries.discard)
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((uid, project_id, answer))
        try:
            return await answer
        except Exception as error:
            if meaning(error) is None:
                raise
            raise StorageUnavailable(first_line(error)) from error

    def at_hand(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises: nothing is, because other processes write too."""
        return None

    async def _answer(self) -> None:
        """Answer all who are waiting when a connection is free, except who has gone away."""
        questions = self._waiting
        try:
            found = await self._find(questions)
        except Exception as error:  # each of them awaits it
            for _, _, answer in questions:
                if not answer.done():
                    answer.set_exception(error)
            return
        for uid, project_id, answer in questions:
            if not answer.done():
                answer.set_result(found.get((uid, project_id)))

    async def _find(self, questions: list[_Question]) -> _Found:
        try:
            connection = await self._session()
        finally:
            self._waiting = []  # from here on, others wait for the next query
        try:
            asked = {uid for uid, _, _ in questions}
            rows = await connection.fetch(self._trees, list(asked))
            found: _Found = {(uid, project_id): tree for uid, project_id, tree in rows}
            if others := asked.difference(uid for uid, _ in found):
                rows = await connection.fetch(self._trees_of_sub_jobs, list(others))
                found |= {(uid, project_id): wire.find(tree, uid) for uid, project_id, tree in rows}
        finally:
            await self._pool.release(connection)
        return found

    async def _session(self) -> "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]":
        """A connection whose other side has not ended it meanwhile."""
        while has_hung_up(connection := await self._pool.acquire()):
            connection.terminate()  # and the pool has room for another
        return connection

    async def close(self) -> None:
        """As Reader promises."""
        await self._pool.close()


async def _keep(connection: object) -> None:
    """Nothing to reset: these connections only ever read, each query for itself."""
