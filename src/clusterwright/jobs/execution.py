"""Walks one job's tree from wherever it stands to its end, without knowing the engine.

The stored rows are the memo: what is Success is not run again, everything else is. Changes that are
due at the same moment are committed together, and the commit that ends the top job also settles its
resource. A large job works on a bounded number of branches, and shows itself a few times a second.
"""

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping
from functools import partial
from typing import Any

from clusterwright import clock
from clusterwright.drivers import causes
from clusterwright.drivers.causes import Cause
from clusterwright.drivers.contract import DriverError, Drivers
from clusterwright.jobs import events, store
from clusterwright.jobs.context import StepContext, Write
from clusterwright.jobs.events import Level, Message
from clusterwright.jobs.plan import Branch, ForEach, JobType, Member, Serial, Step
from clusterwright.jobs.progress import Progress
from clusterwright.jobs.store import Superseded
from clusterwright.jobs.tree import CancelMode, Change, Job, JobPhase, Stop, Tree, failure
from clusterwright.jobs.tries import FIRST_BACKOFF, LONGEST_BACKOFF, Tries
from clusterwright.jobs.wire import Rendering
from clusterwright.storage.database import Database, StorageUnavailable, Tx
from clusterwright.turns import parts, unhurried

log = logging.getLogger(__name__)

LOOK_PERIOD = 1.0
"""Seconds between two looks, while a step is at work, whether the job is to be cancelled, and whose
it is.
"""
BRANCHES = 32
"""Copies of one member that are at work at the same time; the others wait for their turn."""
SMALL_TREE = 300
"""Jobs of a tree whose document is written with every commit (docs/decisions/0004)."""
DOCUMENT_PERIOD = 0.2
"""Seconds between two writings of a larger tree's document."""
LEAVING_SECONDS = 1.0
"""Seconds that a commit under way may still take when its worker stops."""


class Cancelled(Exception):
    """The job was asked to stop; the text says why."""


