"""SQLite inside the event loop: one connection that writes, a few that read, and commits in groups.

Statements run inline: one takes some 30 microseconds, a thread's round trip several times that, and
each would need four (measured: creating clusters is three times faster inline). Only the wait for
another writer, and a disk that is slow, are spent outside the loop.

A commit waits for the disk, whatever it writes. So transactions that are due at the same moment,
of whatever requests and jobs, are written in one: each is a savepoint, an error takes back its own
alone, and all of them end when the commit that they share has ended.
"""

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Executable, event
from sqlalchemy.engine import CursorResult

from clusterwright.storage import offloop
from clusterwright.storage.offloop import Checkpoints, Thread
from clusterwright.storage.prepared import Statements
from clusterwright.storage.sqlite import (
    BUSY_TIMEOUT,
    INLINE_TIMEOUT,
    plain_connection,
    set_sqlite_modes,
)
from clusterwright.storage.transaction import Outbox, Parameters, Tx
from clusterwright.uninterrupted import uninterrupted

T = TypeVar("T")

log = logging.getLogger(__name__)

_SLOW_COMMIT = 0.002
"""Seconds of a commit after which the next one is made outside the event loop."""
_RETRY_PAUSE = 0.002
"""Seconds between two tries for the writer's place."""
_MOST_TOGETHER = 64
"""Transactions that one commit ends at the most."""
_LONGEST = 0.02
"""Seconds after its beginning in which others may join a commit."""
_IDLE_READERS = 4
"""Connections that are kept open for readers to come."""


