"""The jobs of releases: no client sees them, but they are as durable as all others."""

import msgspec

from clusterwright import clock
from clusterwright.cce.charts import store as charts
from clusterwright.cce.clusters.blueprint import subject
from clusterwright.cce.clusters.job_types import STAYS, hold_steady
from clusterwright.cce.releases import store
from clusterwright.cce.releases.store import Release, ReleaseStatus, Revision
from clusterwright.clock import minutes
from clusterwright.drivers import causes, contract
from clusterwright.drivers.contract import DriverError, ReleaseName
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Closed, JobType, Reopen, Serial, Step
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Tx


async def deploy(ctx: StepContext) -> None:
    """Have the newest revision installed, and record what has come of it."""
    driver, cluster = await subject(ctx)
    await ctx.until(lambda: driver.observe_control_plane(cluster), lambda seen: seen.ready)
    release, revision = await _asked(ctx)
    named = ReleaseName(cluster=cluster, namespace=release.namespace, name=release.name)
    await driver.releases.ensure(await _wanted(ctx, named, revision))
    seen = await ctx.until(lambda: driver.releases.observe(named), lambda seen: seen.ready)
    async with ctx.transaction() as tx:
        await store.update(
            tx, release.uid, revision.revision, number=seen.number, manifests=seen.manifests
        )


async def withdraw(ctx: StepContext) -> None:
    """Have everything of the release removed, where there is a control plane to have it."""
    driver, cluster = await subject(ctx)
    plane = await ctx.until(
        lambda: driver.observe_control_plane(cluster),
        lambda seen: seen.ready or not seen.exists,
    )
    if not plane.exists:
        return
    release, _ = await _asked(ctx)
    named = ReleaseName(cluster=cluster, namespace=release.namespace, name=release.name)
    hooks = ctx.arguments.get("hooks") != "false"
    await driver.releases.delete(named, hooks=hooks)
    await ctx.until(lambda: driver.releases.observe(named), lambda seen: not seen.exists)


async def _asked(ctx: StepContext) -> tuple[Release, Revision]:
    uid = ctx.root.target.resource_id
    async with ctx.database.reading() as tx:
        found = await store.current(tx, uid, project_id=ctx.job.project_id)
    if found is None:
        raise DriverError(f"Release {uid} does not exist any more.", causes.GONE)
    return found


async def _wanted(ctx: StepContext, named: ReleaseName, revision: Revision) -> contract.Release:
    """The revision as drivers know it, with its chart or the number of what it goes back to."""
    hooks = not revision.parameters.get("no_hooks")
    if revision.back_to:
        async with ctx.database.reading() as tx:
            earlier = await store.revision(tx, revision.release_uid, revision.back_to)
        if earlier is None or not earlier.number:
            raise DriverError(
                f"Revision {revision.back_to} is not kept any more.", causes.REVISION_GONE
            )
        return contract.Release(
            named=named, revision=revision.revision, hooks=hooks, back_to=earlier.number
        )
    async with ctx.database.reading() as tx:
        chart = await charts.get(tx, revision.chart_uid, project_id=ctx.job.project_id)
        # One that was replaced meanwhile is not what was asked for.
        if chart is None or chart.digest != revision.digest:
            raise DriverError(
                f"The chart {revision.chart_name} {revision.chart_version} was deleted or replaced"
                " before it was installed.",
                causes.CHART_GONE,
            )
        archive = b"".join([piece async for piece in charts.archive(tx, chart.uid)])
    return contract.Release(
        named=named,
        revision=revision.revision,
        archive=archive,
        values=msgspec.json.encode(revision.values).decode(),
        hooks=hooks,
    )


async def deployed(tx: Tx, job: Job) -> None:
    """The newest revision is deployed, or failed with the reason."""
    found = await store.current(tx, job.target.resource_id, project_id=job.project_id)
    if found is None or found[0].job_uid != job.uid:
        return  # somebody deletes the release
    release, revision = found
    ok = job.phase is JobPhase.SUCCESS
    await store.update(
        tx,
        release.uid,
        revision.revision,
        status=ReleaseStatus.DEPLOYED if ok else ReleaseStatus.FAILED,
        reason=job.reason,
        updated_at=clock.now(),
    )
    if ok:
        await store.supersede(tx, release.uid, before=revision.revision)


async def uninstalled(tx: Tx, job: Job) -> None:
    """An uninstalled release is forgotten; one that could not be can be deleted again."""
    uid = job.target.resource_id
    if job.phase is JobPhase.SUCCESS:
        await store.remove(tx, uid)
    else:
        await deployed(tx, job)


def _begins_again(status: ReleaseStatus) -> Reopen:
    """A release whose newest revision failed is in ``status`` while the next job runs."""

    async def reopen(tx: Tx, job: Job, job_uid: str) -> None:
        await hold_steady(tx, job.cluster_uid, project_id=job.project_id)
        found = await store.current(tx, job.target.resource_id, project_id=job.project_id)
        left = ReleaseStatus.FAILED
        if found is None or found[0].job_uid != job.uid or found[1].status is not left:
            raise Closed("The release is not as the job left it.")
        release, revision = found
        await store.set_job(tx, release.uid, job_uid=job_uid)
        await store.update(
            tx,
            release.uid,
            revision.revision,
            status=status,
            reason="",
            updated_at=clock.now(),
        )

    return reopen


_DEPLOY = Step("DeployRelease", deploy, timeout=minutes(10))

INSTALL_RELEASE = JobType(
    Serial("InstallRelease", (_DEPLOY,)),
    settle=deployed,
    reopen=_begins_again(ReleaseStatus.PENDING_INSTALL),
)
UPGRADE_RELEASE = JobType(
    Serial("UpgradeRelease", (_DEPLOY,)),
    settle=deployed,
    reopen=_begins_again(ReleaseStatus.PENDING_UPGRADE),
)
ROLLBACK_RELEASE = JobType(
    Serial("RollbackRelease", (_DEPLOY,)),
    settle=deployed,
    reopen=_begins_again(ReleaseStatus.PENDING_ROLLBACK),
)
UNINSTALL_RELEASE = JobType(
    Serial("UninstallRelease", (Step("WithdrawRelease", withdraw, timeout=minutes(10)),)),
    settle=uninstalled,
    reopen=_begins_again(ReleaseStatus.DELETING),
    stays=STAYS,
)

JOB_TYPES = (INSTALL_RELEASE, UPGRADE_RELEASE, ROLLBACK_RELEASE, UNINSTALL_RELEASE)
