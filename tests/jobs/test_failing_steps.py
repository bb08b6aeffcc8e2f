"""What becomes of a job, and of its resource, when a step of it fails or takes too long."""

import asyncio
from dataclasses import replace

import pytest

from clusterwright.app import REGISTRY
from clusterwright.cce.clusters.job_types import CREATE_CLUSTER
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.drivers.contract import Unavailable
from clusterwright.drivers.faults import Kind
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Branch, ForEach, JobType, Serial, Step
from clusterwright.jobs.tree import Job
from clusterwright.jobs.tries import UNFORESEEN_TRIES
from clusterwright.storage.database import StorageUnavailable, Tx
from tests.job_documents import Document, flat, phases
from tests.jobs.bench import TIMES, Bench, changed, with_action

every_step = pytest.mark.parametrize(
    ("job_type", "step"),
    [
        pytest.param(job_type, step.name, id=f"{job_type.name}-{step.name}")
        for job_type in REGISTRY.types.values()
        for step in job_type.steps()
    ],
)

a_step = pytest.mark.parametrize("step", [step.name for step in CREATE_CLUSTER.steps()])
"""For what the engine does with any step."""

STEADY = {ClusterPhase.AVAILABLE, ClusterPhase.ERROR}
"""Where a cluster may be when no job works on it."""


def names(node: Branch | ForEach) -> list[str]:
    """The steps below a node."""
    if isinstance(node, Step):
        return [node.name]
    members = (node.member,) if isinstance(node, ForEach) else node.members
    return [name for member in members for name in names(member)]


def later(node: Branch | ForEach, step: str) -> set[str]:
    """The steps that wait for ``step``."""
    if isinstance(node, Step):
        return set()
    members = (node.member,) if isinstance(node, ForEach) else node.members
    found: set[str] = set()
    for place, member in enumerate(members):
        if step in names(member):
            found |= later(member, step)
            if isinstance(node, Serial):
                found |= {name for rest in members[place + 1 :] for name in names(rest)}
    return found


def leaves(document: Document) -> list[Document]:
    return [each for each in flat(document) if "subJobs" not in each["spec"]]


async def assert_settled_and_deletable(bench: Bench, reason: str) -> None:
    """Make sure that the cluster of a failed job is at rest, and can be deleted completely."""
    cluster = await bench.cluster()
    assert cluster is not None
    assert cluster.phase in STEADY
    assert cluster.phase is not ClusterPhase.ERROR or cluster.reason == reason
    deletion = await bench.run(await bench.delete_cluster())
    assert set(phases(deletion).values()) == {"Success"}
    assert await bench.cluster() is None
    assert await bench.leftovers() == {}


@every_step
async def test_a_fault_fails_its_step_what_waits_for_it_and_the_job_but_not_a_deletion(
    job_type: JobType, step: str, bench: Bench
) -> None:
    uid = await bench.submit(job_type.name)
    reason = await bench.arm(step)

    document = await bench.run(uid)

    assert await bench.disarm() > 0, f"{step} asks no driver"
    assert document["status"] == {"phase": "Failed", "reason": reason}
    waiting = later(job_type.root, step)
    for leaf in leaves(document):
        name = leaf["spec"]["type"]
        if name == step:
            assert leaf["status"] == {"phase": "Failed", "reason": reason}
        elif name in waiting:
            blocked_by = f"Not started, because {step} failed."
            assert leaf["status"] == {"phase": "Failed", "reason": blocked_by}
        else:
            assert leaf["status"] == {"phase": "Success"}
    for parent in flat(document):
        below = parent["spec"].get("subJobs", ())
        if any(child["status"]["phase"] == "Failed" for child in below):
            assert parent["status"]["phase"] == "Failed"
    await assert_settled_and_deletable(bench, reason)


@pytest.mark.parametrize("bench_url", ["sqlite"], indirect=True)
@every_step
async def test_a_driver_that_is_unavailable_for_a_while_is_asked_again(
    job_type: JobType, step: str, bench: Bench
) -> None:
    uid = await bench.submit(job_type.name)
    await bench.arm(step, Kind.UNAVAILABLE, times=2)

    document = await bench.run(uid)

    assert await bench.disarm() == TIMES, f"{step} asks no driver"
    assert set(phases(document).values()) == {"Success"}
    assert document["status"]["reason"] == ""


