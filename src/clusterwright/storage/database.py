"""One database, SQLite or PostgreSQL, behind transactions; the only module that knows which.

SQLite runs in WAL mode with full synchronisation. Its statements run inline in the event loop: one
takes some 30 microseconds, a thread's round trip several times that, and each statement would need
four (measured: creating clusters is three times faster inline). Only the wait for another writer
is spent outside the loop.
"""

import asyncio
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from os import getpid
from secrets import token_hex
from socket import gethostname
from typing import Any, Protocol, TypeVar, cast

import msgspec
from sqlalchemy import Connection, Engine, Executable, MetaData, create_engine, event, make_url
from sqlalchemy.engine import URL, CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from clusterwright.storage import offloop
from clusterwright.storage.offloop import Checkpoints, Thread
from clusterwright.storage.outage import Outage
from clusterwright.storage.sqlite import (
    BUSY_TIMEOUT,
    INLINE_TIMEOUT,
    plain_connection,
    prepare_sqlite,
    set_sqlite_modes,
    sqlite_path,
)
from clusterwright.storage.sqlstates import Meaning, meaning
from clusterwright.storage.writes import Writes

T = TypeVar("T")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]

metadata = MetaData()
"""Where every store declares its tables."""

IDLE_IN_TRANSACTION = 15_000
"""Milliseconds until PostgreSQL ends a session that does nothing in its transaction: a frozen
process must not keep the rows that others have to lock. One that froze between asyncpg's preparing
of a statement and its execution is not idle to PostgreSQL; whoever adopts its jobs ends it.
"""
_SLOW_COMMIT = 0.002
"""Seconds of a commit after which the next one is made outside the event loop."""
_RETRY_PAUSE = 0.002
"""Seconds between two tries for the writer's place."""


class StorageUnavailable(Exception):
    """The database cannot do this now: it does not answer, is locked or is full.

    Nothing of the transaction was kept, unless ``in_doubt``: the connection was lost while the
    commit was on its way.
    """

    def __init__(self, text: str, *, in_doubt: bool = False) -> None:
        super().__init__(text)
        self.in_doubt = in_doubt


class Conflict(StorageUnavailable):
    """Another transaction won, and this one was rolled back. Trying again at once will do."""


