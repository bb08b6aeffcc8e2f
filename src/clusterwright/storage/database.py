"""One database, SQLite or PostgreSQL, behind transactions; the only module that knows which."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from os import getpid
from secrets import token_hex
from socket import gethostname
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, Executable, MetaData, create_engine, make_url
from sqlalchemy.engine import URL, CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from clusterwright.storage.hangups import give_up_all_vanished, replace_before_use
from clusterwright.storage.inline import Inline
from clusterwright.storage.outage import Outage
from clusterwright.storage.sqlite import prepare_sqlite, sqlite_path
from clusterwright.storage.sqlstates import Meaning, meaning
from clusterwright.storage.transaction import Outbox, Parameters, Tx, nobody_asks
from clusterwright.storage.writes import Writes

__all__ = ["Conflict", "Database", "StorageUnavailable", "Tx", "metadata"]

T = TypeVar("T")

metadata = MetaData()
"""Where every store declares its tables."""

IDLE_IN_TRANSACTION = 15_000
"""Milliseconds until PostgreSQL ends a session that does nothing in its transaction: a frozen
process must not keep the rows that others have to lock. One that froze between asyncpg's preparing
of a statement and its execution is not idle to PostgreSQL; whoever adopts its jobs ends it.
"""

SESSION: Mapping[str, str] = {
    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION),
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""What each session asks of PostgreSQL, so that what vanished clients hold is free soon."""


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


async def _no_engine(tx: Tx, **what: Any) -> None:
    raise RuntimeError("No engine is attached to this database, so no job can be promised.")


class _AsyncTx(Tx):
    is_sqlite = False

    def __init__(self, connection: AsyncConnection, outbox: Outbox) -> None:
        super().__init__(outbox)
        self._connection = connection
        self.stack = AsyncExitStack()
        """What ends the transaction, and gives the connection back."""

    def ended(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Note how it has ended, before the connection is given back."""
        self.is_committed = error is None

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        return await self._connection.execute(statement, parameters)

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        return await self._connection.run_sync(work)


class _Backend(Protocol):
    async def begin(self, outbox: Outbox, *, read_only: bool, may_be_late: bool) -> Tx: ...

    async def end(self, tx: Tx, error: BaseException | None) -> None: ...

    async def dispose(self) -> None: ...


_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,  # rows hold secrets, and errors reach the log
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


class _Postgresql:
    def __init__(self, url: URL, *, pool_size: int, name: str) -> None:
        self._engine = create_async_engine(
            _with_driver(url, "", "asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            connect_args={"server_settings": {"application_name": name, **SESSION}},
            **_OPTIONS,
        )
        give_up_all_vanished(self._engine.sync_engine)
        replace_before_use(self._engine.sync_engine)

    async def begin(self, outbox: Outbox, *, read_only: bool, may_be_late: bool) -> Tx:
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(self._engine.connect())
            tx = _AsyncTx(connection, outbox)
            stack.push(tx.ended)
            await stack.enter_async_context(connection.begin())
            tx.stack = stack.pop_all()
            return tx

    async def end(self, tx: Tx, error: BaseException | None) -> None:
        assert isinstance(tx, _AsyncTx)
        await tx.stack.__aexit__(type(error) if error else None, error, None)

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
        self.on_change: Callable[[str], None] = nobody_asks
        """What ``Tx.change`` calls."""
        self.on_changed: Callable[[Iterable[str]], None] = nobody_asks
        """What is called with all of a transaction's changes when it has ended, either way."""
        self.writes = Writes(are_all=self.is_sqlite)
        """Tells whether anything was written; on PostgreSQL other processes write, too."""
        # Apart, because a full disk refuses writers while readers are served.
        self.outages = (Outage(), Outage())
        self._backend: _Backend
        if self.is_sqlite:
            # Without a limit, because a full pool would block the loop that has to free it.
            engine = create_engine(
                sync_url(self.url),
                pool_size=4,
                max_overflow=-1,
                connect_args={"cached_statements": 512},
                **_OPTIONS,
            )
            self._backend = Inline(engine, sqlite_path(self.url))
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
        return _Transaction(self, self._backend, read_only=False, may_be_late=False)

    def deferred(self) -> AbstractAsyncContextManager[Tx]:
        """As ``transaction``, for what nobody is told of before a later transaction has ended.

        Everybody sees it at its end; but on SQLite a loss of power may take it back until the next
        ``transaction`` has ended, which keeps all that came before it as well.
        """
        return _Transaction(self, self._backend, read_only=False, may_be_late=True)

    def reading(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that only reads. Raises StorageUnavailable like ``transaction``."""
        return _Transaction(self, self._backend, read_only=True, may_be_late=False)

    def committed(self, tx: Tx, *, read_only: bool) -> None:
        """Tell whoever waits for it that a transaction has ended well."""
        self.outages[read_only].end()
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


class _Transaction:
    """The block of one transaction."""

    __slots__ = ("_backend", "_database", "_may_be_late", "_read_only", "_tx")

    def __init__(
        self, database: Database, backend: _Backend, *, read_only: bool, may_be_late: bool
    ) -> None:
        self._database = database
        self._backend = backend
        self._read_only = read_only
        self._may_be_late = may_be_late
        self._tx: Tx | None = None

    async def __aenter__(self) -> Tx:
        database = self._database
        if not self._read_only:
            database.writes.begin()
        try:
            tx = await self._backend.begin(
                database.outbox, read_only=self._read_only, may_be_late=self._may_be_late
            )
        except BaseException as error:
            if not self._read_only:
                database.writes.end()
            self._explain(error, in_doubt=False)
            raise
        tx.on_change = database.on_change
        self._tx = tx
        return tx

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        tx = self._tx
        assert tx is not None
        try:
            await self._finish(tx, error)
        finally:
            # Last, because whoever keeps copies may not keep what the hooks have yet to hear.
            if not self._read_only:
                self._database.writes.end()

    async def _finish(self, tx: Tx, error: BaseException | None) -> None:
        try:
            await self._backend.end(tx, error)
        except Exception as worse:
            self._explain(worse, in_doubt=error is None and not self._database.is_sqlite)
            raise
        else:
            if error is not None:
                self._explain(error, in_doubt=False)
        finally:
            self._database.on_changed(tx.changes)
            if tx.is_committed:  # and whoever waited for that may have been cancelled
                self._database.committed(tx, read_only=self._read_only)

    def _explain(self, error: BaseException, *, in_doubt: bool) -> None:
        """Raise what an error means for whoever wrote the block, if it is the database's."""
        match meaning(error):
            case Meaning.AWAY:
                self._database.outages[self._read_only].begin()
                raise StorageUnavailable(first_line(error), in_doubt=in_doubt) from error
            case Meaning.CONFLICT:
                raise Conflict(first_line(error)) from error


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
    else:
        give_up_all_vanished(engine)
    return engine
