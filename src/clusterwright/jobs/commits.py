"""Writes down how one worker's run of a job goes on: one transaction for all that is due together.

A commit carries changes of steps, what is to be told of them, and what steps write along; the one
that ends the top job also settles its resource. A small tree shows itself with every commit, a
large one a few times a second. Each is tried until it is written, however long the database is
away.
"""

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from clusterwright import clock
from clusterwright.jobs import events, store
from clusterwright.jobs.context import Write
from clusterwright.jobs.events import Message
from clusterwright.jobs.plan import JobType
from clusterwright.jobs.progress import Advance, Progress
from clusterwright.jobs.tree import Change, Job, Stop, Tree
from clusterwright.jobs.tries import FIRST_BACKOFF, LONGEST_BACKOFF
from clusterwright.jobs.wire import Rendering
from clusterwright.storage.database import Database, StorageUnavailable, Tx
from clusterwright.turns import unhurried

log = logging.getLogger(__name__)

LOOK_PERIOD = 1.0
"""Seconds between two looks, while a step is at work, whether the job is to be cancelled, and whose
it is.
"""
SMALL_TREE = 300
"""Jobs of a tree whose document is written with every commit (docs/decisions/0004)."""
DOCUMENT_PERIOD = 0.2
"""Seconds between two writings of a larger tree's document."""
LEAVING_SECONDS = 1.0
"""Seconds that a commit under way may still take when its worker stops."""


@dataclass(frozen=True, slots=True)
class _Commit:
    """What one transaction is to write, the same however often it is tried."""

    root: Job
    """The top job as it will be."""
    advance: Advance
    news: bytes
    """The document of its event; empty where nothing is to be told."""
    writes: Sequence[Write]


