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

from clusterwright.uninterrupted import uninterrupted

T = TypeVar("T")

log = logging.getLogger(__name__)

COMMITS = 250
"""Commits until the log is copied into the database: about SQLite's own 1,000 pages. A commit of
megabytes counts as so many.
"""
LONGEST_LOG = 50_000
"""Pages of the log after which a commit copies it nevertheless."""


class Thread:
    """One thread beside the loop that serves requests."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sqlite")

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` to its end.

        A cancellation waits for that: work on a connection cannot be left alone with it.
        """
        loop = asyncio.get_running_loop()
        return await uninterrupted(loop.run_in_executor(self._pool, work))

    def close(self) -> None:
        """Wait for what runs."""
        self._pool.shutdown()


class Checkpoints:
    """Copies the write-ahead log into the database now and then."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._thread = Thread()
        self._connection: sqlite3.Connection | None = None
        self._commits = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the log is being copied now, which makes commits wait for the disk."""
        return self._task is not None and not self._task.done()

    def note_commit(self, *, is_large: bool) -> None:
        """Count a commit, and copy the log when it is time."""
        self._commits += COMMITS if is_large else 1
        if self._commits >= COMMITS and not self.running:
            self._commits = 0
            self._task = asyncio.ensure_future(self._thread.run(self._checkpoint))
            self._task.add_done_callback(_report)

    def _checkpoint(self) -> None:
        if self._connection is None:
            self._connection = self._connect()
        # Passive: it waits for nobody, and nobody waits for it.
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Do no more."""
        self._thread.close()
        if self._connection is not None:
            self._connection.close()


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("leaving the log to grow", extra={"reason": str(error)})
