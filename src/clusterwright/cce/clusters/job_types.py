"""The jobs of clusters, as data, and the steps they are made of."""

from clusterwright import clock
from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.store import Cluster, ClusterPhase
from clusterwright.clock import minutes
from clusterwright.drivers import contract
from clusterwright.drivers.contract import Driver, DriverError
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import ForEach, Job, JobPhase, JobType, Serial, Step
from clusterwright.storage.database import Tx


def blueprint(cluster: Cluster, *, step: str = "") -> contract.Cluster:
    """The cluster as drivers know it."""
    spec = cluster.spec
    network = spec["containerNetwork"]
    return contract.Cluster(
        uid=cluster.uid,
        project_id=cluster.project_id,
        name=cluster.name,
        version=cluster.version,
        masters=tuple(cluster.masters),
        service_cidr=spec["serviceNetwork"]["IPv4CIDR"],
        container_cidrs=tuple(entry["cidr"] for entry in network.get("cidrs", ())),
        vpc=spec["hostNetwork"]["vpc"],
        subnet=spec["hostNetwork"]["subnet"],
        custom_san=(*spec.get("customSan", ()), *([cluster.eip["address"]] if cluster.eip else ())),
        credentials=cluster.credentials,
        step=step,
    )


async def subject(ctx: StepContext) -> tuple[Driver, contract.Cluster]:
    """The driver and the blueprint of the job's cluster."""
    async with ctx.database.reading() as tx:
        cluster = await store.get(tx, ctx.job.cluster_uid, project_id=ctx.job.project_id)
    if cluster is None:
        raise DriverError(f"Cluster {ctx.job.cluster_uid} does not exist any more.")
    return ctx.drivers[cluster.driver], blueprint(cluster, step=ctx.job.type)


async def create_certificates(ctx: StepContext) -> None:
    """Make the cluster's certificates exist."""
    driver, cluster = await subject(ctx)
    await driver.ensure_credentials(cluster)


async def install_master(ctx: StepContext) -> None:
    """Bring one control-plane server up and wait until it is ready."""
    driver, cluster = await subject(ctx)
    await driver.ensure_control_plane(cluster)

    async def ready() -> bool:
        seen = await driver.observe_control_plane(cluster)
        return ctx.job.target.resource_id in seen.masters

    await ctx.until(ready)
    seen = await driver.observe_control_plane(cluster)
    if seen.endpoint:
        async with ctx.database.transaction() as tx:
            await store.update(tx, cluster.uid, endpoint=seen.endpoint)


async def uninstall_masters(ctx: StepContext) -> None:
    """Remove everything that the driver made for the cluster, and wait until it is gone."""
    driver, cluster = await subject(ctx)
    await driver.delete_cluster(cluster)

    async def gone() -> bool:
        return not (await driver.observe_control_plane(cluster)).exists

    await ctx.until(gone)


async def created(tx: Tx, job: Job) -> None:
    """A new cluster is Available, or in Error with the job's reason; it can be deleted either
    way.
    """
    ok = job.phase is JobPhase.SUCCESS
    await store.settle(
        tx,
        job.cluster_uid,
        job_uid=job.uid,
        phase=ClusterPhase.AVAILABLE if ok else ClusterPhase.ERROR,
        reason=job.reason,
        updated_at=clock.now(),
    )


async def deleted(tx: Tx, job: Job) -> None:
    """A deleted cluster is forgotten; one that could not be deleted is in Error and can be tried
    again.
    """
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
    settle=created,
)

DELETE_CLUSTER = JobType(
    Serial(
        "DeleteCluster",
        (Step("UninstallMaster", uninstall_masters, timeout=minutes(20)),),
    ),
    settle=deleted,
)

JOB_TYPES = (CREATE_CLUSTER, DELETE_CLUSTER)
