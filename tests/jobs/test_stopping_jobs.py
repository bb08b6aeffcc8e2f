"""People cancel jobs: now, or when the steps at work have ended."""

import asyncio
from dataclasses import replace

import pytest

from clusterwright.app import REGISTRY
from clusterwright.drivers import causes
from clusterwright.errors import JOB_STATE, NOT_FOUND, ApiError
from clusterwright.jobs import actions, events, store
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import JobType, Step
from clusterwright.jobs.tree import CancelMode, Job, JobPhase
from tests.job_documents import Document, phases
from tests.jobs.bench import PROJECT, Bench, changed
from tests.jobs.test_resumed_jobs import AT_WORK, resume, states

REASON = "Not needed any more."

CANCELLED = [each for each in REGISTRY.types.values() if not each.stays]
every_step = pytest.mark.parametrize(
    ("job_type", "step"),
    [
        pytest.param(job_type, step.name, id=f"{job_type.name}-{step.name}")
        for job_type in CANCELLED
        for step in job_type.steps()
    ],
)
IN_PROGRESS = AT_WORK | {
    "Creating", "Deleting", "Upgrading", "Resizing", "Hibernating", "Awaking", "ScalingUp",
    "ScalingDown", "Build", "Installing", "installing", "upgrading", "rollbacking", "deleting",
    "DELETING",
}  # fmt: skip


async def cancel(bench: Bench, uid: str, mode: CancelMode, reason: str = REASON) -> None:
    async with bench.database.transaction() as tx:
        await actions.cancel(tx, REGISTRY.types, uid, project_id=PROJECT, mode=mode, reason=reason)


async def tree(bench: Bench, uid: str) -> tuple[Job, ...]:
    async with bench.database.reading() as tx:
        return await store.jobs_of(tx, uid)


class Reached:
    """A job type whose first step of a name waits until it may go on."""

    def __init__(self, job_type: JobType, step: str) -> None:
        self.reached, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.begun: list[str] = []
        self.acting = changed(job_type, lambda each: self._waiting(each, step))

    def _waiting(self, step: Step, name: str) -> Step:
        async def action(context: StepContext) -> None:
            self.begun.append(context.job.uid)
            if step.name == name:
                self.reached.set()
                await self.may_go_on.wait()
            await step.action(context)

        return replace(step, action=action)


async def end(bench: Bench, uid: str) -> Document:
    document = await bench.document(uid)
    assert not set(phases(document).values()) & {"Initializing", "Running"}
    return document


@pytest.mark.parametrize("bench_url", ["sqlite"], indirect=True)
@every_step
async def test_a_job_stops_now_in_the_middle_of_any_step_and_can_be_resumed(
    job_type: JobType, step: str, bench: Bench
) -> None:
    uid = await bench.submit(job_type.name)
    held = Reached(job_type, step)
    working = asyncio.create_task(bench.run(uid, held.acting))
    await held.reached.wait()

    await cancel(bench, uid, CancelMode.NOW)
    await cancel(bench, uid, CancelMode.NOW, "Said twice.")
    await cancel(bench, uid, CancelMode.AFTER_STEP, "Said once more.")
    await working

    assert (await end(bench, uid))["status"] == {"phase": "Failed", "reason": REASON}
    root = (await tree(bench, uid))[0]
    assert root.cause is not None
    assert (root.cause["class"], root.cause["code"]) == ("cancelled", causes.CANCELLED.code)
    assert not await states(bench) & IN_PROGRESS
    await cancel(bench, uid, CancelMode.NOW)
    kept = {job.position for job in await tree(bench, uid) if job.phase is JobPhase.SUCCESS}
    after = await resume(bench, uid)
    assert {job.position for job in await tree(bench, after) if job.phase == "Success"} == kept
    assert set(phases(await bench.run(after)).values()) == {"Success"}


