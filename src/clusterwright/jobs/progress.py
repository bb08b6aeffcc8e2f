"""A job tree in motion: leaves change, and their parents follow.

Only leaves have a state of their own. What a parent must know of its children is counted, so a
change costs what it touches and not the whole tree: a job on 2,000 nodes has 8,001 jobs and changes
thousands of times.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

from clusterwright.jobs.tree import Change, Job, JobPhase, Tree

_NEARLY = 0.999
"""The most that is done of a job that has not succeeded."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """A step that failed, ordered by when, then by place."""

    updated_at: int
    position: int
    reason: str
    cause: Mapping[str, Any] | None

    def or_earlier(self, other: "_Failure | None") -> "_Failure":
        """Whichever of the two came first."""
        if other is None:
            return self
        return min(self, other, key=lambda one: (one.updated_at, one.position))


@dataclass(frozen=True, slots=True)
class _Children:
    """What a parent follows: how many of its children have not ended, and what failed first below.

    That a step below a child has failed counts once the child has ended, if not before.
    """

    open: int = 0
    failure: _Failure | None = None

    def having(
        self, new: Job, old: Job | None = None, *, below: _Failure | None = None
    ) -> "_Children":
        """The same with ``new`` in the place of ``old``, or as one more child.

        ``below`` is the failure that ``new`` has from its own children, which came before its own.
        """
        ended = old is not None and not old.phase.is_final and new.phase.is_final
        begun = old is None and not new.phase.is_final
        failure = self.failure
        if new.phase is JobPhase.FAILED and ended:
            failure = (below or _failure(new)).or_earlier(failure)
        return _Children(self.open + begun - ended, failure)


def _failure(job: Job) -> _Failure:
    return _Failure(job.updated_at, job.position, job.reason, job.cause)


@dataclass(frozen=True, slots=True)
class Advance:
    """What some changes do to a tree."""

    jobs: Sequence[Job]
    """As they will be, in stored order: leaves, and parents that follow."""
    children: Mapping[int, _Children]


class Progress:
    """The jobs of one tree, added in stored order, as they are now."""

    def __init__(
        self, jobs: Iterable[Job] = (), *, weights: Mapping[str, float] | None = None
    ) -> None:
        """``weights`` tell how much of the whole a step is, by its type; 1 where they do not."""
        self.jobs: list[Job] = []
        self._weights = weights or {}
        self._weight = self._done = 0.0
        self._positions: dict[str, int] = {}
        self._parents: list[int | None] = []
        self._children: dict[int, _Children] = {}
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        """Know one more job; its parent is known already."""
        parent = None if job.parent_uid is None else self._positions[job.parent_uid]
        if parent is not None:
            if parent not in self._children:  # it has been taken for a leaf
                self._count(self.jobs[parent], -1)
            self._children[parent] = self._children.get(parent, _Children()).having(job)
            if job.phase is JobPhase.FAILED:
                self._tell(parent, _failure(job))
        self._count(job, 1)
        self._positions[job.uid] = len(self.jobs)
        self._parents.append(parent)
        self.jobs.append(job)

    def _tell(self, place: int | None, failure: _Failure) -> None:
        """Let a parent and all above it know of a failure that is older than this object.

        A branch has ended when the last of its steps has, which may be long after the first failed.
        """
        while place is not None:
            known = self._children[place]
            self._children[place] = replace(known, failure=failure.or_earlier(known.failure))
            place = self._parents[place]

    def _count(self, job: Job, times: int) -> None:
        weight = times * self._weights.get(job.type, 1.0)
        self._weight += weight
        if job.phase is JobPhase.SUCCESS:
            self._done += weight

    @property
    def root(self) -> Job:
        """The top job."""
        return self.jobs[0]

    def share(self, advance: "Advance") -> float:
        """How much of the whole has succeeded after ``advance``, from 0 to 1.

        That is 1 only in the end.
        """
        root = advance.jobs[0] if advance.jobs else self.root
        if root.phase is JobPhase.SUCCESS:
            return 1.0
        done = self._done + self._succeeding(advance)
        return min(max(done / self._weight, 0.0), _NEARLY)

    def _succeeding(self, advance: "Advance") -> float:
        return sum(
            self._weights.get(job.type, 1.0)
            for job in advance.jobs
            if job.phase is JobPhase.SUCCESS and job.position not in self._children
        )

    def after(self, changes: Iterable[Change], now: int) -> Advance:
        """What ``changes`` to leaves would do, which ``take`` then does.

        Changes that go back are ignored.
        """
        moved: dict[int, Job] = {}
        for change in changes:
            place = self._positions[change.uid]
            leaf = moved.get(place, self.jobs[place])
            if leaf.phase.may_become(change.phase):
                moved[place] = _moved(leaf, change.phase, change.reason, change.cause, now)
        children: dict[int, _Children] = {}
        # Stored depth first, so children come after their parents: the last place goes first.
        places = [-place for place in moved]
        heapify(places)
        while places:
            place = -heappop(places)
            if place in children:
                moved[place] = _follow(self.jobs[place], children[place], now)
            parent = self._parents[place]
            if parent is not None:
                if parent not in children:
                    heappush(places, -parent)
                known = children.get(parent, self._children[parent])
                below = children[place].failure if place in children else None
                children[parent] = known.having(moved[place], self.jobs[place], below=below)
        return Advance([moved[place] for place in sorted(moved)], children)

    def in_new_phases(self, advance: Advance) -> list[Job]:
        """The jobs whose phase is another one after ``advance``; others have only been touched."""
        return [job for job in advance.jobs if job.phase is not self.jobs[job.position].phase]

    def take(self, advance: Advance) -> None:
        """Be as ``after`` has told, which must have been asked since the last ``take``."""
        self._done += self._succeeding(advance)
        for job in advance.jobs:
            self.jobs[job.position] = job
        self._children |= advance.children


def _follow(parent: Job, children: _Children, now: int) -> Job:
    """``parent`` as its children have it: ended when all have ended, failed when one has failed."""
    updated = max(parent.updated_at, now)
    if children.open:
        return _moved(parent, JobPhase.RUNNING, parent.reason, None, updated)
    failure = children.failure
    if failure is None:
        return _moved(parent, JobPhase.SUCCESS, parent.reason, None, updated)
    return _moved(parent, JobPhase.FAILED, failure.reason, failure.cause, updated)


def _moved(
    job: Job, phase: JobPhase, reason: str, cause: Mapping[str, Any] | None, now: int
) -> Job:
    """``job`` in a later phase, with the times that go with it."""
    started = job.started_at
    if started is None and phase is not JobPhase.FAILED:
        started = now
    return replace(
        job,
        phase=phase,
        reason=reason,
        cause=cause,
        updated_at=now,
        started_at=started,
        ended_at=max(now, started or now) if phase.is_final else None,
    )


def apply(tree: Tree, changes: Iterable[Change], now: int) -> Tree:
    """The tree after ``changes`` to leaves, its parents following.

    Changes that go back are ignored.
    """
    progress = Progress(tree.jobs)
    progress.take(progress.after(changes, now))
    return replace(tree, jobs=tuple(progress.jobs))
