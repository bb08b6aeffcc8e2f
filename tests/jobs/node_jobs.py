"""How the jobs of nodes and of node pools are submitted on a bench, resources and all."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from clusterwright.cce.clusters import store as cluster_store
from clusterwright.cce.nodepools import members
from clusterwright.cce.nodepools import operations as pools
from clusterwright.cce.nodepools.wire import PoolToCreate, PoolToUpgrade
from clusterwright.cce.nodes import batches, operations, sizes, store
from clusterwright.cce.nodes.batch_wire import MigrateNodesTask, NodesToReset, ServersToAdd
from clusterwright.cce.nodes.pools import Pool
from clusterwright.cce.nodes.wire import NodeToCreate
from clusterwright.cce.upkeep import operations as upkeep
from clusterwright.cce.upkeep.wire import InPlaceTask
from clusterwright.document import Document
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Tx

if TYPE_CHECKING:
    from tests.jobs.bench import Bench

PROJECT = "0" * 32
CALLER = Caller(
    user_id="u", user_name="tester", domain_id="d", domain_name="testers", project_id=PROJECT
)
ZONE = "cn-north-4a"
SPEC = {
    "flavor": "s6.large.2",
    "az": ZONE,
    "os": "EulerOS 2.9",
    "rootVolume": {"size": 40, "volumetype": "SAS"},
    "dataVolumes": [{"size": 100, "volumetype": "SAS"}],
}


def parsed(model: type[Document], document: Mapping[str, Any]) -> Any:
    """A body as the edge reads it."""
    return model.parse(msgspec.json.encode(document))


async def cluster(bench: "Bench") -> str:
    """An available cluster, the bench's newest."""
    await bench.run(await bench.submit("CreateCluster"))
    return bench.clusters[-1]


async def scale_up(bench: "Bench", count: int = 2) -> str:
    uid = await cluster(bench)
    asked = {"kind": "Node", "apiVersion": "v3", "spec": SPEC | {"count": count}}
    async with bench.database.transaction() as tx:
        node = await operations.create(
            tx, CALLER, uid, parsed(NodeToCreate, asked), zone=ZONE, trusting=True
        )
    return node.job_uid


async def nodes(bench: "Bench") -> tuple[str, list[str]]:
    """An available cluster and its active nodes."""
    await bench.run(await scale_up(bench))
    uid = bench.clusters[-1]
    async with bench.database.reading() as tx:
        found = await store.find(tx, project_id=PROJECT, cluster_uid=uid)
    return uid, [node.uid for node in found]


async def delete(bench: "Bench") -> str:
    uid, (first, _) = await nodes(bench)
    async with bench.database.transaction() as tx:
        done = await operations.delete(tx, CALLER, uid, first, zone=ZONE, replaced=False)
    return done.job_uid


async def add(bench: "Bench") -> str:
    uid = await cluster(bench)
    servers = [{"serverID": f"{uid}-{n}", "spec": {"os": "EulerOS 2.9"}} for n in "ab"]
    async with bench.database.transaction() as tx:
        return await batches.add(
            tx, CALLER, uid, parsed(ServersToAdd, {"nodeList": servers}), zone=ZONE, trusting=True
        )


async def reset(bench: "Bench") -> str:
    uid, uids = await nodes(bench)
    asked = {"nodeList": [{"nodeID": node, "spec": {"os": "EulerOS 2.9"}} for node in uids]}
    async with bench.database.transaction() as tx:
        return await batches.reset(tx, CALLER, uid, parsed(NodesToReset, asked), trusting=True)


async def remove(bench: "Bench") -> str:
    uid, uids = await nodes(bench)
    async with bench.database.transaction() as tx:
        return await batches.remove(tx, CALLER, uid, uids)


async def migrate(bench: "Bench") -> str:
    target = await cluster(bench)
    uid, uids = await nodes(bench)
    asked = {"spec": {"os": "EulerOS 2.9", "nodes": [{"uid": node} for node in uids]}}
    async with bench.database.transaction() as tx:
        return await batches.migrate(
            tx, CALLER, uid, target, parsed(MigrateNodesTask, asked), trusting=True
        )


async def migrate_in_place(bench: "Bench") -> str:
    target = await cluster(bench)
    uid, uids = await nodes(bench)
    asked = {"spec": {"nodes": [{"uid": node} for node in uids]}}
    async with bench.database.transaction() as tx:
        return await upkeep.migrate_in_place(tx, CALLER, uid, target, parsed(InPlaceTask, asked))


async def rotate(bench: "Bench") -> str:
    uid, uids = await nodes(bench)
    async with bench.database.transaction() as tx:
        await cluster_store.update(tx, uid, credentials=1)
        return await upkeep.rotate_certificates(tx, CALLER, uid, uids)


async def sync(bench: "Bench") -> str:
    uid, _ = await nodes(bench)
    async with bench.database.transaction() as tx:
        return await batches.sync(tx, CALLER, uid)


async def pool(bench: "Bench") -> tuple[str, str]:
    """An available cluster with a ready pool of two nodes."""
    uid = await cluster(bench)
    asked = {
        "kind": "NodePool",
        "apiVersion": "v3",
        "metadata": {"name": "pool-1"},
        "spec": {"initialNodeCount": 2, "nodeTemplate": SPEC},
    }
    async with bench.database.transaction() as tx:
        made = await pools.create(
            tx, CALLER, uid, parsed(PoolToCreate, asked), zone=ZONE, quota=50, trusting=True
        )
        job_uid = await _job(tx, made)
    await bench.run(job_uid)
    return uid, made.uid


async def _job(tx: Tx, made: Pool) -> str:
    return (await sizes.members(tx, made))[0].job_uid


async def delete_pool(bench: "Bench") -> str:
    uid, pool_uid = await pool(bench)
    async with bench.database.transaction() as tx:
        return (await pools.delete(tx, CALLER, uid, pool_uid)).job_uid


async def upgrade_pool(bench: "Bench") -> str:
    uid, pool_uid = await pool(bench)
    async with bench.database.transaction() as tx:
        return await members.upgrade(tx, CALLER, uid, pool_uid, PoolToUpgrade())


SUBMISSIONS: Mapping[str, Callable[["Bench"], Awaitable[str]]] = {
    "ScaleupCluster": scale_up,
    "DeleteNode": delete,
    "AddNode": add,
    "ResetNode": reset,
    "RemoveNode": remove,
    "MigrateNode": migrate,
    "SyncNodes": sync,
    "InPlaceMigrateNode": migrate_in_place,
    "RotateNodeCert": rotate,
    "DeleteNodePool": delete_pool,
    "UpgradeNodePool": upgrade_pool,
}