async def _all(branches: Iterable[Coroutine[Any, Any, bool]]) -> bool:
    """Whether all branches succeed. None of them outlives this call, however it ends."""
    tasks = [asyncio.ensure_future(branch) for branch in branches]
    try:
        return all(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Group = tuple[Branch, list[Job], int]
"""A member of a tree, its jobs, and how many of them may be at work at a time."""


class Execution:
    """One worker's run of one job."""

    def __init__(
        self,
        tree: Tree,
        job_type: JobType,
        *,
        database: Database,
        drivers: Drivers,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        """``weights`` tell how much of the whole each type of step is."""
        self._tree = tree
        self._type = job_type
        self._database = database
        self._drivers = drivers
        self._below: defaultdict[str | None, list[Job]] = defaultdict(list)
        self.progress = Progress(weights=weights)
        self._rendering = Rendering()
        self._shown_at = -math.inf
        self._was_ours = -math.inf
        """When the job was last known to be this worker's."""
        self._catching_up: asyncio.TimerHandle | None = None
        self._due: list[Change] = []
        self._messages: list[Message] = []
        self._writes: list[Write] = []
        self.driver = tree.driver
        self._next_flush: asyncio.Future[None] | None = None
        self._flushes: set[asyncio.Future[None]] = set()
        self._flushing = asyncio.Lock()
        self._turnstile = asyncio.Lock()
        self._stopped: Stop | None = None

    async def run(self) -> None:
        """Walk the tree to its end. Raises Superseded when another worker has taken it over.

        Cancelled, it leaves the tree where it stands: what that does to a step is never recorded.
        """
        if self._tree.finished:
            return
        async for job in unhurried(self._tree.jobs):
            self._below[job.parent_uid].append(job)
            self.progress.add(job)
            self._rendering.add(job)
        try:
            await self._visit(self._type.root, self._tree.root)
            await self._commit()
        finally:
            await self._leave()

    async def _leave(self) -> None:
        """Let the commits that are under way end, or take them back."""
        if self._catching_up is not None:
            self._catching_up.cancel()
        if self._flushes:
            await asyncio.wait(self._flushes, timeout=LEAVING_SECONDS)
        for flush in self._flushes:
            flush.cancel()
        await asyncio.gather(*self._flushes, return_exceptions=True)

    def _leaves(self, job: Job) -> list[Job]:
        below = self._below[job.uid]
        return [leaf for child in below for leaf in self._leaves(child)] if below else [job]

    def _now(self, job: Job) -> Job:
        return self.progress.jobs[job.position]

    async def _visit(self, node: Branch, job: Job) -> bool:
        """Bring ``job`` to its end and tell whether it succeeded."""
        if self._now(job).phase.is_final:
            return self._now(job).phase is JobPhase.SUCCESS
        if isinstance(node, Step):
            return await self._step(node, job)
        groups = list(self._groups(node.members, job))
        if isinstance(node, Serial):
            return await self._one_by_one(groups)
        return await _all(self._together(*group) for group in groups)

    def _groups(self, members: tuple[Member, ...], job: Job) -> Iterable[Group]:
        for member in members:
            node = member.member if isinstance(member, ForEach) else member
            copies = [child for child in self._below[job.uid] if child.type == node.name]
            yield node, copies, self._most(member)

    def _most(self, member: Member) -> int:
        """How many copies of a member may be at work at a time."""
        name = member.at_a_time if isinstance(member, ForEach) else ""
        return min(int(self._tree.arguments.get(name, BRANCHES)), BRANCHES)

    async def _one_by_one(self, groups: list[Group]) -> bool:
        for place, (node, copies, most) in enumerate(groups):
            if not await self._together(node, copies, most):
                rest = [leaf for _, later, _ in groups[place + 1 :] for leaf in later]
                reason = f"Not started, because {node.name} failed."
                await self._skip([leaf for job in rest for leaf in self._leaves(job)], reason)
                return False
        return True

    async def _together(self, node: Branch, copies: list[Job], most: int) -> bool:
        if len(copies) == 1:  # without a task of its own, so that its changes join the next commit
            return await self._visit(node, copies[0])
        waiting = iter(copies)

        async def branch() -> bool:
            outcomes = [await self._visit(node, copy) for copy in waiting]
            return all(outcomes)

        return await _all(branch() for _ in range(min(most, len(copies))))

    async def _skip(self, leaves: list[Job], reason: str) -> None:
        async for part in parts(leaves):
            await self._commit(*(Change(leaf.uid, JobPhase.FAILED, reason) for leaf in part))

    async def _fail(self, step: Job, reason: str, cause: Cause) -> bool:
        """Let a step have failed, which is all that this tells."""
        await self._commit(failure(step, reason, cause))
        return False

    async def _step(self, step: Step, job: Job) -> bool:
        if self._stopped is None:
            await self._commit(Change(job.uid, JobPhase.RUNNING))
        try:
            await self._act(step, job)
        except Cancelled as stop:
            return await self._fail(job, str(stop), causes.CANCELLED)
        except (DriverError, TimeoutError) as error:
            log.warning(
                "failing a step",
                extra={"job": job.root_uid, "step": step.name, "reason": str(error)},
            )
            self._say(job, "error", str(error))
            cause = error.cause if isinstance(error, DriverError) else causes.STEP_TIMEOUT
            return await self._fail(job, str(error), cause)
        except Superseded:
            raise
        except Exception:
            log.exception("failing a step", extra={"job": job.root_uid, "step": step.name})
            reason = f"Internal error in {step.name}. Look for job {job.root_uid} in the log."
            return await self._fail(job, reason, causes.INTERNAL_ERROR)
        # Not awaited: the start of the next step, or the end of the job, carries it to the
        # database.
        self._note(Change(job.uid, JobPhase.SUCCESS))
        return True

    async def _act(self, step: Step, job: Job) -> None:
        """Run the step's action until it returns, fails, is out of time or is cancelled."""
        if self._stopped is not None:
            raise Cancelled(self._stopped.reason)
        log.info("running a step", extra={"job": job.root_uid, "step": step.name})
        context = StepContext(
            job=job,
            tree=self._tree,
            hold=partial(store.hold, tree=self._tree),
            look=self._look_now_and_then,
            drivers=self._drivers,
            database=self._database,
            on_driver=self._uses,
            along=self._writes_along,
        )
        tries = Tries(step, job, self._say)
        action = asyncio.ensure_future(tries.until_done(context))
        watch = asyncio.ensure_future(self._watch())
        try:
            await self._within_deadline(step, tries, {action, watch})
        finally:
            action.cancel()
            watch.cancel()
            await asyncio.gather(action, watch, return_exceptions=True)

    def _writes_along(self, write: Write) -> None:
        """Let the commit that ends the step, or an earlier one, carry what the step writes."""
        self._writes.append(write)

    def _uses(self, driver: str) -> None:
        self.driver = driver

    def _say(self, job: Job, level: Level, text: str) -> None:
        """Let the next commit, which follows at once, carry a message to people."""
        if len(self._messages) < events.MOST_MESSAGES:
            self._messages.append(Message(job.uid, level, text))
        self._note()

    async def _within_deadline(
        self, step: Step, tries: Tries, either: set[asyncio.Future[None]]
    ) -> None:
        """The result of whichever ends first. Raises TimeoutError when the step's time is up."""
        began, before = time.monotonic(), self._database.outage_seconds()
        left = step.timeout
        while left > 0:
            done, _ = await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                return ended.result()
            taken = time.monotonic() - began
            if not step.outages_count:
                taken -= self._database.outage_seconds() - before
            left = step.timeout - taken
        raise TimeoutError(
            f"{step.name} did not finish within {step.timeout:g} seconds.{tries.trouble}"
        )

    async def _watch(self) -> None:
        """Raise Cancelled once the job was asked to stop now, Superseded once it is not ours."""
        while True:
            if self._stopped is not None and self._stopped.mode is CancelMode.NOW:
                raise Cancelled(self._stopped.reason)
            await asyncio.sleep(LOOK_PERIOD)
            try:
                async with self._database.reading() as tx:
                    await self._look(tx)
            except StorageUnavailable as error:
                log.warning("waiting for the database", extra={"reason": str(error)})

    async def _look(self, tx: Tx) -> None:
        """See whether to stop. Raises Superseded where the job is another worker's."""
        began = time.monotonic()
        self._stopped = await store.look(tx, self._tree)
        self._was_ours = began

    async def _look_now_and_then(self, tx: Tx) -> None:
        """As ``_look``, unless the job was ours a moment ago.

        Nobody takes a job over from a worker that was heard of so lately (``workers.DEAD_AFTER``).
        """
        if time.monotonic() - self._was_ours >= LOOK_PERIOD:
            await self._look(tx)

    async def _commit(self, *changes: Change) -> None:
        """Make changes durable, with all others that are due by then."""
        await asyncio.shield(self._note(*changes))
        async with self._turnstile:  # or all branches would go on in one turn of the loop
            await asyncio.sleep(0)

    def _note(self, *changes: Change) -> asyncio.Future[None]:
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
            if not self.progress.root.phase.is_final:
                await self._write_in_the_end(changes, messages, writes)

    async def _write_in_the_end(
        self, changes: list[Change], messages: list[Message], writes: list[Write]
    ) -> None:
        backoff = FIRST_BACKOFF
        while True:
            try:
                return await self._write(changes, messages, writes)
            except StorageUnavailable as error:
                log.error(
                    "waiting for the database",
                    extra={"job": self._tree.root.uid, "reason": str(error)},
                )
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF)

    async def _write(
        self, changes: list[Change], messages: list[Message], writes: list[Write]
    ) -> None:
        began = time.monotonic()
        advance = self.progress.after(changes, clock.now())
        root = advance.jobs[0] if advance.jobs else self.progress.root
        async for job in unhurried(advance.jobs):
            self._rendering.replace(job)
        shown = root.phase.is_final or self._document_is_due()
        async with self._database.transaction() as tx:
            if shown:
                document = self._rendering.encode()
                self._stopped = await store.hold_and_show(
                    tx, self._tree, root, document, driver=self.driver
                )
            else:
                self._stopped = await store.hold(tx, self._tree)
            await store.record_jobs(tx, advance.jobs)
            if advance.jobs or messages:
                share = self.progress.share(advance)
                changed = self.progress.in_new_phases(advance)
                await events.record(tx, root, changed, share=share, messages=messages)
            for write in writes:
                await write(tx)
            if root.phase.is_final:
                await self._type.settle(tx, root)
        self._was_ours = began
        self.progress.take(advance)
        if shown:
            self._shown_at = time.monotonic()
        elif self._catching_up is None:
            self._catching_up = asyncio.get_running_loop().call_later(
                DOCUMENT_PERIOD, self._catch_up
            )

    def _document_is_due(self) -> bool:
        """Whether clients are to see this commit at once.

        A worker's first commit always shows what the worker before it may have left out.
        """
        small = len(self._tree.jobs) <= SMALL_TREE
        return small or time.monotonic() - self._shown_at >= DOCUMENT_PERIOD

    def _catch_up(self) -> None:
        self._catching_up = None
        self._note()
