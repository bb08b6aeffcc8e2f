"""The jobs of nodes, as data, and the steps they are made of.

A node's row names the job that works on it. Steps leave a node alone that has become another job's
or is gone, and every job ends in the same way: what it has not brought to an end is in Error.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from clusterwright import clock
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.clusters.job_types import STAYS, nothing_to_reopen
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import blueprint as blueprints
from clusterwright.cce.nodes import pools, released, store
from clusterwright.cce.nodes.conclusions import ended, show_scaling, works_again
from clusterwright.cce.nodes.released import ReleasedServer
from clusterwright.cce.nodes.spec import of_the_server
from clusterwright.cce.nodes.store import Node, NodePhase
from clusterwright.clock import minutes
from clusterwright.drivers import causes, contract
from clusterwright.drivers.contract import Driver, DriverError, Machine, Taint
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.plan import ForEach, JobType, Serial, Step
from clusterwright.storage.database import Tx

TARGET_CLUSTER = "target"
"""The argument of a migration that names the cluster to move to."""
ONLY_NODE = "node"
"""The argument of a synchronisation that names its only node."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The node that a step works on, where it is, and who drives it."""

    node: Node
    cluster: Cluster
    driver: Driver
    configured: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What its pool says of its components."""

    def machine(self, *, server_id: str | None = "") -> contract.Node:
        """The node as drivers know it; ``server_id`` names an existing server to take over."""
        spec = self.node.spec
        options = blueprints.options(spec, self.configured)
        return contract.Node(
            uid=self.node.uid,
            cluster=blueprint(self.cluster),
            name=self.node.name,
            flavor=self.node.flavor,
            availability_zone=spec.get("az", ""),
            os=spec["os"],
            server_id=server_id or "",
            private_ip=self.node.private_ip,
            labels=spec.get("k8sTags", {}),
            taints=tuple(
                Taint(one["key"], one.get("value") or "", one["effect"])
                for one in spec.get("taints", ())
            ),
            max_pods=blueprints.max_pods(spec, options),
            options={component: values for component, values in options.items() if values},
            kube_reserved=blueprints.reserved(spec, "kube"),
            system_reserved=blueprints.reserved(spec, "system"),
        )


async def _subject(ctx: StepContext) -> Subject | None:
    """What the step works on; None when the node is gone or has become another job's."""
    async with ctx.database.reading() as tx:
        node = await store.get(tx, ctx.job.target.resource_id, project_id=ctx.job.project_id)
        if node is None or node.job_uid != ctx.root.uid:
            return None
        cluster = await _cluster(tx, node.cluster_uid, node.project_id)
        configured = await _configured(tx, node.nodepool_uid, cluster)
    return Subject(node, cluster, ctx.driver(cluster.driver), configured)


async def _configured(tx: Tx, pool: str, cluster: Cluster) -> Mapping[str, Mapping[str, Any]]:
    if not pool:
        return {}
    return await pools.configuration(
        tx, pool, project_id=cluster.project_id, cluster_uid=cluster.uid
    )


async def _cluster(tx: Tx, uid: str, project_id: str, *, lock: bool = False) -> Cluster:
    cluster = await clusters.get(tx, uid, project_id=project_id, lock=lock)
    if cluster is None:
        raise DriverError(f"Cluster {uid} does not exist any more.", causes.GONE)
    return cluster


async def get_certificates(ctx: StepContext) -> None:
    """Make sure that the cluster's certificates exist."""
    async with ctx.database.reading() as tx:
        cluster = await _cluster(tx, ctx.job.cluster_uid, ctx.job.project_id)
    driver = ctx.driver(cluster.driver)
    await driver.ensure_credentials(blueprint(cluster))


async def create_server(ctx: StepContext) -> None:
    """Bring the node's server up, and note its id and address."""
    subject = await _subject(ctx)
    if subject is None:
        return
    machine = subject.machine()
    await subject.driver.ensure_node(machine)
    seen = await ctx.until(lambda: subject.driver.observe_node(machine), lambda seen: seen.created)
    await _note(ctx, subject, seen, NodePhase.INSTALLING)


async def install_node(ctx: StepContext) -> None:
    """Wait until the node has joined its cluster."""
    subject = await _subject(ctx)
    if subject is not None:
        await _join(ctx, subject, subject.machine(), told=False)


async def install_server(ctx: StepContext) -> None:
    """Make an existing server a node, and wait until it has joined its cluster."""
    subject = await _subject(ctx)
    if subject is not None:
        machine = subject.machine(server_id=subject.node.server_id)
        await subject.driver.ensure_node(machine)
        await _join(ctx, subject, machine, told=True)


