"""A failed job is resumed where it failed: what was done stays done, and the rest is done."""

import asyncio

import pytest
import sqlalchemy as sa

from clusterwright.app import REGISTRY
from clusterwright.cce.addons.store import addons
from clusterwright.cce.clusters.store import clusters
from clusterwright.cce.imagecaches.store import caches
from clusterwright.cce.nodes.pools import nodepools
from clusterwright.cce.nodes.store import nodes
from clusterwright.cce.releases.store import revisions
from clusterwright.cce.upgrades.store import tasks
from clusterwright.errors import JOB_STATE, NOT_FOUND, ApiError
from clusterwright.jobs import actions, store
from clusterwright.jobs.plan import JobType
from clusterwright.jobs.tree import CancelMode, Job, JobPhase
from tests.job_documents import assert_moves_forward, phases
from tests.jobs.bench import PROJECT, Bench
from tests.jobs.test_dying_workers import Witness, spread, worker
from tests.lock_order import watched

DEATHS = 2
"""Deaths of the second worker that are tried at each step, besides none."""

AT_WORK = {"Init", "Running", "Pause", "PENDING_INSTALL", "PENDING_UPGRADE", "PENDING_ROLLBACK"}
BROKEN = {"Error", "Failed", "FAILED"}

every_step = pytest.mark.parametrize(
    ("job_type", "step"),
    [
        pytest.param(job_type, step.name, id=f"{job_type.name}-{step.name}")
        for job_type in REGISTRY.types.values()
        for step in job_type.steps()
    ],
)


async def resume(bench: Bench, uid: str) -> str:
    async with bench.database.transaction() as tx:
        return await actions.resume(tx, REGISTRY.types, uid, project_id=PROJECT)


async def tree(bench: Bench, uid: str) -> tuple[Job, ...]:
    async with bench.database.reading() as tx:
        return await store.jobs_of(tx, uid)


async def states(bench: Bench) -> set[str]:
    """The phases and states of everything that there is."""
    found: set[str] = set()
    async with bench.database.reading() as tx:
        for column in (
            clusters.c.phase,
            nodes.c.phase,
            nodepools.c.phase,
            addons.c.status,
            revisions.c.status,
            caches.c.status,
            tasks.c.phase,
        ):
            found |= set((await tx.execute(sa.select(column))).scalars())
    return found


async def failed(bench: Bench, job_type: JobType, step: str) -> str:
    """A job of this type that has failed at a step."""
    uid = await bench.submit(job_type.name)
    await bench.arm(step)
    document = await bench.run(uid)
    assert document["status"]["phase"] == "Failed"
    await bench.disarm()
    return uid


@pytest.mark.parametrize("bench_url", ["sqlite"], indirect=True)
@every_step
async def test_wherever_a_job_fails_and_its_next_worker_dies_it_ends_in_success(
    job_type: JobType, step: str, bench: Bench
) -> None:
    uid = await failed(bench, job_type, step)
    before, end = await tree(bench, uid), await bench.document(uid)
    in_error = await states(bench)
    after = await resume(bench, uid)
    resumed = await tree(bench, after)
    kept = {new.uid for old, new in zip(before, resumed, strict=True) if old.phase == "Success"}

    counting = Witness(bench, after)
    died = await worker(bench, job_type, counting)

    assert not died
    document = await bench.document(after)
    assert set(phases(document).values()) == {"Success"}
    assert kept.isdisjoint(counting.acted), "a finished step ran again"
    assert_moves_forward([*counting.reads, document])
    assert await bench.document(uid) == end, "the end of a job is final"
    assert {job.uid for job in before}.isdisjoint(job.uid for job in resumed)
    for old, new in zip(before, resumed, strict=True):
        assert (new.type, new.target, new.position) == (old.type, old.target, old.position)
        assert new.attempt == (1 if old.phase is JobPhase.SUCCESS else 2)
        assert new.started_at == (old.started_at if old.phase is JobPhase.SUCCESS else None)
    assert not await states(bench) & (AT_WORK | BROKEN), in_error
    assert await resume(bench, uid) == after, "the same job each time"
    for dies_at in spread(counting.points, DEATHS):
        uid = await failed(bench, job_type, step)
        after = await resume(bench, uid)
        first, second = Witness(bench, after, dies_at=dies_at), Witness(bench, after)
        await worker(bench, job_type, first)
        await worker(bench, job_type, second)
        again = await bench.document(after)
        assert set(phases(again).values()) == {"Success"}
        assert not await states(bench) & (AT_WORK | BROKEN)


