"""What jobs of this installation have taken, by type, driver and step: for estimates.

The newest of each are kept, as one small row that a chore writes now and then. A process that dies
loses the last seconds of this, and nobody minds.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from clusterwright.jobs.plan import JobType
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Database, Tx, metadata
from clusterwright.supervision import Chore

KEPT = 100
"""Durations of one kind."""
OF_ONE_JOB = 10
"""Durations of one step that one job adds, however many copies of it there are."""
FEWEST = 3
"""Durations from which something may be said."""
FEWEST_FOR_SLOW = 10
PERIOD = 10.0
"""Seconds between two writings."""
WHOLE = ""
"""The name of the step that is the whole job."""
_LEAST_WEIGHT = 0.001

Kind = tuple[str, str, str]
"""Type of the top job, driver, and step."""

job_durations = sa.Table(
    "job_durations",
    metadata,
    sa.Column("job_type", sa.String(64), primary_key=True),
    sa.Column("driver", sa.String(32), primary_key=True),
    sa.Column("step", sa.String(64), primary_key=True),
    sa.Column("seconds", sa.JSON, nullable=False),
)
_ROW = (
    job_durations.c.job_type == sa.bindparam("of_type"),
    job_durations.c.driver == sa.bindparam("of_driver"),
    job_durations.c.step == sa.bindparam("of_step"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What jobs or steps of one kind have taken, in seconds."""

    ordered: tuple[float, ...]

    def share(self, part: float) -> float:
        """The seconds within which so much of them had ended."""
        return self.ordered[max(ceil(part * len(self.ordered)) - 1, 0)]

    @property
    def p50(self) -> float:
        """Half of them took no longer."""
        return self.share(0.5)

    @property
    def p90(self) -> float:
        """Nine of ten took no longer."""
        return self.share(0.9)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.ordered)

    def is_slow(self, seconds: float) -> bool:
        """Whether so long is longer than 19 of 20 took."""
        return self.count >= FEWEST_FOR_SLOW and seconds > self.share(0.95)

    def remaining(self, seconds: float) -> float | None:
        """How long is left after so long, if it is like the others; None beyond nine of ten."""
        place = bisect_left((self.p50, self.p90), seconds)
        return None if place == 2 else (self.p50, self.p90)[place] - seconds


class Durations:
    """What is known of durations, in memory, and what is to be written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[Kind, Sample] = {}
        self._new: defaultdict[Kind, list[float]] = defaultdict(list)
        self._loaded = False

    def chore(self) -> Chore:
        """What must be done now and then."""
        return Chore("durations of jobs", self.write, PERIOD)

    def of(self, job_type: str, driver: str | None, step: str = WHOLE) -> Sample | None:
        """What is known of a kind of job, or of a step of it; None where that is too little."""
        found = self._known.get((job_type, driver or "", step))
        return found if found and found.count >= FEWEST else None

    def weights(self, job_type: JobType, driver: str) -> Mapping[str, float]:
        """How much of a job each of its steps is, as far as that is known."""
        known = {
            step.name: max(sample.p50, _LEAST_WEIGHT)
            for step in job_type.steps()
            if (sample := self.of(job_type.name, driver, step.name))
        }
        if not known:
            return {}
        usual = sum(known.values()) / len(known)
        return {step.name: known.get(step.name, usual) for step in job_type.steps()}

    def note(self, jobs: Sequence[Job], driver: str) -> None:
        """Remember a tree that has ended, if nothing in it went wrong or was done before."""
        root = jobs[0]
        if root.phase is not JobPhase.SUCCESS or root.attempt > 1:
            return
        steps: defaultdict[str, list[Job]] = defaultdict(list)
        for job in jobs[1:]:
            steps[job.type].append(job)
        steps[WHOLE] = [root]
        for name, copies in steps.items():
            every = -(-len(copies) // OF_ONE_JOB)
            self._new[root.type, driver, name] += _seconds(copies[::every])

    async def write(self) -> None:
        """Write what is new, and read what other processes have written."""
        if self._new or not self._loaded:
            new, self._new = self._new, defaultdict(list)
            try:
                async with self._database.transaction() as tx:
                    await _add(tx, new)
            except BaseException:
                for kind, seconds in new.items():
                    self._new[kind] += seconds
                raise
        elif self._database.is_sqlite:
            return
        async with self._database.reading() as tx:
            rows = (await tx.execute(sa.select(job_durations))).all()
        self._known = {
            (row.job_type, row.driver, row.step): Sample(tuple(sorted(row.seconds))) for row in rows
        }
        self._loaded = True


def _seconds(jobs: Iterable[Job]) -> list[float]:
    return [
        round((job.ended_at - job.started_at) / 1e9, 3)
        for job in jobs
        if job.started_at is not None and job.ended_at is not None
    ]


async def _add(tx: Tx, new: Mapping[Kind, list[float]]) -> None:
    insert = (sqlite.insert if tx.is_sqlite else postgresql.insert)(job_durations)
    for kind in sorted(new):  # in one order, as rows are locked
        job_type, driver, step = kind
        names = {"job_type": job_type, "driver": driver, "step": step}
        await tx.execute(insert.on_conflict_do_nothing(), names | {"seconds": []})
        where = {"of_type": job_type, "of_driver": driver, "of_step": step}
        before = await tx.execute(
            sa.select(job_durations.c.seconds).where(*_ROW).with_for_update(), where
        )
        seconds = [*before.scalar_one(), *new[kind]][-KEPT:]
        await tx.execute(
            sa.update(job_durations).where(*_ROW).values(seconds=sa.bindparam("kept")),
            where | {"kept": seconds},
        )
        await asyncio.sleep(0)
