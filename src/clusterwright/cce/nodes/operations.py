"""What can be done with nodes: each operation is one transaction and refuses with the catalogue.

Every operation that changes nodes locks their cluster first, so operations on one cluster take
turns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import pools, released, sizes, store
from clusterwright.cce.nodes.documents import POOL_ANNOTATION
from clusterwright.cce.nodes.job_types import servers
from clusterwright.cce.nodes.promises import (
    addresses,
    check_idle,
    count_present,
    draft,
    find_all,
    get_steady,
    names,
    start,
    stop,
)
from clusterwright.cce.nodes.spec import (
    LONGEST_NAME,
    affixes,
    check_spec,
    complete,
    named,
    share_out,
)
from clusterwright.cce.nodes.store import Node, NodePhase
from clusterwright.cce.nodes.wire import NodeToCreate, keepable
from clusterwright.cce.surroundings import checks
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What was promised: a node's end."""

    node: Node
    """As it was before."""
    job_uid: str
    before: int
    """How many nodes the cluster had, those on their way out not counted."""
    after: int


async def create(
    tx: Tx,
    caller: Caller,
    cluster_uid: str,
    asked: NodeToCreate,
    *,
    zone: str,
    trusting: bool,
    pool_expects: bool = False,
) -> Node:
    """Promise new nodes: their rows in phase Build and their whole job. Returns the first of them.

    Where the annotation names a pool, the nodes are the pool's; unless ``pool_expects`` them
    already, it expects so many more. ``trusting`` says whether networks and key pairs that were not
    made here are believed in. Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST,
    FIXED_IP, NODE_LIMIT, NOT_SUPPORTED.
    """
    cluster = await get_steady(tx, caller, cluster_uid)
    count = asked.spec.count
    annotations = dict(asked.metadata.annotations or {})
    pool_uid = annotations.pop(POOL_ANNOTATION, "")
    if pool_uid not in await pools.views(tx, cluster.uid, project_id=cluster.project_id):
        pool_uid = ""
    sent = keepable(asked.spec)
    check_spec(sent, cluster)
    around = named(sent, cluster.spec["hostNetwork"]["vpc"])
    await checks.check(tx, around, project_id=cluster.project_id, trusting=trusting)
    specs = share_out(complete(sent, cluster, zone=zone), count)
    each = zip(
        _names(asked.metadata.name, cluster, count, sent),
        specs,
        await addresses(tx, cluster, specs),
        strict=True,
    )
    made = await start(
        tx,
        cluster,
        [
            draft(cluster, name, spec, nodepool_uid=pool_uid, private_ip=private_ip)
            async for name, spec, private_ip in unhurried(each)
        ],
        labels=asked.metadata.labels or {},
        annotations=annotations,
    )
    if pool_uid and not pool_expects:
        await sizes.gain(tx, cluster, pool_uid, count=count)
    return made[0]


def _names(asked: str, cluster: Cluster, count: int, sent: Mapping[str, Any]) -> Iterable[str]:
    # API reference, 5.1.
    if not asked or count > 1:
        return names(asked[:50] if asked else cluster.name[:36], count, sent)
    before, behind = affixes(sent)
    name = f"{before}{asked}{behind}"
    if len(name) > LONGEST_NAME:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"metadata.name: with what spec.nodeNameTemplate adds it has {len(name)} characters;"
            f" at most {LONGEST_NAME} are possible.",
        )
    return [name]


async def show(tx: Tx, caller: Caller, cluster_uid: str, uid: str, *, lock: bool = False) -> Node:
    """The node; with ``lock`` no other operation changes it meanwhile.

    Raises ApiError NOT_FOUND for one that this cluster of the project has not.
    """
    cluster = await clusters.show(tx, caller, cluster_uid, lock=lock)
    return (await find_all(tx, cluster, [uid]))[0]


async def get_marked(tx: Tx, caller: Caller, cluster_uid: str, marker: str) -> Node | None:
    """The node after which a page begins; None where that is the first page.

    The marker may be a node that was deleted since: the page begins where it was. Raises ApiError:
    NOT_FOUND, INVALID_REQUEST for a marker that cannot have been a node of the cluster.
    """
    cluster = await clusters.show(tx, caller, cluster_uid)
    if not marker:
        return None
    after = await store.get(tx, marker, project_id=caller.project_id)
    if after is not None and after.cluster_uid == cluster.uid:
        return after
    made_at = ids.made_at(marker)
    if after is not None or made_at is None or not cluster.created_at <= made_at <= clock.now():
        raise ApiError(
            errors.INVALID_REQUEST, f"query.marker: {marker[:64]} is no node of this cluster."
        )
    # Nodes are listed in the order in which their ids were drawn.
    uids = await store.places(tx, project_id=caller.project_id, cluster_uid=cluster.uid)
    earlier = [uid for uid in uids if (ids.made_at(uid) or 0) < made_at]
    return await store.get(tx, earlier[-1], project_id=caller.project_id) if earlier else None


async def list_page(
    tx: Tx, caller: Caller, cluster_uid: str, *, limit: int, after: Node | None
) -> tuple[Sequence[Node], bool]:
    """Nodes of a cluster in the order of their creation, and whether more follow.

    They begin after a node, which may have been deleted since it was read, or with the first one.
    """
    found = await store.page(
        tx, project_id=caller.project_id, cluster_uid=cluster_uid, after=after, limit=limit + 1
    )
    return found[:limit], len(found) > limit


async def rename(tx: Tx, caller: Caller, cluster_uid: str, uid: str, name: str) -> Node:
    """Give the node another name.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for one that Kubernetes knows by name.
    """
    node = await show(tx, caller, cluster_uid, uid, lock=True)
    if node.phase is NodePhase.DELETING:
        raise ApiError(errors.WRONG_STATE, "The node is being deleted.")
    if node.spec.get("hostnameConfig", {}).get("type") == "cceNodeName" and name != node.name:
        raise ApiError(
            errors.INVALID_REQUEST,
            "metadata.name: a node keeps its name where hostnameConfig.type is cceNodeName.",
        )
    renamed = replace(node, name=name, updated_at=clock.now())
    await store.update(tx, [uid], name=name, updated_at=renamed.updated_at)
    return renamed


async def delete(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, *, zone: str, replaced: bool
) -> Deletion:
    """Promise the end of a node; asking again gives the same job.

    Its pool expects one node fewer, or makes a new one where it is to be ``replaced``. Raises
    ApiError: NOT_FOUND, WRONG_STATE, NODE_INSTALLING.
    """
    cluster = await get_steady(tx, caller, cluster_uid)
    node = (await find_all(tx, cluster, [uid]))[0]
    before = await count_present(tx, cluster)
    if node.phase is NodePhase.DELETING:
        return Deletion(node=node, job_uid=node.job_uid, before=before, after=before)
    check_idle([node])
    job_uid = await stop(tx, cluster, [node])
    if replaced and node.nodepool_uid:
        pool = await sizes.get_changeable(tx, cluster, node.nodepool_uid)
        await sizes.reconcile(tx, cluster, pool, zone=zone, groups=(node.scale_group,))
    else:
        await sizes.lose(tx, cluster, [node])
    return Deletion(node=node, job_uid=job_uid, before=before, after=before - 1)


async def keep_servers(tx: Tx, cluster: Cluster, options: Mapping[str, str]) -> None:
    """Remember the servers of a cluster that is about to be deleted, where that is asked for."""
    if options.get("ondemand_node_policy") in ("retain", "reset"):
        nodes = await store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
        await released.remember(tx, servers(nodes), project_id=cluster.project_id)
