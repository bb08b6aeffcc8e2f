"""What SQLite does outside the event loop: the few things that take many milliseconds.

A statement takes microseconds and runs inline (see database). Megabytes do not, nor does copying
the write-ahead log into the database, which SQLite would do within whichever commit makes the log
long enough.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)

CHECKPOINT_PERIOD = 0.5
"""Seconds from a commit until the log is copied into the database."""
LONGEST_LOG = 50_000
"""Pages of the log after which a commit copies it nevertheless."""


class Thread:
    """One thread beside the loop that serves requests."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sqlite")

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` to its end. A cancellation waits for that: work on a connection cannot be
        left alone with it.
        """
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    def close(self) -> None:
        """Wait for what runs."""
        self._pool.shutdown()


class Checkpoints:
    """Copies the write-ahead log into the database soon after each commit."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._thread = Thread()
        self._connection: sqlite3.Connection | None = None
        self._due: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the log is being copied now, which makes commits wait for the disk."""
        return self._task is not None and not self._task.done()

    def note_commit(self) -> None:
        """Make sure that a checkpoint follows."""
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(CHECKPOINT_PERIOD, self._start)

    def _start(self) -> None:
        self._task = asyncio.ensure_future(self._thread.run(self._checkpoint))
        self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._due = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("leaving the log to grow", extra={"reason": str(error)})

    def _checkpoint(self) -> None:
        if self._connection is None:
            self._connection = self._connect()
        # Passive: it waits for nobody, and nobody waits for it.
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Do no more."""
        if self._due is not None:
            self._due.cancel()
        self._thread.close()
        if self._connection is not None:
            self._connection.close()