@pytest.mark.parametrize("job_type", REGISTRY.types.values(), ids=lambda t: t.name)
async def test_a_resumed_job_can_fail_again_and_be_resumed_again(
    job_type: JobType, bench: Bench
) -> None:
    step = [*job_type.steps()][-1].name
    uid = await failed(bench, job_type, step)
    second = await resume(bench, uid)
    shown = await states(bench)
    reason = await bench.arm(step)

    document = await bench.run(second)
    await bench.disarm()
    third = await resume(bench, second)
    end = await bench.run(third)

    assert document["status"] == {"phase": "Failed", "reason": reason}
    assert (await tree(bench, third))[0].attempt == 3
    assert set(phases(end).values()) == {"Success"}
    assert shown != await states(bench) or job_type.settle.__name__ in ("ended", "leave_phase")
    assert await resume(bench, uid) == second


async def test_many_who_resume_at_once_get_the_same_job(bench: Bench) -> None:
    uid = await failed(bench, REGISTRY.types["CreateCluster"], "InstallMaster")

    found = await asyncio.gather(*(resume(bench, uid) for _ in range(5)))

    assert len(set(found)) == 1


async def refusal(bench: Bench, uid: str, project_id: str = PROJECT) -> ApiError:
    before = await bench.rows()
    with pytest.raises(ApiError) as refused:
        async with bench.database.transaction() as tx:
            await actions.resume(tx, REGISTRY.types, uid, project_id=project_id)
    assert await bench.rows() == before
    return refused.value


@pytest.mark.parametrize("job_type", REGISTRY.types.values(), ids=lambda t: t.name)
async def test_a_job_is_not_resumed_when_its_resource_is_another_jobs_by_now(
    job_type: JobType, bench: Bench
) -> None:
    uid = await failed(bench, job_type, next(job_type.steps()).name)
    cluster = await bench.cluster()
    assert cluster is not None
    await bench.delete_cluster()

    error = await refusal(bench, uid)

    assert error.error is JOB_STATE
    assert error.detail.startswith("The job cannot be resumed.")


async def test_a_job_that_has_not_failed_is_not_resumed(bench: Bench) -> None:
    uid = await bench.submit("CreateCluster")
    at_work = await refusal(bench, uid)
    await bench.run(uid)
    done = await refusal(bench, uid)

    assert (at_work.error, done.error) == (JOB_STATE, JOB_STATE)
    assert "Initializing" in at_work.detail
    assert "Success" in done.detail


async def test_only_a_top_job_of_ones_own_project_is_resumed(bench: Bench) -> None:
    uid = await failed(bench, REGISTRY.types["CreateCluster"], "InstallMaster")
    part = (await tree(bench, uid))[1].uid

    assert (await refusal(bench, part)).error is JOB_STATE
    assert uid in (await refusal(bench, part)).detail
    assert (await refusal(bench, uid, "1" * 32)).error is NOT_FOUND
    assert (await refusal(bench, "no such job")).error is NOT_FOUND


async def test_a_deletion_is_not_resumed_once_its_cluster_is_protected(bench: Bench) -> None:
    uid = await failed(bench, REGISTRY.types["DeleteCluster"], "UninstallMaster")
    cluster = await bench.cluster()
    assert cluster is not None
    async with bench.database.transaction() as tx:
        spec = cluster.spec | {"deletionProtection": True}
        await tx.execute(sa.update(clusters).values(spec=spec))

    assert "protected" in (await refusal(bench, uid)).detail


@pytest.mark.parametrize("bench_url", ["postgresql"], indirect=True)
async def test_resuming_and_cancelling_lock_rows_in_the_order_of_all_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(monkeypatch) as order:
        for job_type in REGISTRY.types.values():
            uid = await failed(bench, job_type, [*job_type.steps()][-1].name)
            after = await resume(bench, uid)
            if not job_type.stays:
                async with bench.database.transaction() as tx:
                    await actions.cancel(
                        tx,
                        REGISTRY.types,
                        after,
                        project_id=PROJECT,
                        mode=CancelMode.NOW,
                        reason="Enough.",
                    )
                await bench.run(after)
                after = await resume(bench, after)
            await bench.run(after)

    found = [*order.circles(), *order.upgrades]
    assert not found, "\n".join(found)


def test_every_job_type_can_be_resumed() -> None:
    assert [each.name for each in REGISTRY.types.values() if each.reopen is None] == []
