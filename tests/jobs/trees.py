"""Random job types, for properties that hold for every tree one could declare."""

from collections.abc import Mapping, Sequence
from itertools import count

from hypothesis import strategies as st

from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import (
    Action,
    Branch,
    ForEach,
    JobType,
    Member,
    Parallel,
    Request,
    Serial,
    Step,
    unfold,
)
from clusterwright.jobs.tree import Job, JobPhase, Target
from clusterwright.storage.database import Tx

GROUPS: Mapping[str, tuple[Target, ...]] = {
    "one": (Target("r1"),),
    "three": tuple(Target(f"r{number}", f"name-{number}") for number in (1, 2, 3)),
}


async def idle(context: StepContext) -> None:
    """An action that has nothing to do."""


async def unsettled(tx: Tx, job: Job) -> None:
    """A settlement of no resource."""


@st.composite
def job_types(draw: st.DrawFn, action: Action = idle) -> JobType:
    """A job type of up to four levels. Every node has a name of its own."""
    numbers = count(1)

    def node(depth: int, *, leaf_allowed: bool = True) -> Branch:
        name = f"J{next(numbers)}"
        if leaf_allowed and (depth == 0 or draw(st.booleans())):
            return Step(name, action, timeout=5, names_resource=draw(st.booleans()))
        kind = Serial if draw(st.booleans()) else Parallel
        return kind(name, tuple(member(depth - 1) for _ in range(draw(st.integers(1, 3)))))

    def member(depth: int) -> Member:
        below = node(max(depth, 0))
        return (
            ForEach(draw(st.sampled_from(sorted(GROUPS))), below) if draw(st.booleans()) else below
        )

    root = node(3, leaf_allowed=False)
    assert not isinstance(root, Step)
    return JobType(root, settle=unsettled)


def request(job_type: JobType, groups: Mapping[str, tuple[Target, ...]] = GROUPS) -> Request:
    """A request for a job of this type."""
    return Request(
        job_type=job_type,
        project_id="0" * 32,
        cluster_uid="c1",
        target=Target("c1", "demo", {"serverID": "s1"}),
        groups=groups,
    )


def unfolded(job_type: JobType, *, now: int = 1) -> list[Job]:
    """The rows of a job of this type, with ids that tell the order of their making."""
    numbers = count(1)
    return list(unfold(request(job_type), new_uid=lambda: f"u{next(numbers)}", now=now))


def children(jobs: Sequence[Job], parent: Job) -> list[Job]:
    """The jobs right below one."""
    return [job for job in jobs if job.parent_uid == parent.uid]


def first_failure(jobs: Sequence[Job], parent: Job) -> Job | None:
    """The step anywhere below a job that failed first; of several at a time, the one on top."""
    failed = [
        below if not children(jobs, below) else first_failure(jobs, below)
        for below in children(jobs, parent)
    ]
    steps = [step for step in failed if step is not None and step.phase is JobPhase.FAILED]
    return min(steps, key=lambda step: (step.updated_at, step.position), default=None)
