"""The jobs of the lifecycle, as data, and the steps they are made of."""

from dataclasses import replace

from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.blueprint import subject
from clusterwright.cce.clusters.job_types import begins_again, ends_in, nothing_to_reopen
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.clock import minutes
from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import JobType, Serial, Step
from clusterwright.jobs.tree import Job
from clusterwright.storage.database import Tx


async def hibernate_master(ctx: StepContext) -> None:
    """Let the control plane stand still, where there is one to come back to."""
    driver, cluster = await subject(ctx)
    if not (await driver.observe_control_plane(cluster)).exists:
        raise DriverError(
            "The cluster has no control plane that could be hibernated.",
            causes.NOTHING_TO_HIBERNATE,
        )
    await driver.stop_control_plane(cluster)


async def ready_master(ctx: StepContext) -> None:
    """Make the control plane exist and wait until all of it is ready."""
    driver, cluster = await subject(ctx)
    await driver.ensure_credentials(cluster)
    await driver.ensure_control_plane(cluster)
    await ctx.until(lambda: driver.observe_control_plane(cluster), lambda seen: seen.ready)


async def resize_master(ctx: StepContext) -> None:
    """Make sure that the control plane is ready, and give the cluster its new flavor."""
    await ready_master(ctx)
    async with ctx.transaction() as tx:
        cluster = await store.get(tx, ctx.job.cluster_uid, project_id=ctx.job.project_id, lock=True)
        if cluster is not None:
            await store.set_in_spec(tx, cluster, flavor=ctx.arguments["flavor"])


async def rotate_certificates(ctx: StepContext) -> None:
    """Make the next generation of certificates, and let the cluster use it."""
    driver, cluster = await subject(ctx)
    generation = int(ctx.arguments["credentials"])
    await driver.ensure_credentials(replace(cluster, credentials=generation))
    async with ctx.transaction() as tx:
        await store.update(tx, cluster.uid, credentials=generation)


async def leave_phase(tx: Tx, job: Job) -> None:
    """The job changes no phase: the cluster is as it was before, or as it was promised."""


HIBERNATE_CLUSTER = JobType(
    Serial(
        "HibernateCluster",
        (Step("HibernateMaster", hibernate_master, timeout=minutes(5)),),
    ),
    settle=ends_in(ClusterPhase.HIBERNATION, ClusterPhase.AVAILABLE),
    reopen=begins_again(ClusterPhase.AVAILABLE, ClusterPhase.HIBERNATING),
)

AWAKE_CLUSTER = JobType(
    Serial("AwakeCluster", (Step("AwakeMaster", ready_master, timeout=minutes(20)),)),
    settle=ends_in(ClusterPhase.AVAILABLE, ClusterPhase.ERROR),
    reopen=begins_again(ClusterPhase.ERROR, ClusterPhase.AWAKING),
)

RESIZE_CLUSTER = JobType(
    Serial("ResizeCluster", (Step("ResizeMaster", resize_master, timeout=minutes(20)),)),
    settle=ends_in(ClusterPhase.AVAILABLE, ClusterPhase.AVAILABLE),
    reopen=begins_again(ClusterPhase.AVAILABLE, ClusterPhase.RESIZING),
)

ROTATE_CREDENTIALS = JobType(
    Serial(
        "RotateCredentials",
        (Step("RotateCertificates", rotate_certificates, timeout=minutes(10)),),
    ),
    settle=leave_phase,
    reopen=nothing_to_reopen,
)

CONFIGURE_CLUSTER = JobType(
    Serial("ConfigureCluster", (Step("ConfigureMaster", ready_master, timeout=minutes(20)),)),
    settle=leave_phase,
    reopen=nothing_to_reopen,
)

JOB_TYPES = (
    HIBERNATE_CLUSTER,
    AWAKE_CLUSTER,
    RESIZE_CLUSTER,
    ROTATE_CREDENTIALS,
    CONFIGURE_CLUSTER,
)
