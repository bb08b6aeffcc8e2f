"""The jobs of add-ons: no client sees them, but they are as durable as all others."""

from clusterwright import clock
from clusterwright.cce.addons import store
from clusterwright.cce.addons.store import Addon, AddonStatus
from clusterwright.cce.clusters.blueprint import subject
from clusterwright.cce.clusters.job_types import STAYS, hold_steady
from clusterwright.clock import minutes
from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Closed, JobType, Reopen, Serial, Settle, Step
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Tx


async def deploy(ctx: StepContext) -> None:
    """Wait until the control plane answers, and record that the wanted version is there."""
    driver, cluster = await subject(ctx)
    await ctx.until(lambda: driver.observe_control_plane(cluster), lambda seen: seen.ready)
    await _record(ctx, installed=True)


async def withdraw(ctx: StepContext) -> None:
    """Wait until the control plane answers, if there is one, and record that nothing is there."""
    driver, cluster = await subject(ctx)
    await ctx.until(
        lambda: driver.observe_control_plane(cluster),
        lambda seen: seen.ready or not seen.exists,
    )
    await _record(ctx, installed=False)


async def _record(ctx: StepContext, *, installed: bool) -> None:
    uid = ctx.job.target.resource_id
    async with ctx.transaction() as tx:
        addon = await store.get(tx, uid, project_id=ctx.job.project_id)
        if addon is None:
            raise DriverError(f"Add-on {uid} does not exist any more.", causes.GONE)
        await store.update(tx, uid, installed_version=addon.version if installed else "")


def _running_or(failed: AddonStatus, **on_success: str) -> Settle:
    """The add-on is running, or in a state that tells what has failed."""

    async def settle(tx: Tx, job: Job) -> None:
        ok = job.phase is JobPhase.SUCCESS
        await store.settle(
            tx,
            job.target.resource_id,
            job_uid=job.uid,
            status=AddonStatus.RUNNING if ok else failed,
            reason=job.reason,
            updated_at=clock.now(),
            **(on_success if ok else {}),
        )

    return settle


def _begins_again(left: AddonStatus, status: AddonStatus) -> Reopen:
    """An add-on that a failed job left in one state is in another while the next one runs."""

    async def reopen(tx: Tx, job: Job, job_uid: str) -> None:
        await hold_steady(tx, job.cluster_uid, project_id=job.project_id)
        uid = job.target.resource_id
        addon = await store.get(tx, uid, project_id=job.project_id, lock=True)
        if addon is None or addon.job_uid != job.uid or addon.status is not left:
            raise Closed("The add-on is not as the job left it.")
        await _take_up(tx, addon, status, job_uid)

    return reopen


async def _take_up(tx: Tx, addon: Addon, status: AddonStatus, job_uid: str) -> None:
    await store.update(
        tx, addon.uid, status=status, reason="", job_uid=job_uid, updated_at=clock.now()
    )


async def upgraded_with_cluster(tx: Tx, job: Job) -> None:
    """Add-ons that a job of their cluster upgrades run where that has come so far."""
    for addon in await store.of_job(tx, job.uid, status=AddonStatus.UPGRADING):
        there = addon.installed_version == addon.version
        await store.update(
            tx,
            addon.uid,
            status=AddonStatus.RUNNING if there else AddonStatus.UPGRADE_FAILED,
            reason="" if there else job.reason,
            updated_at=clock.now(),
        )


async def upgrades_with_cluster_again(tx: Tx, job: Job, job_uid: str) -> None:
    """The add-ons that a failed job of their cluster has left are the next one's."""
    for addon in await store.of_job(tx, job.uid, status=AddonStatus.UPGRADE_FAILED):
        await _take_up(tx, addon, AddonStatus.UPGRADING, job_uid)


async def uninstalled(tx: Tx, job: Job) -> None:
    """An uninstalled add-on is forgotten; one that could not be uninstalled can be tried again."""
    uid = job.target.resource_id
    if job.phase is JobPhase.SUCCESS:
        await store.remove(tx, uid)
    else:
        await store.settle(
            tx,
            uid,
            job_uid=job.uid,
            status=AddonStatus.DELETE_FAILED,
            reason=job.reason,
            updated_at=clock.now(),
        )


DEPLOY = Step("DeployAddon", deploy, timeout=minutes(10))

INSTALL_ADDON = JobType(
    Serial("InstallAddon", (DEPLOY,)),
    settle=_running_or(AddonStatus.INSTALL_FAILED),
    reopen=_begins_again(AddonStatus.INSTALL_FAILED, AddonStatus.INSTALLING),
)
UPGRADE_ADDON = JobType(
    Serial("UpgradeAddon", (DEPLOY,)),
    settle=_running_or(AddonStatus.UPGRADE_FAILED),
    reopen=_begins_again(AddonStatus.UPGRADE_FAILED, AddonStatus.UPGRADING),
)
ROLLBACK_ADDON = JobType(
    Serial("RollbackAddon", (DEPLOY,)),
    settle=_running_or(AddonStatus.ROLLBACK_FAILED, previous_version=""),
    reopen=_begins_again(AddonStatus.ROLLBACK_FAILED, AddonStatus.ROLLING_BACK),
)
UNINSTALL_ADDON = JobType(
    Serial("UninstallAddon", (Step("WithdrawAddon", withdraw, timeout=minutes(10)),)),
    settle=uninstalled,
    reopen=_begins_again(AddonStatus.DELETE_FAILED, AddonStatus.DELETING),
    stays=STAYS,
)

JOB_TYPES = (INSTALL_ADDON, UPGRADE_ADDON, ROLLBACK_ADDON, UNINSTALL_ADDON)