@a_step
async def test_a_job_that_fails_is_settled_once_and_nothing_is_written_after_that(
    step: str, bench: Bench
) -> None:
    commits: list[str] = []

    async def commit() -> None:
        commits.append("commit")

    async def settle(tx: Tx, job: Job) -> None:
        commits.append("settled")
        await CREATE_CLUSTER.settle(tx, job)

    uid = await bench.submit(CREATE_CLUSTER.name)
    await bench.arm(step)
    bench.database.at_commit = commit

    document = await bench.run(uid, replace(CREATE_CLUSTER, settle=settle))

    assert document["status"]["phase"] == "Failed"
    assert commits[commits.index("settled") :] == ["settled", "commit", "commit"]


async def never(context: StepContext) -> None:
    """A step that waits for ever."""
    await asyncio.Event().wait()


@a_step
async def test_a_step_that_takes_too_long_fails_and_says_how_long_it_had(
    step: str, bench: Bench
) -> None:
    uid = await bench.submit(CREATE_CLUSTER.name)

    document = await bench.run(uid, with_action(CREATE_CLUSTER, step, never, timeout=0.1))

    reason = f"{step} did not finish within 0.1 seconds."
    assert document["status"] == {"phase": "Failed", "reason": reason}
    assert {"phase": "Failed", "reason": reason} in [leaf["status"] for leaf in leaves(document)]


async def test_a_step_that_was_refused_until_time_was_up_names_the_last_trouble(
    bench: Bench,
) -> None:
    async def refuse(context: StepContext) -> None:
        raise Unavailable("The zone is full.")

    uid = await bench.submit(CREATE_CLUSTER.name)

    document = await bench.run(
        uid, with_action(CREATE_CLUSTER, "InstallMaster", refuse, timeout=0.1)
    )

    assert document["status"]["reason"] == (
        "InstallMaster did not finish within 0.1 seconds. The last trouble was: The zone is full."
    )


async def test_a_job_waits_out_an_outage_that_is_longer_than_a_step_may_take(bench: Bench) -> None:
    outage, tries = bench.database.outages[0], 0

    async def write(context: StepContext) -> None:
        nonlocal tries
        tries += 1
        if tries < 5:
            outage.begin()
            await asyncio.sleep(0.2)
            raise StorageUnavailable("The server is starting up.")
        outage.end()

    uid = await bench.submit(CREATE_CLUSTER.name)

    document = await bench.run(
        uid, with_action(CREATE_CLUSTER, "InstallMaster", write, timeout=0.5)
    )

    assert document["status"]["phase"] == "Success"


async def test_an_outage_counts_where_the_step_says_so(bench: Bench) -> None:
    async def write(context: StepContext) -> None:
        bench.database.outages[0].begin()
        raise StorageUnavailable("The server is starting up.")

    uid = await bench.submit(CREATE_CLUSTER.name)
    patient = with_action(CREATE_CLUSTER, "InstallMaster", write, timeout=0.2)

    document = await bench.run(
        uid, changed(patient, lambda step: replace(step, outages_count=True))
    )

    assert document["status"]["reason"] == (
        "InstallMaster did not finish within 0.2 seconds."
        " The last trouble was: The server is starting up."
    )


@a_step
async def test_an_error_that_passes_is_no_failure(
    step: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    [original] = [each.action for each in CREATE_CLUSTER.steps() if each.name == step]
    stumbles = UNFORESEEN_TRIES - 1

    async def stumble(context: StepContext) -> None:
        nonlocal stumbles
        if stumbles:
            stumbles -= 1
            raise ZeroDivisionError("a moment's trouble")
        await original(context)

    uid = await bench.submit(CREATE_CLUSTER.name)

    document = await bench.run(uid, with_action(CREATE_CLUSTER, step, stumble))

    assert set(phases(document).values()) == {"Success"}
    assert caplog.text.count("meeting an internal error in a step") == UNFORESEEN_TRIES - 1


@a_step
async def test_an_error_that_nobody_foresaw_fails_the_job_without_showing_its_text(
    step: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async def stumble(context: StepContext) -> None:
        raise ZeroDivisionError("secret detail")

    uid = await bench.submit(CREATE_CLUSTER.name)

    document = await bench.run(uid, with_action(CREATE_CLUSTER, step, stumble))

    reason = f"Internal error in {step}. Look for job {uid} in the log."
    assert document["status"] == {"phase": "Failed", "reason": reason}
    assert "secret detail" in caplog.text
