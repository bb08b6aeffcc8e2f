"""Only the worker that took a tree over last may change it; the others find out and stop."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from clusterwright.cce.clusters.job_types import CREATE_CLUSTER
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Step
from clusterwright.jobs.store import Superseded
from clusterwright.jobs.tree import Job
from clusterwright.storage.database import StorageUnavailable, Tx
from tests.job_documents import phases
from tests.jobs.bench import Bench, changed


async def test_a_worker_whose_job_was_taken_over_changes_nothing(bench: Bench) -> None:
    uid = await bench.submit(CREATE_CLUSTER.name)
    slow = await bench.execution(uid)
    await bench.take_over(uid)
    before = await bench.rows()

    with pytest.raises(Superseded):
        await slow.run()

    assert await bench.rows() == before


async def test_a_worker_that_is_overtaken_in_the_middle_of_a_step_changes_nothing_more(
    bench: Bench,
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    def slowed(step: Step) -> Step:
        async def action(context: StepContext) -> None:
            reached.set()
            await go_on.wait()

        return replace(step, action=action)

    uid = await bench.submit(CREATE_CLUSTER.name)
    slow = asyncio.create_task((await bench.execution(uid, changed(CREATE_CLUSTER, slowed))).run())
    await reached.wait()
    document = await bench.run(uid)
    before = await bench.rows()
    go_on.set()

    with pytest.raises(Superseded):
        await slow

    assert await bench.rows() == before
    assert set(phases(document).values()) == {"Success"}


async def test_of_two_workers_that_start_together_one_ends_the_job(bench: Bench) -> None:
    uid = await bench.submit(CREATE_CLUSTER.name)
    executions = [await bench.execution(uid), await bench.execution(uid)]

    outcomes = await asyncio.gather(
        *(execution.run() for execution in executions), return_exceptions=True
    )

    assert isinstance(outcomes[0], Superseded)
    assert outcomes[1] is None
    assert set(phases(await bench.document(uid)).values()) == {"Success"}


async def test_an_end_whose_commit_got_no_answer_is_not_written_again(bench: Bench) -> None:
    settled, lost = 0, False

    async def settle(tx: Tx, job: Job) -> None:
        nonlocal settled
        settled += 1
        await CREATE_CLUSTER.settle(tx, job)

    async def lose() -> None:
        nonlocal lost
        if not lost and (await bench.document(uid))["status"]["phase"] == "Success":
            lost = True
            raise StorageUnavailable("The connection was lost.", in_doubt=True)

    uid = await bench.submit(CREATE_CLUSTER.name)
    bench.database.at_commit = lose

    with suppress(Superseded):
        await bench.run(uid, replace(CREATE_CLUSTER, settle=settle))

    assert (lost, settled) == (True, 1)
