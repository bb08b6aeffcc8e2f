"""What holds for every job type that the server knows, on both databases."""

from contextlib import suppress
from functools import partial

import pytest

from clusterwright.app import REGISTRY
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.jobs import store
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import JobType
from clusterwright.jobs.store import Superseded
from clusterwright.jobs.tree import Tree
from tests.job_documents import flat, phases
from tests.jobs.bench import Bench

AT_REST = {ClusterPhase.AVAILABLE, ClusterPhase.HIBERNATION}
"""Where a cluster may be after a job that succeeded."""

every_job_type = pytest.mark.parametrize(
    "job_type", REGISTRY.types.values(), ids=lambda job_type: job_type.name
)


def contexts(bench: Bench, tree: Tree) -> list[StepContext]:
    """What each step of the tree is given, in the order of the tree."""
    return [
        StepContext(
            job=leaf,
            tree=tree,
            hold=partial(store.hold, tree=tree),
            look=partial(store.look, tree=tree),
            drivers=bench.drivers,
            database=bench.database,
        )
        for leaf in tree.leaves()
    ]


@every_job_type
async def test_no_step_changes_anything_for_a_worker_that_was_superseded(
    job_type: JobType, bench: Bench
) -> None:
    actions = {step.name: step.action for step in job_type.steps()}
    uid = await bench.submit(job_type.name)
    frozen, tree = await bench.take_over(uid), await bench.take_over(uid)

    for thawed, context in zip(contexts(bench, frozen), contexts(bench, tree), strict=True):
        before = await bench.rows()
        with suppress(Superseded):
            await actions[context.job.type](thawed)
        assert await bench.rows() == before

        await actions[context.job.type](context)
        after = await bench.rows()
        with suppress(Superseded):
            await actions[context.job.type](thawed)
        assert await bench.rows() == after


@every_job_type
async def test_every_step_can_be_repeated(job_type: JobType, bench: Bench) -> None:
    actions = {step.name: step.action for step in job_type.steps()}
    tree = await bench.take_over(await bench.submit(job_type.name))

    for context in contexts(bench, tree):
        await actions[context.job.type](context)
        after_once = await bench.rows()
        await actions[context.job.type](context)

        assert await bench.rows() == after_once


@every_job_type
async def test_the_whole_tree_can_be_read_before_anything_has_run(
    job_type: JobType, bench: Bench
) -> None:
    document = await bench.document(await bench.submit(job_type.name))

    names = {each["spec"]["type"] for each in flat(document)}
    assert names >= {job_type.name, *(step.name for step in job_type.steps())}
    assert set(phases(document).values()) == {"Initializing"}
    assert document["status"] == {"phase": "Initializing", "reason": ""}


@every_job_type
async def test_each_sub_job_reads_alike_by_its_own_id_and_in_its_parent_but_not_elsewhere(
    job_type: JobType, bench: Bench
) -> None:
    uid = await bench.submit(job_type.name)
    initial = await bench.document(uid)
    final = await bench.run(uid)

    for document in (initial, final):
        ids = [each["metadata"]["uid"] for each in flat(document)]
        assert len(set(ids)) == len(ids)
    for each in flat(final):
        assert await bench.document(each["metadata"]["uid"]) == each
        assert await bench.reader.read(each["metadata"]["uid"], project_id="f" * 32) is None


@every_job_type
async def test_every_job_succeeds_and_is_not_run_again(job_type: JobType, bench: Bench) -> None:
    uid = await bench.submit(job_type.name)
    document = await bench.run(uid)
    kept = await bench.rows(prefix="simulated_")

    assert await bench.run(uid) == document

    assert set(phases(document).values()) == {"Success"}
    assert document["status"]["reason"] == ""
    assert await bench.rows(prefix="simulated_") == kept
    cluster = await bench.cluster()
    assert cluster is None or cluster.phase in AT_REST