async def _join(ctx: StepContext, subject: Subject, machine: contract.Node, *, told: bool) -> None:
    seen = await ctx.until(lambda: subject.driver.observe_node(machine), lambda seen: seen.ready)
    await _note(ctx, subject, seen, NodePhase.ACTIVE, told=told)


async def _note(
    ctx: StepContext, subject: Subject, seen: Machine, phase: NodePhase, *, told: bool = True
) -> None:
    """Note how far the node is, and with what it is being made if this step ``told`` the driver.

    Its pool may be configured anew between two steps: the later one must not claim that.
    """
    node = subject.node
    configured = pools.mark(subject.configured) if told else node.configured
    known = (node.phase, node.server_id, node.private_ip, node.configured)
    if known == (phase, seen.server_id, seen.private_ip, configured):
        return
    async with ctx.transaction() as tx:
        await store.advance(
            tx,
            node.uid,
            job_uid=ctx.root.uid,
            phase=phase,
            server_id=seen.server_id or None,
            private_ip=seen.private_ip,
            configured=configured,
            updated_at=clock.now(),
        )


async def leave(ctx: StepContext, subject: Subject) -> None:
    """Take the node out of its cluster, and wait until it is gone."""
    machine = subject.machine()
    await subject.driver.delete_node(machine)
    await ctx.until(lambda: subject.driver.observe_node(machine), lambda seen: not seen.exists)


async def delete_server(ctx: StepContext) -> None:
    """Remove the node's server, then forget the node."""
    subject = await _subject(ctx)
    if subject is None:
        return
    await leave(ctx, subject)
    async with ctx.transaction() as tx:
        await store.remove(tx, subject.node.uid, job_uid=ctx.root.uid)


def servers(nodes: Iterable[Node]) -> list[ReleasedServer]:
    """What is to be remembered of the servers of nodes; some nodes have none yet."""
    now = clock.now()
    return [
        ReleasedServer(
            project_id=node.project_id,
            server_id=node.server_id,
            name=node.name,
            private_ip=node.private_ip,
            spec=of_the_server(node.spec),
            released_at=now,
        )
        for node in nodes
        if node.server_id
    ]


async def release_server(ctx: StepContext) -> None:
    """Take the node out of its cluster, and remember its server in the node's place."""
    subject = await _subject(ctx)
    if subject is None:
        return
    await leave(ctx, subject)
    node = subject.node
    async with ctx.transaction() as tx:
        await _cluster(tx, node.cluster_uid, node.project_id, lock=True)
        await store.remove(tx, node.uid, job_uid=ctx.root.uid)
        await released.remember(tx, servers([node]), project_id=node.project_id)


async def uninstall_node(ctx: StepContext) -> None:
    """Take the node out of its cluster, to be installed again."""
    subject = await _subject(ctx)
    if subject is not None:
        await leave(ctx, subject)


async def move_node(ctx: StepContext) -> None:
    """Take the node out of its old cluster and make it the new one's."""
    subject = await _subject(ctx)
    target = ctx.arguments[TARGET_CLUSTER]
    if subject is None or subject.cluster.uid == target:
        return
    await leave(ctx, subject)
    async with ctx.transaction() as tx:
        # Everybody locks clusters before nodes, and several of them in this order.
        both = sorted((subject.cluster.uid, target))
        for uid in both:
            await _cluster(tx, uid, subject.node.project_id, lock=True)
        await store.advance(tx, subject.node.uid, job_uid=ctx.root.uid, cluster_uid=target)
        # Or the target could be deleted while the node is being installed there.
        for uid in both:
            await show_scaling(tx, uid, project_id=subject.node.project_id)


async def sync_nodes(ctx: StepContext) -> None:
    """Ask the driver how the idle nodes are, and note it."""
    only = ctx.arguments[ONLY_NODE]
    async with ctx.database.reading() as tx:
        cluster = await _cluster(tx, ctx.job.cluster_uid, ctx.job.project_id)
        found = await store.find(
            tx,
            project_id=cluster.project_id,
            cluster_uid=cluster.uid,
            uids=[only] if only else None,
        )
    driver = ctx.driver(cluster.driver)
    for node in found:
        if node.phase in (NodePhase.ACTIVE, NodePhase.ABNORMAL):
            machine = Subject(node, cluster, driver).machine()
            looked = clock.now()
            seen = await driver.observe_node(machine)
            phase = NodePhase.ACTIVE if seen.ready else NodePhase.ABNORMAL
            address = seen.private_ip or node.private_ip
            if (phase, address) != (node.phase, node.private_ip):
                async with ctx.transaction() as tx:
                    await store.observe(
                        tx,
                        node.uid,
                        seen_at=looked,
                        phase=phase,
                        reason="",
                        private_ip=address,
                        updated_at=clock.now(),
                    )


