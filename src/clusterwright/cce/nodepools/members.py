"""What can be done with the nodes of a pool: accept, take in, bring up to date."""

from dataclasses import replace
from typing import Any

from clusterwright import clock, errors
from clusterwright.cce.nodepools.job_types import MOST_UNAVAILABLE, UPGRADE_NODE_POOL
from clusterwright.cce.nodepools.wire import (
    POOL_LABEL,
    PoolNodes,
    PoolServers,
    PoolToUpgrade,
    UpgradeTemplate,
)
from clusterwright.cce.nodes import pools, promises, sizes
from clusterwright.cce.nodes import store as node_store
from clusterwright.cce.nodes.job_types import ADD_NODE
from clusterwright.cce.nodes.spec import complete, reinstalled
from clusterwright.cce.nodes.store import NodePhase
from clusterwright.cce.nodes.wire import keepable
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried


async def add(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, asked: PoolServers, *, zone: str
) -> str:
    """Promise nodes of the pool on existing servers and return the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE, NODE_LIMIT, INVALID_REQUEST.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    pool = await sizes.get_changeable(tx, cluster, uid)
    template = complete(pool.spec["nodeTemplate"], cluster, zone=zone)
    servers = [server.server_id for server in asked.node_list]
    drafts = [
        promises.draft(
            cluster,
            next(promises.names(pool.name, 1)),
            # The pool tells what is installed, the server what it is.
            reinstalled(template, known.spec if known else {}),
            nodepool_uid=pool.uid,
            server_id=server_id,
            private_ip=known.private_ip if known else "",
        )
        for server_id, known in zip(
            servers, await promises.known_servers(tx, cluster, servers), strict=True
        )
    ]
    added = await promises.start(tx, cluster, drafts, job_type=ADD_NODE)
    await pools.save(tx, replace(pool, expected=pool.expected + len(added)))
    return added[0].job_uid


async def migrate(tx: Tx, caller: Caller, cluster_uid: str, uid: str, asked: PoolNodes) -> None:
    """Make nodes of the cluster the pool's. The pools they leave expect fewer.

    Raises ApiError: NOT_FOUND, WRONG_STATE, NODE_INSTALLING.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    pool = await sizes.get_changeable(tx, cluster, uid)
    found = await promises.find_all(tx, cluster, [item.node_id for item in asked.node_list])
    coming = [node for node in found if node.nodepool_uid != pool.uid]
    promises.check_idle(coming)
    async for node in unhurried(coming):
        tags = node.spec.get("k8sTags", {}) | {POOL_LABEL: pool.name}
        await node_store.update(
            tx,
            [node.uid],
            nodepool_uid=pool.uid,
            scale_group="",
            spec=node.spec | {"k8sTags": tags},
            updated_at=clock.now(),
        )
    await pools.save(tx, replace(pool, expected=pool.expected + len(coming)))
    await sizes.lose(tx, cluster, coming)


async def upgrade(tx: Tx, caller: Caller, cluster_uid: str, uid: str, asked: PoolToUpgrade) -> str:
    """Promise to install the pool's nodes again as its template is now, and return the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE, NODE_INSTALLING.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    pool = await sizes.get_changeable(tx, cluster, uid)
    found = await sizes.members(tx, pool)
    wanted = set(asked.spec.node_ids or [node.uid for node in found])
    unknown = wanted - {node.uid for node in found}
    if unknown:
        raise ApiError(
            errors.NOT_FOUND, f"There is no node {unknown.pop()[:64]} in this node pool."
        )
    wanted -= set(asked.spec.skipped_nodes or ())
    chosen = [node for node in found if node.uid in wanted]
    promises.check_idle(chosen)
    template = pool.spec["nodeTemplate"]
    news = {"os": template["os"], "runtime": template["runtime"]}
    news |= _asked_besides(asked.spec.node_template)
    async for node in unhurried(chosen):
        await node_store.update(tx, [node.uid], spec=reinstalled(node.spec, news))
    target = Target(pool.uid, pool.name)
    most = {MOST_UNAVAILABLE: str(asked.spec.max_unavailable or 1)}
    job_uid = await promises.submit(
        tx, cluster, chosen, UPGRADE_NODE_POOL, arguments=most, target=target
    )
    await promises.work_on(tx, cluster, chosen, phase=NodePhase.UPGRADING, job_uid=job_uid)
    return job_uid


def _asked_besides(asked: UpgradeTemplate | None) -> dict[str, Any]:
    """What a request to install nodes again decides beside their pool."""
    sent = keepable(asked) if asked is not None else {}
    life = sent.get("lifeCycle", {})
    scripts = {
        f"alpha.cce/{key}": life[key] for key in ("preInstall", "postInstall") if key in life
    }
    spec = {"login": sent["login"]} if sent.get("login") else {}
    if "waitPostInstallFinish" in life:
        spec["waitPostInstallFinish"] = life["waitPostInstallFinish"]
    return spec | ({"extendParam": scripts} if scripts else {})
