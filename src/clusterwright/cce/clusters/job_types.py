"""The jobs of clusters, as data, and the steps they are made of."""

from clusterwright import clock
from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.blueprint import subject
from clusterwright.cce.clusters.store import STEADY, Cluster, ClusterPhase
from clusterwright.clock import minutes
from clusterwright.jobs import actions
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Closed, ForEach, JobType, Reopen, Serial, Settle, Step
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

    async def tell(tx: Tx) -> None:
        await store.update(tx, cluster.uid, endpoint=seen.endpoint)

    if seen.endpoint:
        ctx.along(tell)


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


AS_LEFT = "The cluster is not as the job left it: another job has had it since, or it is gone."


def begins_again(left: ClusterPhase, phase: ClusterPhase) -> Reopen:
    """A cluster that a failed job left in one phase is in another while the next one runs."""

    async def reopen(tx: Tx, job: Job, job_uid: str) -> None:
        cluster = await store.get(tx, job.cluster_uid, project_id=job.project_id, lock=True)
        if cluster is None or cluster.job_uid != job.uid or cluster.phase is not left:
            raise Closed(AS_LEFT)
        if phase is ClusterPhase.DELETING and cluster.spec.get("deletionProtection"):
            raise Closed("The cluster is protected from deletion.")
        await store.update(
            tx, cluster.uid, phase=phase, reason="", job_uid=job_uid, updated_at=clock.now()
        )

    return reopen


async def hold_steady(tx: Tx, uid: str, *, project_id: str) -> Cluster:
    """A cluster in which something may change, locked. Raises Closed where none may."""
    cluster = await store.get(tx, uid, project_id=project_id, lock=True)
    if cluster is None:
        raise Closed(f"There is no cluster {uid} any more.")
    if cluster.phase not in STEADY:
        raise Closed(f"The cluster is {cluster.phase}. This needs it to be {' or '.join(STEADY)}.")
    return cluster


async def nothing_to_reopen(tx: Tx, job: Job, job_uid: str) -> None:
    """No phase shows the job: it can be resumed unless a later one of its kind was asked for."""
    await hold_steady(tx, job.cluster_uid, project_id=job.project_id)
    if not await actions.is_newest_of_kind(tx, job, but=job_uid):
        raise Closed(f"A later job {job.type} was asked for.")


STAYS = "What is half removed is of no use: wait for the job's end, and delete again if it fails."
"""Why deletions are not cancelled."""

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
    reopen=begins_again(ClusterPhase.ERROR, ClusterPhase.CREATING),
)

DELETE_CLUSTER = JobType(
    Serial(
        "DeleteCluster",
        (Step("UninstallMaster", uninstall_masters, timeout=minutes(20)),),
    ),
    settle=deleted,
    reopen=begins_again(ClusterPhase.ERROR, ClusterPhase.DELETING),
    stays=STAYS,
)

JOB_TYPES = (CREATE_CLUSTER, DELETE_CLUSTER)
