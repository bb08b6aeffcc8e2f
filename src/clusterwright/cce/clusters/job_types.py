"""The jobs of clusters, as data, and the steps they are made of."""

from clusterwright import clock
from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.blueprint import subject
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.clock import minutes
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import ForEach, JobType, Serial, Settle, Step
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Tx


async def create_certificates(ctx: StepContext) -> None:
    """Make the cluster's certificates exist."""
    driver, cluster = await subject(ctx)
    await driver.ensure_credentials(cluster)


async def install_master(ctx: StepContext) -> None:
    """Bring one control-plane server up and wait until it is ready."""
    driver, cluster = await subject(ctx)
    await driver.ensure_control_plane(cluster)

    seen = await ctx.until(
        lambda: driver.observe_control_plane(cluster),
        lambda seen: ctx.job.target.resource_id in seen.masters,
    )
    if seen.endpoint:
        async with ctx.database.transaction() as tx:
            await store.update(tx, cluster.uid, endpoint=seen.endpoint)


async def uninstall_masters(ctx: StepContext) -> None:
    """Remove everything that the driver made for the cluster, and wait until it is gone."""
    driver, cluster = await subject(ctx)
    await driver.delete_cluster(cluster)
    await ctx.until(lambda: driver.observe_control_plane(cluster), lambda seen: not seen.exists)


def ends_in(success: ClusterPhase, failure: ClusterPhase) -> Settle:
    """A conclusion: one of two phases, with the job's reason where that is Error."""

    async def settle(tx: Tx, job: Job) -> None:
        phase = success if job.phase is JobPhase.SUCCESS else failure
        await store.settle(
            tx,
            job.cluster_uid,
            job_uid=job.uid,
            phase=phase,
            reason=job.reason if phase is ClusterPhase.ERROR else "",
            updated_at=clock.now(),
        )

    return settle


async def deleted(tx: Tx, job: Job) -> None:
    """A deleted cluster is forgotten; where that failed it is in Error and can be tried again."""
    if job.phase is JobPhase.SUCCESS:
        await store.remove(tx, job.cluster_uid, project_id=job.project_id)
    else:
        await store.settle(
            tx,
            job.cluster_uid,
            job_uid=job.uid,
            phase=ClusterPhase.ERROR,
            reason=job.reason,
            updated_at=clock.now(),
        )


MASTERS = "masters"
"""The group of targets of InstallMaster: one per control-plane server."""

CREATE_CLUSTER = JobType(
    Serial(
        "CreateCluster",
        (
            Step("CreatePSMCert", create_certificates, timeout=minutes(2), names_resource=False),
            ForEach(MASTERS, Step("InstallMaster", install_master, timeout=minutes(20))),
        ),
    ),
    settle=ends_in(ClusterPhase.AVAILABLE, ClusterPhase.ERROR),
)

DELETE_CLUSTER = JobType(
    Serial(
        "DeleteCluster",
        (Step("UninstallMaster", uninstall_masters, timeout=minutes(20)),),
    ),
    settle=deleted,
)

JOB_TYPES = (CREATE_CLUSTER, DELETE_CLUSTER)
