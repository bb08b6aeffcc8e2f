"""A worker that is asked to stop leaves its jobs where they stand; nothing of it is recorded."""

import asyncio
from dataclasses import replace

import pytest

from clusterwright.cce.clusters.job_types import CREATE_CLUSTER
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Step
from tests.job_documents import phases
from tests.jobs.bench import Bench, changed

STEPS = [step.name for step in CREATE_CLUSTER.steps()]


@pytest.mark.parametrize("stopped_in", STEPS)
async def test_stopping_in_the_middle_of_a_step_is_no_event_for_its_job(
    stopped_in: str, bench: Bench
) -> None:
    inside = asyncio.Event()

    def watched(step: Step) -> Step:
        async def action(context: StepContext) -> None:
            if step.name == stopped_in:
                inside.set()
                await asyncio.sleep(60)
            await step.action(context)

        return replace(step, action=action)

    uid = await bench.submit(CREATE_CLUSTER.name)
    worker = asyncio.create_task(
        (await bench.execution(uid, changed(CREATE_CLUSTER, watched))).run()
    )
    others = asyncio.all_tasks()
    await inside.wait()

    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    left = await bench.document(uid)
    remaining = {task for task in asyncio.all_tasks() - others if not task.done()}
    document = await bench.run(uid)

    assert "Failed" not in phases(left).values()
    assert not remaining
    assert set(phases(document).values()) == {"Success"}
