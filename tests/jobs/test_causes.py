"""A job that failed tells the first thing that went wrong, whose it is, and what to do next."""

import asyncio
from collections import Counter

import pytest

from clusterwright.app import REGISTRY
from clusterwright.cce.clusters.job_types import CREATE_CLUSTER
from clusterwright.drivers import causes, faults
from clusterwright.drivers.causes import FAULTS, Blame, Cause
from clusterwright.drivers.faults import FaultRequest
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import JobType
from clusterwright.jobs.tree import Job, Tree
from tests.jobs.bench import Bench, with_action

pytestmark = pytest.mark.parametrize("bench_url", ["sqlite"], indirect=True)

KNOWN = {name: each for name, each in vars(causes).items() if isinstance(each, Cause)}


def failed_first(tree: Tree) -> Job:
    """The step that failed first."""
    leaves = [leaf for leaf in tree.leaves() if leaf.cause]
    return min(leaves, key=lambda leaf: (leaf.updated_at, leaf.position))


def told(step: Job, message: str, cause: Cause) -> dict[str, object]:
    """The cause as clients read it."""
    return {
        "step": step.uid,
        "stepType": step.type,
        "class": cause.blame,
        "code": cause.code,
        "message": message,
        "action": cause.action,
        "retryable": cause.retryable,
    }


@pytest.mark.parametrize(
    ("job_type", "step"),
    [
        pytest.param(job_type, step.name, id=f"{job_type.name}-{step.name}")
        for job_type in REGISTRY.types.values()
        for step in job_type.steps()
    ],
)
async def test_the_first_failing_step_is_the_cause_of_its_job(
    job_type: JobType, step: str, bench: Bench
) -> None:
    uid = await bench.submit(job_type.name)
    reason = await bench.arm(step)

    document = await bench.run(uid)

    tree = await bench.take_over(uid)
    first = failed_first(tree)
    assert first.type == step
    assert first.cause == tree.root.cause == told(first, reason, FAULTS[Blame.PROVIDER])
    assert document["status"]["reason"] == reason
    waiting = [leaf for leaf in tree.leaves() if leaf.reason.startswith("Not started")]
    assert [leaf.cause for leaf in waiting] == [None] * len(waiting)


@pytest.mark.parametrize("blame", Blame)
async def test_a_fault_can_be_of_any_class(blame: Blame, bench: Bench) -> None:
    uid = await bench.submit("CreateCluster")
    asked = FaultRequest(step="InstallMaster", reason="No.", blame=blame)
    async with bench.database.transaction() as tx:
        await faults.add(tx, asked)

    await bench.run(uid)

    tree = await bench.take_over(uid)
    assert tree.root.cause == told(failed_first(tree), "No.", FAULTS[blame])
    assert tree.root.cause["class"] == blame


async def test_time_that_is_up_is_a_cause(bench: Bench) -> None:
    async def never(context: StepContext) -> None:
        await asyncio.Event().wait()

    uid = await bench.submit("CreateCluster")
    impatient = with_action(CREATE_CLUSTER, "InstallMaster", never, timeout=0.1)

    document = await bench.run(uid, impatient)

    tree = await bench.take_over(uid)
    reason = document["status"]["reason"]
    assert tree.root.cause == told(failed_first(tree), reason, causes.STEP_TIMEOUT)


async def test_an_error_that_nobody_foresaw_is_a_cause_that_names_no_detail(bench: Bench) -> None:
    async def stumble(context: StepContext) -> None:
        raise ZeroDivisionError("secret detail")

    uid = await bench.submit("CreateCluster")

    document = await bench.run(uid, with_action(CREATE_CLUSTER, "InstallMaster", stumble))

    tree = await bench.take_over(uid)
    reason = document["status"]["reason"]
    assert tree.root.cause == told(failed_first(tree), reason, causes.INTERNAL_ERROR)
    assert "secret detail" not in str(tree.root.cause)


async def test_a_deletion_is_the_cause_of_what_it_stops(bench: Bench) -> None:
    uid = await bench.submit("CreateCluster")
    await bench.delete_cluster()

    await bench.run(uid)

    tree = await bench.take_over(uid)
    reason = "The cluster is being deleted."
    assert tree.root.cause == told(failed_first(tree), reason, causes.CANCELLED)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_cause_says_in_one_sentence_what_to_do(bench_url: str, name: str) -> None:
    cause = KNOWN[name]

    assert cause.action.endswith(".")
    assert cause.action[:-1].count(". ") == 0
    assert cause.code.isalpha()
    assert Counter(each.code for each in KNOWN.values())[cause.code] == 1
