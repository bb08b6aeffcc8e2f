"""The jobs of the upkeep of nodes, as data, and the steps they are made of."""

from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.job_types import nothing_to_reopen
from clusterwright.cce.nodes import store
from clusterwright.cce.nodes.conclusions import ended, works_again
from clusterwright.cce.nodes.job_types import (
    GET_CERTIFICATES,
    INSTALL_SERVER,
    NODES,
    Subject,
    move_node,
)
from clusterwright.cce.nodes.store import NodePhase
from clusterwright.clock import minutes
from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import ForEach, JobType, Serial, Step

_AT_WORK = (NodePhase.ACTIVE, NodePhase.ABNORMAL)


async def renew(ctx: StepContext) -> None:
    """Wait until a node is ready with the certificates that its cluster has now.

    Drivers give a node whatever it needs of a new generation as soon as that exists. The node keeps
    its phase and is no job's; one that is gone, or another job's by now, is left alone.
    """
    async with ctx.database.reading() as tx:
        node = await store.get(tx, ctx.job.target.resource_id, project_id=ctx.job.project_id)
        if node is None or node.phase not in _AT_WORK or node.cluster_uid != ctx.job.cluster_uid:
            return
        cluster = await clusters.get(tx, node.cluster_uid, project_id=node.project_id)
    if cluster is None:
        raise DriverError(f"Cluster {node.cluster_uid} does not exist any more.", causes.GONE)
    driver = ctx.driver(cluster.driver)
    machine = Subject(node, cluster, driver).machine()
    await ctx.until(
        lambda: driver.observe_node(machine), lambda seen: seen.ready or not seen.exists
    )


ROTATE_NODE_CERT = JobType(
    Serial(
        "RotateNodeCert",
        (GET_CERTIFICATES, ForEach(NODES, Step("RenewNodeCert", renew, timeout=minutes(10)))),
    ),
    settle=ended,
    reopen=nothing_to_reopen,
)

MIGRATE_IN_PLACE = JobType(
    Serial(
        "InPlaceMigrateNode",
        (
            ForEach(NODES, Step("DetachNode", move_node, timeout=minutes(10))),
            ForEach(NODES, INSTALL_SERVER),
        ),
    ),
    settle=ended,
    reopen=works_again(NodePhase.INSTALLING),
)

JOB_TYPES = (ROTATE_NODE_CERT, MIGRATE_IN_PLACE)
