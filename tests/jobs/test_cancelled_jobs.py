"""A cluster may be deleted while a job works on it: that job stops, and the deletion goes on."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from clusterwright.app import REGISTRY
from clusterwright.cce.clusters.job_types import DELETE_CLUSTER
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.cce.lifecycle.job_types import HIBERNATE_CLUSTER
from clusterwright.cce.nodes.job_types import ADD_NODE, MIGRATE_NODE, RESET_NODE, SCALEUP_CLUSTER
from clusterwright.cce.upkeep.job_types import MIGRATE_IN_PLACE
from clusterwright.jobs import events
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import JobType, Step
from clusterwright.jobs.tree import JobPhase
from tests.job_documents import flat, phases
from tests.jobs.bench import Bench, changed

REASON = "The cluster is being deleted."

NOT_CANCELLED = (
    DELETE_CLUSTER,
    SCALEUP_CLUSTER,
    ADD_NODE,
    RESET_NODE,
    MIGRATE_NODE,
    MIGRATE_IN_PLACE,
    HIBERNATE_CLUSTER,
)
"""A cluster is not deleted while nodes are being installed in it, nor while it goes to sleep (API
reference, 4.7).
"""

every_other_job_type = pytest.mark.parametrize(
    "job_type",
    [job_type for job_type in REGISTRY.types.values() if job_type not in NOT_CANCELLED],
    ids=lambda job_type: job_type.name,
)


@every_other_job_type
async def test_a_job_stops_in_the_middle_of_a_step_when_its_cluster_is_deleted(
    job_type: JobType, bench: Bench
) -> None:
    reached = asyncio.Event()

    def endless(step: Step) -> Step:
        async def action(context: StepContext) -> None:
            reached.set()
            await asyncio.Event().wait()

        return replace(step, action=action)

    uid = await bench.submit(job_type.name)
    working = asyncio.create_task(bench.run(uid, changed(job_type, endless)))
    await reached.wait()
    deletion = await bench.delete_cluster()

    document = await working

    assert document["status"] == {"phase": "Failed", "reason": REASON}
    assert not set(phases(document).values()) & {"Initializing", "Running"}
    cluster = await bench.cluster()
    assert cluster is not None
    assert cluster.phase is ClusterPhase.DELETING
    assert set(phases(await bench.run(deletion)).values()) == {"Success"}
    assert await bench.cluster() is None
    assert await bench.leftovers() == {}


@every_other_job_type
async def test_a_job_whose_cluster_is_deleted_first_runs_no_step(
    job_type: JobType, bench: Bench
) -> None:
    acted: list[str] = []

    def noted(step: Step) -> Step:
        async def action(context: StepContext) -> None:
            acted.append(step.name)

        return replace(step, action=action)

    uid = await bench.submit(job_type.name)
    deletion = await bench.delete_cluster()

    document = await bench.run(uid, changed(job_type, noted))

    assert acted == []
    assert set(phases(document).values()) == {"Failed"}
    assert document["status"]["reason"] == REASON
    assert set(phases(await bench.run(deletion)).values()) == {"Success"}
    assert await bench.cluster() is None


async def test_every_job_of_a_deleted_cluster_is_told_that_it_is_to_stop_and_then_its_end(
    bench: Bench,
) -> None:
    uid = await bench.submit("CreateCluster")
    deletion = await bench.delete_cluster()

    async with bench.database.reading() as tx:
        asked = (await events.of_tree(tx, uid, after=0, limit=100))[-1]
    await bench.run(uid)
    await bench.run(deletion)
    async with bench.database.reading() as tx:
        told = await events.of_tree(tx, uid, after=0, limit=100)

    assert msgspec.json.decode(asked.data)["messages"] == [
        {"uid": uid, "level": "warning", "text": f"Asked to stop now: {REASON}"}
    ]
    assert [event.revision for event in told] == list(range(1, len(told) + 1))
    assert told[-1].phase is JobPhase.FAILED


async def test_a_job_that_has_ended_keeps_its_end_when_its_cluster_is_deleted(
    bench: Bench,
) -> None:
    uid = await bench.submit("CreateCluster")
    created = await bench.run(uid)

    await bench.run(await bench.delete_cluster())

    assert await bench.document(uid) == created
    assert all(each["status"]["phase"] == "Success" for each in flat(created))