async def configure_nodes(ctx: StepContext) -> None:
    """Pass what their pool says of components on to its idle nodes, until it is in force."""
    pool = ctx.job.target.resource_id
    async with ctx.database.reading() as tx:
        cluster = await _cluster(tx, ctx.job.cluster_uid, ctx.job.project_id)
        found = await store.find(
            tx, project_id=cluster.project_id, cluster_uid=cluster.uid, nodepool_uid=pool
        )
        configured = await _configured(tx, pool, cluster)
    driver = ctx.driver(cluster.driver)
    idle = [
        Subject(node, cluster, driver, configured).machine(server_id=node.server_id)
        for node in found
        if node.phase in (NodePhase.ACTIVE, NodePhase.ABNORMAL)
    ]
    for machine in idle:
        await driver.ensure_node(machine)
    mark = pools.mark(configured)
    for machine in idle:
        await ctx.until(partial(driver.observe_node, machine), lambda seen: seen.configured)
        async with ctx.transaction() as tx:
            await store.update(tx, [machine.uid], configured=mark)


NODES = "nodes"
"""The group of targets of every job here: one per node."""

GET_CERTIFICATES = Step("GetPSMCert", get_certificates, timeout=minutes(2), names_resource=False)
DELETE_SERVER = Step("DeleteNodeVM", delete_server, timeout=minutes(10))
UNINSTALL_NODE = Step("UninstallNode", uninstall_node, timeout=minutes(10))
INSTALL_SERVER = Step("InstallNode", install_server, timeout=minutes(20))

# Terraform finds a node by ScaleupCluster, CreateNode, InstallNode; the Open Telekom Cloud provider
# by the first sub-job and its CreateNodeVM (API reference, 0.8 and 3.6).
SCALEUP_CLUSTER = JobType(
    Serial(
        "ScaleupCluster",
        (
            ForEach(
                NODES,
                Serial(
                    "CreateNode",
                    (
                        GET_CERTIFICATES,
                        Step("CreateNodeVM", create_server, timeout=minutes(10)),
                        Step("InstallNode", install_node, timeout=minutes(20)),
                    ),
                ),
            ),
        ),
    ),
    settle=ended,
    reopen=works_again(NodePhase.INSTALLING),
)

DELETE_NODE = JobType(
    Serial("DeleteNode", (ForEach(NODES, DELETE_SERVER),)),
    settle=ended,
    reopen=works_again(NodePhase.DELETING),
    stays=STAYS,
)

ADD_NODE = JobType(
    Serial("AddNode", (ForEach(NODES, INSTALL_SERVER),)),
    settle=ended,
    reopen=works_again(NodePhase.INSTALLING),
)

RESET_NODE = JobType(
    Serial("ResetNode", (ForEach(NODES, UNINSTALL_NODE), ForEach(NODES, INSTALL_SERVER))),
    settle=ended,
    reopen=works_again(NodePhase.INSTALLING),
)

REMOVE_NODE = JobType(
    Serial(
        "RemoveNode", (ForEach(NODES, Step("UninstallNode", release_server, timeout=minutes(10))),)
    ),
    settle=ended,
    reopen=works_again(NodePhase.DELETING),
    stays=STAYS,
)

MIGRATE_NODE = JobType(
    Serial(
        "MigrateNode",
        (
            ForEach(NODES, Step("UninstallNode", move_node, timeout=minutes(10))),
            ForEach(NODES, INSTALL_SERVER),
        ),
    ),
    settle=ended,
    reopen=works_again(NodePhase.INSTALLING),
)

SYNC_NODES = JobType(
    Serial("SyncNodes", (Step("SyncNode", sync_nodes, timeout=minutes(20)),)),
    settle=ended,
    reopen=nothing_to_reopen,
)

CONFIGURE_NODE_POOL = JobType(
    Serial("ConfigureNodePool", (Step("ConfigureNodes", configure_nodes, timeout=minutes(10)),)),
    settle=ended,
    reopen=nothing_to_reopen,
)

JOB_TYPES = (
    SCALEUP_CLUSTER,
    DELETE_NODE,
    ADD_NODE,
    RESET_NODE,
    REMOVE_NODE,
    MIGRATE_NODE,
    SYNC_NODES,
    CONFIGURE_NODE_POOL,
)