@pytest.mark.parametrize("bench_url", ["sqlite"], indirect=True)
@every_step
async def test_steps_at_work_come_to_their_end_and_no_other_begins(
    job_type: JobType, step: str, bench: Bench
) -> None:
    uid = await bench.submit(job_type.name)
    held = Reached(job_type, step)
    working = asyncio.create_task(bench.run(uid, held.acting))
    await held.reached.wait()

    await cancel(bench, uid, CancelMode.AFTER_STEP)
    begun: set[str] = set()
    while begun != set(held.begun):
        begun = set(held.begun)
        await asyncio.sleep(0.05)  # let those begin that were about to
    held.may_go_on.set()
    await working

    assert set(held.begun) == begun
    jobs = await tree(bench, uid)
    parents = {job.parent_uid for job in jobs}
    leaves = {job.uid: job for job in jobs if job.uid not in parents}
    assert {uid for uid, job in leaves.items() if job.phase is JobPhase.SUCCESS} == begun
    others = leaves.keys() - begun
    assert {leaves[uid].phase for uid in others} <= {JobPhase.FAILED}
    if others:
        assert (await end(bench, uid))["status"] == {"phase": "Failed", "reason": REASON}
        uid = await resume(bench, uid)
        await bench.run(uid)
    assert set(phases(await end(bench, uid)).values()) == {"Success"}
    assert not await states(bench) & IN_PROGRESS


async def test_a_job_that_was_to_end_its_steps_can_be_stopped_now(bench: Bench) -> None:
    job_type = REGISTRY.types["CreateCluster"]
    uid = await bench.submit(job_type.name)
    held = Reached(job_type, "InstallMaster")
    working = asyncio.create_task(bench.run(uid, held.acting))
    await held.reached.wait()

    await cancel(bench, uid, CancelMode.AFTER_STEP)
    await cancel(bench, uid, CancelMode.NOW, "Said twice.")
    await working

    assert (await end(bench, uid))["status"] == {"phase": "Failed", "reason": REASON}


@pytest.mark.parametrize("mode", list(CancelMode))
@pytest.mark.parametrize("job_type", CANCELLED, ids=lambda job_type: job_type.name)
async def test_a_job_that_waits_for_its_turn_ends_at_once_and_can_be_resumed(
    job_type: JobType, mode: CancelMode, bench: Bench
) -> None:
    uid = await bench.submit(job_type.name)

    await cancel(bench, uid, mode)

    document = await end(bench, uid)
    assert document["status"] == {"phase": "Failed", "reason": REASON}
    root, *below = await tree(bench, uid)
    assert root.cause is not None
    assert (root.cause["class"], root.cause["message"]) == ("cancelled", REASON)
    assert {job.phase for job in below} == {JobPhase.FAILED}
    assert not await states(bench) & IN_PROGRESS
    async with bench.database.reading() as tx:
        told = await events.of_tree(tx, uid, after=0, limit=1000)
    assert told[-1].phase is JobPhase.FAILED
    held = Reached(job_type, "")
    assert await bench.run(uid, held.acting) == document, "its turn changes nothing"
    assert held.begun == []
    after = await resume(bench, uid)
    assert set(phases(await bench.run(after)).values()) == {"Success"}


async def test_whoever_has_just_claimed_a_job_that_is_cancelled_is_fenced_off(
    bench: Bench,
) -> None:
    job_type = REGISTRY.types["CreateCluster"]
    uid = await bench.submit(job_type.name)
    held = Reached(job_type, "")
    worker = await bench.execution(uid, held.acting)

    await cancel(bench, uid, CancelMode.NOW)

    with pytest.raises(store.Superseded):
        await worker.run()
    assert held.begun == []
    assert (await end(bench, uid))["status"] == {"phase": "Failed", "reason": REASON}


@pytest.mark.parametrize(
    "job_type", [each for each in REGISTRY.types.values() if each.stays], ids=lambda t: t.name
)
async def test_a_deletion_is_not_cancelled(job_type: JobType, bench: Bench) -> None:
    uid = await bench.submit(job_type.name)
    before = await bench.rows()

    with pytest.raises(ApiError, match="cannot be cancelled") as refused:
        await cancel(bench, uid, CancelMode.NOW)

    assert refused.value.error is JOB_STATE
    assert await bench.rows() == before
    assert job_type.name.startswith(("Delete", "Remove", "Uninstall"))


async def test_a_job_that_has_ended_otherwise_is_not_cancelled(bench: Bench) -> None:
    uid = await bench.submit("CreateCluster")
    await bench.run(uid)
    part = (await tree(bench, uid))[1].uid

    for wrong, error in ((uid, JOB_STATE), (part, JOB_STATE), ("no such job", NOT_FOUND)):
        with pytest.raises(ApiError) as refused:
            await cancel(bench, wrong, CancelMode.NOW)
        assert refused.value.error is error
