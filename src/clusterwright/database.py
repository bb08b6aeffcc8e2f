"""One database, SQLite or PostgreSQL, behind transactions; the only module that knows which.

SQLite runs in WAL mode with full synchronisation, and every writing transaction starts
``IMMEDIATE``, so that it waits for the lock at its start instead of failing in its middle.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    MetaData,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.engine import URL, CursorResult
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from clusterwright.migrations import HEAD

T = TypeVar("T")

metadata = MetaData()
"""Where every store declares its tables."""

BUSY_TIMEOUT = 30_000
"""Milliseconds that SQLite waits for another writer."""


class StorageUnavailable(Exception):
    """The database does not answer, is locked or is full. Nothing of the transaction was kept."""


class Tx:
    """One open transaction. Everything that is executed in it is committed together or not at
    all.
    """

    def __init__(self, connection: AsyncConnection, outbox: "Outbox") -> None:
        self._connection = connection
        self._outbox = outbox

    @property
    def is_sqlite(self) -> bool:
        """Whether statements must be in SQLite's dialect, where the two databases differ."""
        return self._connection.dialect.name == "sqlite"

    async def execute(
        self, statement: Executable, parameters: list[dict[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement, for each of ``parameters`` where a list of them is given."""
        if parameters is None:
            return await self._connection.execute(statement)
        return await self._connection.execute(statement, parameters)

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Run a function of a synchronous connection inside this transaction."""
        return await self._connection.run_sync(work)

    async def promise(self, **what: Any) -> None:
        """Hand work to the engine with this transaction: it will be done if and only if this
        commits.
        """
        await self._outbox(self, **what)


Outbox = Callable[..., Awaitable[None]]


async def _no_engine(tx: Tx, **what: Any) -> None:
    raise RuntimeError("No engine is attached to this database, so no job can be promised.")


class Database:
    """Transactions on one database. Use ``dispose`` when done."""

    def __init__(self, url: str, *, pool_size: int = 16, name: str = "clusterwright") -> None:
        self.url = make_url(url)
        self.outbox: Outbox = _no_engine
        """What ``Tx.promise`` calls; the composition root puts the engine here."""
        self._sqlite = self.url.get_backend_name() == "sqlite"
        # One process never competes with itself: a lock here costs less than SQLite's polling.
        self._writers = asyncio.Lock() if self._sqlite else None
        connect_args = {} if self._sqlite else {"server_settings": {"application_name": name}}
        self._engine = create_async_engine(
            _with_driver(self.url, "aiosqlite", "asyncpg"),
            pool_size=pool_size,
            connect_args=connect_args,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        if self._sqlite:
            prepare_sqlite(self._engine.sync_engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether this database is a file of one host."""
        return self._sqlite

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that may write; committed at the end of the block, before anything is
        answered.

        Raises StorageUnavailable when the database does not answer, is locked or is full.
        """
        if self._writers is None:
            async with self._begin(read_only=False) as tx:
                yield tx
        else:
            async with self._writers, self._begin(read_only=False) as tx:
                yield tx

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A transaction that only reads. Raises StorageUnavailable like ``transaction``."""
        async with self._begin(read_only=True) as tx:
            yield tx

    @asynccontextmanager
    async def _begin(self, *, read_only: bool) -> AsyncIterator[Tx]:
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(read_only=read_only)
                async with connection.begin():
                    yield Tx(connection, self.outbox)
        except (OperationalError, InterfaceError, PoolTimeoutError, OSError) as error:
            raise StorageUnavailable(str(error)) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StorageUnavailable(str(error)) from error
            raise

    async def dispose(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


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
    engine = create_engine(sync_url(url))
    if url.get_backend_name() == "sqlite":
        prepare_sqlite(engine)
    return engine


def prepare_sqlite(engine: Engine) -> None:
    """Give every SQLite connection of ``engine`` the modes and the transactions that this module
    promises.
    """

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own: "begin" below does.
        connection.isolation_level = None
        set_sqlite_modes(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def set_sqlite_modes(connection: Any) -> None:
    """Make one SQLite connection durable, patient and strict about foreign keys."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.close()


def migrate(url: URL) -> None:
    """Bring the schema to the newest revision. On PostgreSQL, processes that start together take
    turns.

    Raises StorageUnavailable when the database does not answer.
    """
    engine = sync_engine(url)
    try:
        if _revision(engine) != HEAD:
            # Imported here because a start on a current schema, which is nearly every one, needs
            # none of it.
            from clusterwright.migrations import runner

            runner.upgrade(engine)
    except OperationalError as error:
        raise StorageUnavailable(str(error)) from error
    finally:
        engine.dispose()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar_one_or_none()
        return found


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(url.database or "")
