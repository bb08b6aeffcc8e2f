"""A job tree in motion: leaves change, and their parents follow.

Only leaves have a state of their own. What a parent must know of its children is counted, so a
change costs what it touches and not the whole tree: a job on 2,000 nodes has 8,001 jobs and changes
thousands of times.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from clusterwright.jobs.tree import Change, Job, JobPhase, Tree


@dataclass(frozen=True, slots=True)
class _Failure:
    """A child that failed, ordered by when, then by place."""

    updated_at: int
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Children:
    """What a parent follows: how many of its children have not ended, and the first that failed."""

    open: int = 0
    failure: _Failure | None = None

    def having(self, new: Job, old: Job | None = None) -> "_Children":
        """The same with ``new`` in the place of ``old``, or as one more child."""
        ended = old is not None and not old.phase.is_final and new.phase.is_final
        begun = old is None and not new.phase.is_final
        failure = self.failure
        if new.phase is JobPhase.FAILED and (ended or old is None):
            found = _Failure(new.updated_at, new.position, new.reason)
            failure = min(failure or found, found, key=lambda one: (one.updated_at, one.position))
        return _Children(self.open + begun - ended, failure)


@dataclass(frozen=True, slots=True)
class Advance:
    """What some changes do to a tree."""

    jobs: Sequence[Job]
    """As they will be, in stored order: leaves, and parents that follow."""
    children: Mapping[int, _Children]


class Progress:
    """The jobs of one tree, added in stored order, as they are now."""

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self.jobs: list[Job] = []
        self._positions: dict[str, int] = {}
        self._parents: list[int | None] = []
        self._children: dict[int, _Children] = {}
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        """Know one more job; its parent is known already."""
        parent = None if job.parent_uid is None else self._positions[job.parent_uid]
        if parent is not None:
            self._children[parent] = self._children.get(parent, _Children()).having(job)
        self._positions[job.uid] = len(self.jobs)
        self._parents.append(parent)
        self.jobs.append(job)

    @property
    def root(self) -> Job:
        """The top job."""
        return self.jobs[0]

    def after(self, changes: Iterable[Change], now: int) -> Advance:
        """What ``changes`` to leaves would do, which ``take`` then does.

        Changes that go back are ignored.
        """
        moved: dict[int, Job] = {}
        for change in changes:
            place = self._positions[change.uid]
            leaf = moved.get(place, self.jobs[place])
            if leaf.phase.may_become(change.phase):
                moved[place] = replace(
                    leaf, phase=change.phase, reason=change.reason, updated_at=now
                )
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
                children[parent] = known.having(moved[place], self.jobs[place])
        return Advance([moved[place] for place in sorted(moved)], children)

    def take(self, advance: Advance) -> None:
        """Be as ``after`` has told, which must have been asked since the last ``take``."""
        for job in advance.jobs:
            self.jobs[job.position] = job
        self._children |= advance.children


def _follow(parent: Job, children: _Children, now: int) -> Job:
    """``parent`` as its children have it: ended when all have ended, failed when one has failed."""
    updated = max(parent.updated_at, now)
    if children.open:
        return replace(parent, phase=JobPhase.RUNNING, updated_at=updated)
    if children.failure is None:
        return replace(parent, phase=JobPhase.SUCCESS, updated_at=updated)
    reason = children.failure.reason
    return replace(parent, phase=JobPhase.FAILED, reason=reason, updated_at=updated)


def apply(tree: Tree, changes: Iterable[Change], now: int) -> Tree:
    """The tree after ``changes`` to leaves, its parents following.

    Changes that go back are ignored.
    """
    progress = Progress(tree.jobs)
    progress.take(progress.after(changes, now))
    return replace(tree, jobs=tuple(progress.jobs))