class InlineTx(Tx):
    """A transaction, or a savepoint, on a connection that is its own until it ends."""

    is_sqlite = True

    def __init__(
        self, place: "_Place", outbox: Outbox, thread: Thread, *, is_reading: bool
    ) -> None:
        super().__init__(outbox)
        self.place = place
        self._thread = thread
        self.is_reading = is_reading
        self.is_large = False

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        return self.place.execute(statement, parameters)

    async def execute_large(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        self.is_large = True
        return await self._thread.run(lambda: self.place.execute(statement, parameters))

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        return work(self.place.connection)


class _Place:
    """One open connection, as SQLAlchemy and as the driver know it."""

    def __init__(self, engine: Engine, statements: Statements) -> None:
        self.connection = engine.connect()
        # SQLAlchemy types what any driver has; here the driver is one.
        self.driver = cast("sqlite3.Connection", self.connection.connection.dbapi_connection)
        self._statements = statements
        self.is_patient = True
        """Whether commits wait for the disk."""

    def execute(self, statement: Executable, parameters: Parameters | None) -> CursorResult[Any]:
        return self._statements.execute(self.connection, self.driver, statement, parameters)

    def commit(self) -> None:
        # SQLAlchemy knows of a transaction only where it has executed something itself.
        (self.connection if self.connection.in_transaction() else self.driver).commit()

    def rollback(self) -> None:
        # Both: SQLAlchemy may know of none, or wait to be rid of one whose commit has failed.
        self.connection.rollback()
        self.driver.rollback()

    def wait_for_disk(self, patient: bool) -> None:
        """Choose for the transactions to come whether their commits wait for the disk."""
        if patient is not self.is_patient:
            self.driver.execute(f"PRAGMA synchronous={'FULL' if patient else 'NORMAL'}")
            self.is_patient = patient


class _Group:
    """Transactions that one commit will end."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.members: list[asyncio.Future[None]] = []
        """Those that have done all but this, and are told the outcome."""
        self.is_large = False


class Inline:
    """Transactions on a SQLite file, for the loop that serves."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._statements = Statements(engine)
        self._thread = Thread()
        self._checkpoints = Checkpoints(lambda: plain_connection(path))
        self._disk_is_slow = False
        self._readers: list[_Place] = []
        self._writer: _Place | None = None
        self._is_taken = False
        """Whether somebody has the writer's place: only one transaction runs at a time."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._group: _Group | None = None
        self._committing: asyncio.Future[float] | None = None

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions begin below, never by themselves
            set_sqlite_modes(connection, busy_timeout=INLINE_TIMEOUT)
            connection.execute(f"PRAGMA wal_autocheckpoint={offloop.LONGEST_LOG}")

    async def begin(self, outbox: Outbox, *, read_only: bool, may_be_late: bool = False) -> Tx:
        """Open a transaction, which ``end`` ends.

        One that ``may_be_late`` is kept from a loss of power only by the next one that may not.
        """
        if read_only:
            reader = self._readers.pop() if self._readers else self._connect()
            try:
                reader.driver.execute("BEGIN")
            except BaseException:
                reader.connection.close()
                raise
            return InlineTx(reader, outbox, self._thread, is_reading=True)
        await self._take_place()
        try:
            if self._writer is None:
                self._writer = self._connect()
            if self._group is None:
                self._writer.wait_for_disk(not may_be_late)
                await self._become_writer(self._writer.driver)
                self._group = _Group()
            else:
                self._writer.driver.execute("SAVEPOINT member")
        except BaseException:
            self._leave_place()
            raise
        return InlineTx(self._writer, outbox, self._thread, is_reading=False)

    async def end(self, tx: Tx, error: BaseException | None) -> None:
        """End a transaction: in a commit, or taken back where ``error`` has ended it."""
        assert isinstance(tx, InlineTx)
        if tx.is_reading:
            self._end_reading(tx.place)
            tx.is_committed = error is None
        elif error is not None:
            self._take_back(tx.place, error)
            self._leave_place()
        else:
            await self._wait_for_commit(tx, self._join(tx))

    def _connect(self) -> _Place:
        return _Place(self._engine, self._statements)

    def _end_reading(self, reader: _Place) -> None:
        try:
            reader.rollback()
        except BaseException:
            reader.connection.close()
            raise
        if len(self._readers) < _IDLE_READERS:
            self._readers.append(reader)
        else:
            reader.connection.close()

    async def _take_place(self) -> None:
        """Wait until nobody else writes. Whoever has come first is first."""
        if not self._is_taken:
            self._is_taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the place was ours already
                self._leave_place()
            raise

    def _leave_place(self) -> None:
        """Let the next one write, or let the commit end what was written."""
        group = self._group
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if group is not None and self._is_complete(group):
            self._commit(group)
        else:
            self._let_next_write()

    def _is_complete(self, group: _Group) -> bool:
        # Whoever watches SQLAlchemy's transactions sees each of them for itself.
        return (
            not self._waiting
            or group.is_large
            or len(group.members) >= _MOST_TOGETHER
            or time.monotonic() - group.began >= _LONGEST
            or (self._writer is not None and not self._writer.is_patient)
            or bool(self._engine.dispatch.before_cursor_execute)
        )

    def _let_next_write(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                # In the next turn of the loop: readers never wait for the many writers of a large
                # job.
                turn.set_result(None)
                return
        self._is_taken = False

    def _join(self, tx: InlineTx) -> asyncio.Future[None]:
        """Let a transaction that has done its work wait for the commit."""
        group, member = self._group, asyncio.get_running_loop().create_future()
        assert group is not None
        try:
            if group.members:
                tx.place.driver.execute("RELEASE member")
        except BaseException as error:
            self._take_back(tx.place, error)
            self._leave_place()
            raise
        group.members.append(member)
        group.is_large |= tx.is_large
        self._leave_place()
        return member

    @staticmethod
    async def _wait_for_commit(tx: InlineTx, member: asyncio.Future[None]) -> None:
        # Whoever is cancelled waits too: what it does to our rows is not open any more then.
        try:
            await uninterrupted(member)
        finally:
            tx.is_committed = member.exception() is None

    def _take_back(self, writer: _Place, error: BaseException) -> None:
        """Undo the transaction that has the place, and what SQLite has undone with it."""
        group = self._group
        if group is None:
            return
        if group.members and writer.driver.in_transaction:
            try:
                writer.driver.execute("ROLLBACK TO member")
                writer.driver.execute("RELEASE member")
                return
            except sqlite3.Error as worse:
                error = worse
        self._group = None
        try:
            writer.rollback()
        finally:
            # A full disk, for one, ends the whole: nobody of the group has been answered yet.
            _tell(group, error)

    def _commit(self, group: _Group) -> None:
        """End a group while nobody writes; in the loop where that takes as little as it should."""
        writer = self._writer
        assert writer is not None
        if not group.members:
            self._group = None
            writer.rollback()
            self._let_next_write()
        elif writer.is_patient and (
            group.is_large or self._disk_is_slow or self._checkpoints.running
        ):
            beside = asyncio.ensure_future(self._thread.run(lambda: _timed(writer.commit)))
            beside.add_done_callback(lambda done: self._committed(group, writer, done.result))
            self._committing = beside  # the loop itself would let it go
        else:
            self._committed(group, writer, lambda: _timed(writer.commit))

    def _committed(self, group: _Group, writer: _Place, result: Callable[[], float]) -> None:
        self._group = None
        try:
            took = result()
        except BaseException as error:
            self._roll_back_at_last(writer)
            _tell(group, error)
        else:
            if writer.is_patient:
                self._disk_is_slow = took > _SLOW_COMMIT
            self._checkpoints.note_commit(is_large=group.is_large)
            _tell(group, None)
        self._let_next_write()

    def _roll_back_at_last(self, writer: _Place) -> None:
        try:
            writer.rollback()
        except Exception as error:
            log.warning("opening the database anew", extra={"reason": str(error)})
            self._writer = None
            writer.connection.close()

    @staticmethod
    async def _become_writer(connection: sqlite3.Connection) -> None:
        """Begin a writing transaction at once or wait, outside the loop, for another process."""
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
        """Close every connection."""
        self._checkpoints.close()
        self._thread.close()
        for place in (*self._readers, *([self._writer] if self._writer else ())):
            place.connection.close()
        self._engine.dispose()


def _timed(commit: Callable[[], None]) -> float:
    began = time.perf_counter()
    commit()
    return time.perf_counter() - began


def _tell(group: _Group, error: BaseException | None) -> None:
    """Tell the members of a group how it has ended."""
    for member in group.members:
        if error is None:
            member.set_result(None)
        else:
            member.set_exception(error)
            member.exception()  # whoever was cancelled does not ask
