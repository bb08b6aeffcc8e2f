"""A worker may die before or after any commit and any action; the next one ends its job."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from clusterwright.app import REGISTRY
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import JobType, Step
from clusterwright.jobs.store import Superseded
from clusterwright.jobs.tree import JobPhase
from tests.job_documents import Document, assert_moves_forward, phases
from tests.jobs.bench import Bench, changed, nothing

MOST_DEATHS = 6
"""Deaths of each job type that are tried; most job types have more points than that."""


class Killed(BaseException):
    """The process is dead: nothing catches this, and no other task gets past its next point."""


@dataclass
class Witness:
    """Counts the points where a worker may die, and remembers what it has seen."""

    bench: Bench
    uid: str
    dies_at: int = 0
    """The point that is the last; 0 is none."""
    points: int = 0
    acted: list[str] = field(default_factory=list)
    """The uid of a step's job, each time its action began."""
    reads: list[Document] = field(default_factory=list)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def point(self) -> None:
        """Read the job, as a client could right now, and maybe die."""
        async with self.reading:
            self.reads.append(await self.bench.document(self.uid))
        self.points += 1
        if self.dies_at and self.points >= self.dies_at:
            raise Killed

    def observed(self, step: Step) -> Step:
        """The step, watched."""

        async def action(context: StepContext) -> None:
            self.acted.append(context.job.uid)
            await self.point()
            await step.action(context)
            await self.point()

        return replace(step, action=action)


async def finished_steps(bench: Bench, uid: str) -> set[str]:
    """The steps of a job that are Success."""
    tree = await bench.take_over(uid)
    return {leaf.uid for leaf in tree.leaves() if leaf.phase is JobPhase.SUCCESS}


async def worker(bench: Bench, job_type: JobType, witness: Witness) -> bool:
    """Work on the witness's job until it has ended or the worker dies. Tells whether it died."""
    execution = await bench.execution(witness.uid, changed(job_type, witness.observed))
    others = asyncio.all_tasks()
    bench.database.at_commit = witness.point
    try:
        await execution.run()
    except Killed:
        return True
    except Superseded:
        # What goes on of a worker after its death finds that the job has ended.
        if not 0 < witness.dies_at <= witness.points:
            raise
        return True
    finally:
        async with asyncio.timeout(10):
            await asyncio.gather(*(asyncio.all_tasks() - others), return_exceptions=True)
        bench.database.at_commit = nothing
    return False


async def points(bench: Bench, job_type: JobType) -> int:
    """At how many points a worker of such a job may die."""
    witness = Witness(bench, await bench.submit(job_type.name))
    assert not await worker(bench, job_type, witness)
    return witness.points


def spread(number: int, most: int) -> list[int]:
    """Some of 1 to ``number``: the first, the last and others evenly between."""
    if number <= most:
        return list(range(1, number + 1))
    return [1 + place * (number - 1) // (most - 1) for place in range(most)]


# The rows differ from type to type, but not the commits: PostgreSQL is asked about a few.
@pytest.mark.parametrize(
    ("bench_url", "job_type"),
    [
        pytest.param(database, job_type, id=f"{database}-{job_type.name}")
        for database, names in (
            ("sqlite", list(REGISTRY.types)),
            ("postgresql", ["CreateCluster", "DeleteCluster", "ScaleupCluster", "MigrateNode"]),
        )
        for job_type in map(REGISTRY.types.__getitem__, names)
    ],
    indirect=["bench_url"],
)
async def test_wherever_a_worker_dies_the_next_one_ends_the_job(
    job_type: JobType, bench: Bench
) -> None:
    for dies_at in spread(await points(bench, job_type), MOST_DEATHS):
        uid = await bench.submit(job_type.name)
        first, second = Witness(bench, uid, dies_at=dies_at), Witness(bench, uid)

        await worker(bench, job_type, first)
        finished = await finished_steps(bench, uid)
        await worker(bench, job_type, second)

        document = await bench.document(uid)
        assert set(phases(document).values()) == {"Success"}
        assert finished.isdisjoint(second.acted), "a finished step ran again"
        assert len(set(second.acted)) == len(second.acted), "a step ran twice in one life"
        assert_moves_forward([*first.reads, *second.reads, document])
