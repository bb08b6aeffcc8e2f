"""The job behind an upgrade task, as data, and the steps it is made of."""

from dataclasses import replace

from clusterwright import clock
from clusterwright.cce.addons.job_types import (
    DEPLOY,
    upgraded_with_cluster,
    upgrades_with_cluster_again,
)
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.blueprint import subject
from clusterwright.cce.clusters.job_types import begins_again
from clusterwright.cce.clusters.spec import version_fields
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.cce.offers import minor
from clusterwright.cce.upgrades import store
from clusterwright.cce.upgrades.store import TaskPhase
from clusterwright.clock import minutes
from clusterwright.drivers import causes, contract
from clusterwright.drivers.contract import Driver, DriverError
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import ForEach, JobType, Serial, Step
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Tx

TASK = "task"
TARGET = "targetVersion"
"""The arguments of an upgrade: which task it is, and the version it leads to."""

ADDONS = "addons"
"""The add-ons that are upgraded with their cluster, as a group of targets."""

LONGEST_PAUSE = minutes(24 * 60)
"""How long an upgrade may be paused before it fails; it can be tried again then."""


async def _advance(ctx: StepContext, progress: int) -> None:
    async with ctx.transaction() as tx:
        await store.advance(tx, ctx.arguments[TASK], progress=progress, now=clock.now())


async def _wait_while_paused(ctx: StepContext) -> None:
    async def is_paused() -> bool:
        async with ctx.database.reading() as tx:
            return await store.is_paused(tx, ctx.arguments[TASK])

    await ctx.until(is_paused, lambda paused: not paused)


async def _check_ready(driver: Driver, cluster: contract.Cluster) -> None:
    if not (await driver.observe_control_plane(cluster)).ready:
        raise DriverError(f"The control plane of {cluster.name} is not ready.", causes.NOT_READY)


async def check_master(ctx: StepContext) -> None:
    """Make sure that the control plane is ready, and that no pause is asked for."""
    driver, cluster = await subject(ctx)
    await _advance(ctx, 10)
    await _check_ready(driver, cluster)
    await _wait_while_paused(ctx)


async def upgrade_master(ctx: StepContext) -> None:
    """Bring the control plane to the new version, and wait until that answers and nodes follow."""
    driver, cluster = await subject(ctx)
    await _advance(ctx, 30)
    upgraded = replace(cluster, version=ctx.arguments[TARGET])
    await driver.ensure_control_plane(upgraded)
    await ctx.until(
        lambda: driver.observe_control_plane(upgraded),
        lambda seen: (
            seen.ready and minor(seen.version) == minor(upgraded.version) and seen.nodes_follow
        ),
    )
    await _advance(ctx, 80)


async def confirm_version(ctx: StepContext) -> None:
    """Give the cluster its new version, once unpaused and with its control plane ready."""
    driver, cluster = await subject(ctx)
    target = ctx.arguments[TARGET]
    confirmed = False
    while not confirmed:
        await _wait_while_paused(ctx)
        await _check_ready(driver, replace(cluster, version=target))
        async with ctx.transaction() as tx:
            confirmed = await _confirm(tx, ctx, cluster.uid, target)


async def _confirm(tx: Tx, ctx: StepContext, uid: str, target: str) -> bool:
    """Note the version and that the upgrade can be paused no more, unless it was just paused."""
    stored = await clusters.get(tx, uid, project_id=ctx.job.project_id, lock=True)
    if stored is None:
        return True
    if await store.is_paused(tx, ctx.arguments[TASK]):
        return False
    await clusters.set_in_spec(tx, stored, **version_fields(target))
    await clusters.update(tx, stored.uid, version=minor(target))
    await store.advance(tx, ctx.arguments[TASK], progress=store.CONFIRMED, now=clock.now())
    return True


async def upgraded(tx: Tx, job: Job) -> None:
    """An upgraded cluster is Available; where that failed it is in Error until tried again."""
    ok = job.phase is JobPhase.SUCCESS
    now = clock.now()
    # The cluster first, as operations do: who locks in one order never waits in a circle.
    await clusters.settle(
        tx,
        job.cluster_uid,
        job_uid=job.uid,
        phase=ClusterPhase.AVAILABLE if ok else ClusterPhase.ERROR,
        reason=job.reason,
        updated_at=now,
    )
    await upgraded_with_cluster(tx, job)
    outcome = {"phase": TaskPhase.SUCCESS, "progress": 100} if ok else {"phase": TaskPhase.FAILED}
    await store.settle(tx, job_uid=job.uid, paused=False, updated_at=now, **outcome)


_UPGRADING = begins_again(ClusterPhase.ERROR, ClusterPhase.UPGRADING)


async def upgrades_again(tx: Tx, job: Job, job_uid: str) -> None:
    """The cluster is Upgrading, its add-ons too, and the task that the failed job worked on."""
    await _UPGRADING(tx, job, job_uid)
    await upgrades_with_cluster_again(tx, job, job_uid)
    values = {"phase": TaskPhase.RUNNING, "updated_at": clock.now()}
    await store.retake(tx, job_uid=job.uid, next_job=job_uid, **values)


UPGRADE_CLUSTER = JobType(
    Serial(
        "UpgradeCluster",
        (
            Step("CheckMaster", check_master, timeout=LONGEST_PAUSE),
            Step("UpgradeMaster", upgrade_master, timeout=minutes(30)),
            Step("ConfirmVersion", confirm_version, timeout=LONGEST_PAUSE),
            ForEach(ADDONS, DEPLOY),
        ),
    ),
    settle=upgraded,
    reopen=upgrades_again,
)

JOB_TYPES = (UPGRADE_CLUSTER,)
