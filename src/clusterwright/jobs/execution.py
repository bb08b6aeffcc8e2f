"""Walks one job's tree from wherever it stands to its end, without knowing the engine.

The stored rows are the memo: what is Success is not run again, everything else is. A large job
works on a bounded number of branches. What is done gets written by ``jobs.commits``.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping
from functools import partial
from typing import Any

from clusterwright.drivers import causes
from clusterwright.drivers.causes import Cause
from clusterwright.drivers.contract import DriverError, Drivers
from clusterwright.jobs import commits, store
from clusterwright.jobs.commits import Commits
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.events import Level, Message
from clusterwright.jobs.plan import Branch, ForEach, JobType, Member, Serial, Step
from clusterwright.jobs.progress import Progress
from clusterwright.jobs.store import Superseded
from clusterwright.jobs.tree import CancelMode, Change, Job, JobPhase, Tree, failure
from clusterwright.jobs.tries import Tries
from clusterwright.storage.database import Database, StorageUnavailable
from clusterwright.turns import parts, unhurried

log = logging.getLogger(__name__)

BRANCHES = 32
"""Copies of one member that are at work at the same time; the others wait for their turn."""


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
        self._commits = Commits(tree, job_type, database=database, progress=self.progress)

    @property
    def driver(self) -> str:
        """The driver that the job is known to use; empty for none."""
        return self._commits.driver

    async def run(self) -> None:
        """Walk the tree to its end. Raises Superseded when another worker has taken it over.

        Cancelled, it leaves the tree where it stands: what that does to a step is never recorded.
        """
        if self._tree.finished:
            return
        async for job in unhurried(self._tree.jobs):
            self._below[job.parent_uid].append(job)
            self._commits.add(job)
        try:
            await self._visit(self._type.root, self._tree.root)
            await self._commits.commit()
        finally:
            await self._commits.leave()

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
            await self._commits.commit(
                *(Change(leaf.uid, JobPhase.FAILED, reason) for leaf in part)
            )

    async def _fail(self, step: Job, reason: str, cause: Cause) -> bool:
        """Let a step have failed, which is all that this tells."""
        await self._commits.commit(failure(step, reason, cause))
        return False

    async def _step(self, step: Step, job: Job) -> bool:
        if self._commits.stop is None:
            await self._commits.commit(Change(job.uid, JobPhase.RUNNING))
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
        self._commits.note(Change(job.uid, JobPhase.SUCCESS))
        return True

    async def _act(self, step: Step, job: Job) -> None:
        """Run the step's action until it returns, fails, is out of time or is cancelled."""
        if (stop := self._commits.stop) is not None:
            raise Cancelled(stop.reason)
        log.info("running a step", extra={"job": job.root_uid, "step": step.name})
        context = StepContext(
            job=job,
            tree=self._tree,
            hold=partial(store.hold, tree=self._tree),
            look=self._commits.look_now_and_then,
            drivers=self._drivers,
            database=self._database,
            on_driver=self._uses,
            along=self._commits.along,
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

    def _uses(self, driver: str) -> None:
        self._commits.driver = driver

    def _say(self, job: Job, level: Level, text: str) -> None:
        self._commits.say(Message(job.uid, level, text))

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
            stop = self._commits.stop
            if stop is not None and stop.mode is CancelMode.NOW:
                raise Cancelled(stop.reason)
            await asyncio.sleep(commits.LOOK_PERIOD)
            try:
                async with self._database.reading() as tx:
                    await self._commits.look(tx)
            except StorageUnavailable as error:
                log.warning("waiting for the database", extra={"reason": str(error)})