class Tx(ABC):
    """One open transaction: everything executed in it is committed together or not at all."""

    def __init__(self, outbox: "Outbox") -> None:
        self._outbox = outbox
        self.has_promised = False
        self.has_news = False
        """Whether others wait to hear of what this transaction writes."""
        self.afterwards: list[Callable[[], None]] = []
        """What is called when this transaction has committed."""
        self.changes: set[str] = set()
        self.on_change: Callable[[str], None] = _nobody_asks

    @property
    @abstractmethod
    def is_sqlite(self) -> bool:
        """Whether statements must be in SQLite's dialect, where the two databases differ."""

    @abstractmethod
    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement, for each of ``parameters`` where a list of them is given.

        Statements that every job or request runs are built once, with parameters: building one
        costs more than running it.
        """

    async def execute_large(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement that may write megabytes, and keep nobody waiting meanwhile."""
        return await self.execute(statement, parameters)

    @abstractmethod
    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Run a function of a synchronous connection inside this transaction."""

    async def promise(self, **what: Any) -> None:
        """Hand work to the engine: it will be done if and only if this transaction commits."""
        self.has_promised = True
        await self._outbox(self, **what)

    def change(self, uid: str) -> None:
        """Say, before it is done, that this transaction changes what others may keep a copy of."""
        self.changes.add(uid)
        self.on_change(uid)


Outbox = Callable[..., Awaitable[None]]


def _nobody_asks(_what: object) -> None:
    """Nobody keeps copies of what transactions change."""


async def _no_engine(tx: Tx, **what: Any) -> None:
    raise RuntimeError("No engine is attached to this database, so no job can be promised.")


class _InlineTx(Tx):
    is_sqlite = True

    def __init__(self, connection: Connection, outbox: Outbox, thread: Thread) -> None:
        super().__init__(outbox)
        self._connection = connection
        self._thread = thread
        self.is_large = False

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        return self._connection.execute(statement, parameters)

    async def execute_large(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        self.is_large = True
        return await self._thread.run(lambda: self._connection.execute(statement, parameters))

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        return work(self._connection)


class _AsyncTx(Tx):
    is_sqlite = False

    def __init__(self, connection: AsyncConnection, outbox: Outbox) -> None:
        super().__init__(outbox)
        self._connection = connection

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        return await self._connection.execute(statement, parameters)

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        return await self._connection.run_sync(work)


class _Backend(Protocol):
    def begin(self, outbox: Outbox, *, read_only: bool) -> AbstractAsyncContextManager[Tx]: ...

    async def dispose(self) -> None: ...


_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,  # rows hold secrets, and errors reach the log
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


class _Sqlite:
    def __init__(self, url: URL) -> None:
        # Without a limit, because a full pool would block the loop that has to free it.
        self._engine = create_engine(sync_url(url), pool_size=4, max_overflow=-1, **_OPTIONS)
        # One process never competes with itself: a lock here costs less than SQLite's polling.
        self._writer = asyncio.Lock()
        self._thread = Thread()
        self._disk_is_slow = False
        self._checkpoints = Checkpoints(lambda: plain_connection(sqlite_path(url)))

        @event.listens_for(self._engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions begin below, never by themselves
            set_sqlite_modes(connection, busy_timeout=INLINE_TIMEOUT)
            connection.execute(f"PRAGMA wal_autocheckpoint={offloop.LONGEST_LOG}")

    @asynccontextmanager
    async def begin(self, outbox: Outbox, *, read_only: bool) -> AsyncIterator[Tx]:
        if read_only:
            with self._engine.connect() as connection:
                _driver(connection).execute("BEGIN")
                yield _InlineTx(connection, outbox, self._thread)
            return
        await self._writer.acquire()
        try:
            with self._engine.connect() as connection:
                await self._become_writer(_driver(connection))
                tx = _InlineTx(connection, outbox, self._thread)
                yield tx
                await self._commit(connection, is_large=tx.is_large)
        finally:
            # Not at once: with one writer in a turn of the loop, readers never wait for the many
            # that a large job has.
            asyncio.get_running_loop().call_soon(self._writer.release)

    async def _commit(self, connection: Connection, *, is_large: bool) -> None:
        """Commit in the loop where that takes as little time as it should, else beside it."""

        def commit() -> float:
            begin = time.perf_counter()
            connection.commit()
            return time.perf_counter() - begin

        if is_large or self._disk_is_slow or self._checkpoints.running:
            took = await self._thread.run(commit)
        else:
            took = commit()
        self._disk_is_slow = took > _SLOW_COMMIT
        self._checkpoints.note_commit(is_large=is_large)

    @staticmethod
    async def _become_writer(connection: sqlite3.Connection) -> None:
        """Begin a writing transaction at once or wait, outside the loop, for another writer."""
        deadline = time.monotonic() + BUSY_TIMEOUT / 1000
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_RETRY_PAUSE)

    async def dispose(self) -> None:
        self._checkpoints.close()
        self._thread.close()
        self._engine.dispose()


def _driver(connection: Connection) -> sqlite3.Connection:
    # SQLAlchemy types what any driver has; here the driver is one.
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


class _Postgresql:
    def __init__(self, url: URL, *, pool_size: int, name: str) -> None:
        self._engine = create_async_engine(
            _with_driver(url, "", "asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            connect_args={
                "server_settings": {
                    "application_name": name,
                    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION),
                }
            },
            **_OPTIONS,
        )

    @asynccontextmanager
    async def begin(self, outbox: Outbox, *, read_only: bool) -> AsyncIterator[Tx]:
        async with self._engine.connect() as connection, connection.begin():
            yield _AsyncTx(connection, outbox)

    async def dispose(self) -> None:
        await self._engine.dispose()


def first_line(error: BaseException) -> str:
    """What an error says, without the statement that SQLAlchemy adds."""
    return str(error).partition("\n")[0] or type(error).__name__


class Database:
    """Transactions on one database. Use ``dispose`` when done."""

    def __init__(self, url: str, *, pool_size: int = 16, name: str = "") -> None:
        self.url = make_url(url)
        self.name = name or f"{gethostname()[:30]}-{getpid()}-{token_hex(4)}"
        """What its sessions on PostgreSQL are called."""
        self.outbox: Outbox = _no_engine
        """What ``Tx.promise`` calls; the composition root puts the engine here."""
        self.on_promise: Callable[[], None] = lambda: None
        """What is called when a transaction has committed that promised something."""
        self.on_news: Callable[[], None] = lambda: None
        """What is called when a transaction has committed that had news."""
        self.on_change: Callable[[str], None] = _nobody_asks
        """What ``Tx.change`` calls."""
        self.on_changed: Callable[[Iterable[str]], None] = _nobody_asks
        """What is called with all of a transaction's changes when it has ended, either way."""
        self.writes = Writes(are_all=self.is_sqlite)
        """Tells whether anything was written; on PostgreSQL other processes write, too."""
        # Apart, because a full disk refuses writers while readers are served.
        self.outages = (Outage(), Outage())
        self._backend: _Backend
        if self.is_sqlite:
            self._backend = _Sqlite(self.url)
        else:
            self._backend = _Postgresql(self.url, pool_size=pool_size, name=self.name)

    @property
    def is_sqlite(self) -> bool:
        """Whether this database is a file of one host."""
        return self.url.get_backend_name() == "sqlite"

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that may write, committed at the end of the block.

        Raises StorageUnavailable when the database does not answer, is locked or is full, and
        Conflict when another transaction won.
        """
        return self.writes.around(self._begin(read_only=False))

    def reading(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that only reads. Raises StorageUnavailable like ``transaction``."""
        return self._begin(read_only=True)

    @asynccontextmanager
    async def _begin(self, *, read_only: bool) -> AsyncIterator[Tx]:
        outage = self.outages[read_only]
        done = False
        changes: Iterable[str] = ()
        try:
            async with self._backend.begin(self.outbox, read_only=read_only) as tx:
                changes, tx.on_change = tx.changes, self.on_change
                yield tx
                done = True
        except Exception as error:
            match meaning(error):
                case Meaning.AWAY:
                    outage.begin()
                    in_doubt = done and not self.is_sqlite
                    raise StorageUnavailable(first_line(error), in_doubt=in_doubt) from error
                case Meaning.CONFLICT:
                    raise Conflict(first_line(error)) from error
                case _:
                    raise
        finally:
            self.on_changed(changes)
        outage.end()
        if tx.has_promised:
            self.on_promise()
        if tx.has_news:
            self.on_news()
        for call in tx.afterwards:
            call()

    def outage_seconds(self) -> float:
        """Seconds in which this process could not read or could not write, since it began."""
        return max(outage.seconds() for outage in self.outages)

    @property
    def is_away(self) -> bool:
        """Whether the last transaction that read, or the last that wrote, met an outage."""
        return any(outage.since is not None for outage in self.outages)

    async def dispose(self) -> None:
        """Close every connection."""
        await self._backend.dispose()


def _with_driver(url: URL, sqlite: str, postgresql: str) -> URL:
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ValueError(f"The database must be sqlite:// or postgresql://, not {backend}://.")
    return url.set(drivername=f"{backend}+{sqlite if backend == 'sqlite' else postgresql}")


def sync_url(url: URL) -> URL:
    """The same database for a synchronous engine."""
    return _with_driver(url, "pysqlite", "psycopg")


def sync_engine(url: URL) -> Engine:
    """A synchronous engine on the same database, for migrations and tools."""
    engine = create_engine(sync_url(url), hide_parameters=True)
    if url.get_backend_name() == "sqlite":
        prepare_sqlite(engine)
    return engine