class Commits:
    """The tree of one job as its worker writes it, and what each commit learns of it."""

    def __init__(
        self, tree: Tree, job_type: JobType, *, database: Database, progress: Progress
    ) -> None:
        """``progress`` is the tree's, and knows its jobs once ``add`` was told of all."""
        self._tree = tree
        self._type = job_type
        self._database = database
        self._progress = progress
        self._rendering = Rendering()
        self._shown_at = -math.inf
        self._was_ours = -math.inf
        """When the job was last known to be this worker's."""
        self._catching_up: asyncio.TimerHandle | None = None
        self._due: list[Change] = []
        self._messages: list[Message] = []
        self._writes: list[Write] = []
        self.driver = tree.driver
        """The driver that the tree is known to use, written with the next commit."""
        self.stop: Stop | None = None
        """Whether the job is to stop, as it was last seen."""
        self._next_flush: asyncio.Future[None] | None = None
        self._flushes: set[asyncio.Future[None]] = set()
        self._flushing = asyncio.Lock()
        self._turnstile = asyncio.Lock()

    def add(self, job: Job) -> None:
        """Know one more job, in stored order."""
        self._progress.add(job)
        self._rendering.add(job)

    async def leave(self) -> None:
        """Let the commits that are under way end, or take them back."""
        if self._catching_up is not None:
            self._catching_up.cancel()
        if self._flushes:
            await asyncio.wait(self._flushes, timeout=LEAVING_SECONDS)
        for flush in self._flushes:
            flush.cancel()
        await asyncio.gather(*self._flushes, return_exceptions=True)

    async def look(self, tx: Tx) -> None:
        """See whether to stop. Raises Superseded where the job is another worker's."""
        began = time.monotonic()
        self.stop = await store.look(tx, self._tree)
        self._was_ours = began

    async def look_now_and_then(self, tx: Tx) -> None:
        """As ``look``, unless the job was ours a moment ago.

        Nobody takes a job over from a worker that was heard of so lately (``workers.DEAD_AFTER``).
        """
        if time.monotonic() - self._was_ours >= LOOK_PERIOD:
            await self.look(tx)

    def along(self, write: Write) -> None:
        """Let the commit that ends the step, or an earlier one, carry what the step writes."""
        self._writes.append(write)

    def say(self, message: Message) -> None:
        """Let the next commit, which follows at once, carry a message to people."""
        if len(self._messages) < events.MOST_MESSAGES:
            self._messages.append(message)
        self.note()

    async def commit(self, *changes: Change) -> None:
        """Make changes durable, with all others that are due by then."""
        await asyncio.shield(self.note(*changes))
        async with self._turnstile:  # or all branches would go on in one turn of the loop
            await asyncio.sleep(0)

    def note(self, *changes: Change) -> asyncio.Future[None]:
        """Let the next commit carry changes; the future tells when that has happened."""
        self._due.extend(changes)
        if self._next_flush is None:
            self._next_flush = asyncio.ensure_future(self._flush())
            self._flushes.add(self._next_flush)
            self._next_flush.add_done_callback(self._flushes.discard)
            # Who awaits a later commit learns of the failure too; asyncio need not report it.
            self._next_flush.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._next_flush

    async def _flush(self) -> None:
        async with self._flushing:
            await asyncio.sleep(0)  # let the branches that end in this very moment join
            changes, self._due, self._next_flush = self._due, [], None
            messages, self._messages = self._messages, []
            writes, self._writes = self._writes, []
            # What has ended is settled, and its resource may be another job's by now.
            if not self._progress.root.phase.is_final:
                await self._write_in_the_end(changes, messages, writes)

    async def _write_in_the_end(
        self, changes: list[Change], messages: list[Message], writes: list[Write]
    ) -> None:
        advance = self._progress.after(changes, clock.now())
        async for job in unhurried(advance.jobs):
            self._rendering.replace(job)
        root = advance.jobs[0] if advance.jobs else self._progress.root
        news = b""
        if advance.jobs or messages:
            news = events.document(root, self._progress.in_new_phases(advance), messages)
        commit = _Commit(root, advance, news, writes)
        backoff = FIRST_BACKOFF
        in_doubt = False
        while True:
            try:
                return await self._write(commit, in_doubt=in_doubt)
            except StorageUnavailable as error:
                in_doubt |= error.in_doubt
                log.error(
                    "waiting for the database",
                    extra={"job": self._tree.root.uid, "reason": str(error)},
                )
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF)

    async def _write(self, commit: _Commit, *, in_doubt: bool) -> None:
        """``in_doubt`` tells that it may have been written before, and the answer was lost."""
        began = time.monotonic()
        root = commit.root
        shown = root.phase.is_final or self._document_is_due()
        async with self._database.transaction() as tx:
            if shown:
                document = self._rendering.encode()
                self.stop = await store.hold_and_show(
                    tx, self._tree, root, document, driver=self.driver
                )
            else:
                self.stop = await store.hold(tx, self._tree)
            if not (in_doubt and commit.news and await events.is_known(tx, root, commit.news)):
                await self._write_changes(tx, commit)
        self._was_ours = began
        self._progress.take(commit.advance)
        if shown:
            self._shown_at = time.monotonic()
        elif self._catching_up is None:
            self._catching_up = asyncio.get_running_loop().call_later(
                DOCUMENT_PERIOD, self._catch_up
            )

    async def _write_changes(self, tx: Tx, commit: _Commit) -> None:
        await store.record_jobs(tx, commit.advance.jobs)
        if commit.news:
            share = self._progress.share(commit.advance)
            await events.add(tx, commit.root, commit.news, share=share)
        for write in commit.writes:
            await write(tx)
        if commit.root.phase.is_final:
            await self._type.settle(tx, commit.root)

    def _document_is_due(self) -> bool:
        """Whether clients are to see this commit at once.

        A worker's first commit always shows what the worker before it may have left out.
        """
        small = len(self._tree.jobs) <= SMALL_TREE
        return small or time.monotonic() - self._shown_at >= DOCUMENT_PERIOD

    def _catch_up(self) -> None:
        self._catching_up = None
        self.note()
