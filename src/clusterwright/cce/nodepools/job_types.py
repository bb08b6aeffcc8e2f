"""The jobs of node pools, as data, and the steps they add to those of nodes."""

from dataclasses import replace

from clusterwright import clock
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.clusters.job_types import STAYS
from clusterwright.cce.nodes import pools
from clusterwright.cce.nodes import store as nodes
from clusterwright.cce.nodes.conclusions import ended, retake, works_again
from clusterwright.cce.nodes.job_types import (
    DELETE_SERVER,
    GET_CERTIFICATES,
    INSTALL_SERVER,
    NODES,
    UNINSTALL_NODE,
    Subject,
    leave,
)
from clusterwright.cce.nodes.pools import PoolPhase
from clusterwright.cce.nodes.store import NodePhase
from clusterwright.clock import minutes
from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import Closed, ForEach, JobType, Serial, Step
from clusterwright.jobs.tree import Job, JobPhase
from clusterwright.storage.database import Tx

MOST_UNAVAILABLE = "maxUnavailable"
"""The argument of an upgrade: how many nodes may be without a kubelet at a time."""


async def remove_stragglers(ctx: StepContext) -> None:
    """Remove whatever nodes the pool still has, and see that the driver still knows its cluster."""
    project_id, cluster_uid = ctx.job.project_id, ctx.job.cluster_uid
    async with ctx.database.reading() as tx:
        cluster = await clusters.get(tx, cluster_uid, project_id=project_id)
        found = await nodes.find(
            tx,
            project_id=project_id,
            cluster_uid=cluster_uid,
            nodepool_uid=ctx.job.target.resource_id,
        )
    if cluster is None:
        raise DriverError(f"Cluster {cluster_uid} does not exist any more.", causes.GONE)
    driver = ctx.driver(cluster.driver)
    await driver.observe_control_plane(blueprint(cluster))
    for node in found:
        await leave(ctx, Subject(node, cluster, driver))
        async with ctx.transaction() as tx:
            await nodes.remove(tx, node.uid, job_uid=node.job_uid)


async def deleted(tx: Tx, job: Job) -> None:
    """A deleted pool is forgotten; where that failed it is in Error and can be tried again."""
    await ended(tx, job)
    uid = job.target.resource_id
    if job.phase is JobPhase.SUCCESS:
        await pools.remove(tx, uid)
    else:
        await pools.settle(
            tx,
            uid,
            job_uid=job.uid,
            phase=PoolPhase.ERROR,
            reason=job.reason,
            updated_at=clock.now(),
        )


async def deletes_again(tx: Tx, job: Job, job_uid: str) -> None:
    """A pool that could not be deleted is being deleted, and so are the nodes that it still has."""
    await retake(tx, job, job_uid, NodePhase.DELETING)
    uid = job.target.resource_id
    pool = await pools.get(tx, uid, project_id=job.project_id, cluster_uid=job.cluster_uid)
    if pool is None or pool.job_uid != job.uid or pool.phase is not PoolPhase.ERROR:
        raise Closed("The pool is not as the job left it.")
    again = replace(
        pool, phase=PoolPhase.DELETING, reason="", job_uid=job_uid, updated_at=clock.now()
    )
    await pools.save(tx, again)


DELETE_NODE_POOL = JobType(
    Serial(
        "DeleteNodePool",
        (
            ForEach(NODES, DELETE_SERVER),
            Step("RemoveNodePool", remove_stragglers, timeout=minutes(10)),
        ),
    ),
    settle=deleted,
    reopen=deletes_again,
    stays=STAYS,
)

UPGRADE_NODE_POOL = JobType(
    Serial(
        "UpgradeNodePool",
        (
            GET_CERTIFICATES,
            ForEach(
                NODES,
                Serial("UpgradeNode", (UNINSTALL_NODE, INSTALL_SERVER)),
                at_a_time=MOST_UNAVAILABLE,
            ),
        ),
    ),
    settle=ended,
    reopen=works_again(NodePhase.UPGRADING),
)

JOB_TYPES = (DELETE_NODE_POOL, UPGRADE_NODE_POOL)
