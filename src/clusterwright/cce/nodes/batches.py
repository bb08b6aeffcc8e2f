"""What can be done with many nodes at once: accept, reset, remove, migrate, lock, synchronise."""

from collections.abc import Mapping, Sequence
from typing import Any

from clusterwright import clock, errors
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import pools, promises, sizes, store
from clusterwright.cce.nodes.batch_wire import (
    MigrateNodesTask,
    NodesToReset,
    NodeToReset,
    ServersToAdd,
    ServerToAdd,
)
from clusterwright.cce.nodes.job_types import (
    ADD_NODE,
    MIGRATE_NODE,
    ONLY_NODE,
    REMOVE_NODE,
    RESET_NODE,
    SYNC_NODES,
    TARGET_CLUSTER,
)
from clusterwright.cce.nodes.pools import PoolView
from clusterwright.cce.nodes.released import ReleasedServer
from clusterwright.cce.nodes.spec import (
    check_installation,
    complete,
    encrypted_with,
    installed,
    named,
    reinstalled,
)
from clusterwright.cce.nodes.store import Node, NodePhase
from clusterwright.cce.nodes.wire import keepable
from clusterwright.cce.surroundings import checks
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried


async def add(
    tx: Tx, caller: Caller, cluster_uid: str, asked: ServersToAdd, *, zone: str, trusting: bool
) -> str:
    """Promise nodes on existing servers and return the job's uid.

    ``trusting`` says whether key pairs that were not made here are believed in. Raises ApiError:
    NOT_FOUND, WRONG_STATE, NODE_LIMIT, INVALID_REQUEST for a server that is a node already.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    sent = {
        f"nodeList.{place}.spec": keepable(one.spec) for place, one in enumerate(asked.node_list)
    }
    await _check_around(tx, cluster, sent, trusting=trusting)
    drafts = [
        _accepted(cluster, server, known, zone=zone)
        for server, known in zip(
            asked.node_list,
            await promises.known_servers(tx, cluster, [each.server_id for each in asked.node_list]),
            strict=True,
        )
    ]
    nodes = await promises.start(tx, cluster, drafts, job_type=ADD_NODE)
    return nodes[0].job_uid


async def _check_around(
    tx: Tx, cluster: Cluster, sent: Mapping[str, Mapping[str, Any]], *, trusting: bool
) -> None:
    """Make sure that what installations name, each at its field, is there. Raises ApiError."""
    around = [each for field, spec in sent.items() for each in named(spec, field=field)]
    await checks.check(tx, around, project_id=cluster.project_id, trusting=trusting)


def _accepted(
    cluster: Cluster, server: ServerToAdd, known: ReleasedServer | None, *, zone: str
) -> Node:
    installation = installed(server.spec)
    check_installation(installation)
    name = server.spec.name or (known.name if known else "")
    return promises.draft(
        cluster,
        name or next(promises.names(cluster.name[:36], 1)),
        complete(reinstalled(known.spec if known else {}, installation), cluster, zone=zone),
        server_id=server.server_id,
        private_ip=known.private_ip if known else "",
    )


async def reset(
    tx: Tx, caller: Caller, cluster_uid: str, asked: NodesToReset, *, trusting: bool
) -> str:
    """Promise to install nodes again on their servers and return the job's uid.

    ``trusting`` says whether key pairs that were not made here are believed in. Raises ApiError:
    NOT_FOUND, WRONG_STATE, NODE_INSTALLING, INVALID_REQUEST.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    sent = {
        f"nodeList.{place}.spec": keepable(one.spec)
        for place, one in enumerate(asked.node_list)
        if one.spec is not None
    }
    await _check_around(tx, cluster, sent, trusting=trusting)
    views = await pools.views(tx, cluster.uid, project_id=cluster.project_id)
    wanted = {item.node_id: item for item in asked.node_list}
    nodes = await promises.find_all(tx, cluster, list(wanted))
    promises.check_idle(nodes)
    job_uid = await promises.submit(tx, cluster, nodes, RESET_NODE)
    async for node in unhurried(nodes):
        values = _reset(node, wanted[node.uid], views.get(node.nodepool_uid))
        await store.update(tx, [node.uid], **values)
    await promises.work_on(tx, cluster, nodes, phase=NodePhase.INSTALLING, job_uid=job_uid)
    return job_uid


def _reset(node: Node, asked: NodeToReset, pool: PoolView | None) -> dict[str, Any]:
    if pool is not None:
        # The pool decides, whatever is asked (API reference, 5.3).
        return {"spec": node.spec | {"os": pool.os, "runtime": dict(pool.runtime)}}
    if asked.spec is None:
        return {"name": node.name}
    spec = reinstalled(node.spec, installed(asked.spec))
    check_installation(spec)
    return {"name": asked.spec.name or node.name, "spec": spec}


async def remove(tx: Tx, caller: Caller, cluster_uid: str, uids: Sequence[str]) -> str:
    """Promise to take nodes out of their cluster and return the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE, NODE_INSTALLING.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    nodes = await promises.find_all(tx, cluster, uids)
    promises.check_idle(nodes)
    job_uid = await promises.stop(tx, cluster, nodes, job_type=REMOVE_NODE)
    await sizes.lose(tx, cluster, nodes)
    return job_uid


async def migrate(
    tx: Tx,
    caller: Caller,
    cluster_uid: str,
    target_uid: str,
    asked: MigrateNodesTask,
    *,
    trusting: bool,
) -> str:
    """Promise to move nodes to another cluster and return the job's uid. They leave their pools.

    ``trusting`` says whether key pairs that were not made here are believed in. Raises ApiError:
    NOT_FOUND, WRONG_STATE, NODE_INSTALLING, NODE_LIMIT, INVALID_REQUEST.
    """
    if target_uid == cluster_uid:
        raise ApiError(errors.INVALID_REQUEST, "The nodes are in the target cluster already.")
    # Everybody who locks several clusters does so in this order.
    locked = {
        uid: await promises.get_steady(tx, caller, uid) for uid in sorted((cluster_uid, target_uid))
    }
    cluster, target = locked[cluster_uid], locked[target_uid]
    if (cluster.driver, _vpc(cluster)) != (target.driver, _vpc(target)):
        raise ApiError(
            errors.INVALID_REQUEST, "Nodes move only between clusters of one VPC and one driver."
        )
    nodes = await promises.find_all(tx, cluster, [item.uid for item in asked.spec.nodes])
    promises.check_idle(nodes)
    await promises.check_room(tx, target, len(nodes))
    sent = keepable(asked.spec)
    await _check_around(tx, cluster, {"spec": sent}, trusting=trusting)
    changes: dict[str, Any] = {
        key: sent[key] for key in ("os", "login", "runtime", "extendParam") if key in sent
    }
    if key_id := sent.get("serverConfig", {}).get("rootVolume", {}).get("cmkID"):
        changes["rootVolume"] = {"metadata": encrypted_with(key_id)}
    check_installation(changes)
    there = {
        node.private_ip
        for node in await store.find(tx, project_id=target.project_id, cluster_uid=target.uid)
    }
    job_uid = await promises.submit(
        tx, cluster, nodes, MIGRATE_NODE, arguments={TARGET_CLUSTER: target_uid}
    )
    async for node in unhurried(nodes):
        # Where the target has the address already, the driver gives another.
        address = "" if node.private_ip in there else node.private_ip
        await store.update(tx, [node.uid], spec=reinstalled(node.spec, changes), private_ip=address)
    await promises.work_on(
        tx,
        cluster,
        nodes,
        phase=NodePhase.INSTALLING,
        job_uid=job_uid,
        nodepool_uid="",
        scale_group="",
    )
    await sizes.lose(tx, cluster, nodes)
    return job_uid


def _vpc(cluster: Cluster) -> str:
    vpc: str = cluster.spec["hostNetwork"]["vpc"]
    return vpc


async def lock_scale_down(
    tx: Tx, caller: Caller, cluster_uid: str, uids: Sequence[str], *, locked: bool
) -> None:
    """Keep nodes from being chosen when their pool shrinks, or allow it again.

    Raises ApiError: NOT_FOUND, WRONG_STATE.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    nodes = await promises.find_all(tx, cluster, uids)
    await store.update(
        tx, [node.uid for node in nodes], scale_down_locked=locked, updated_at=clock.now()
    )


async def sync(tx: Tx, caller: Caller, cluster_uid: str, *, uid: str = "") -> str:
    """Promise to look after one node or all of them, and return the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    target = Target("", cluster.name)
    if uid:
        node = (await promises.find_all(tx, cluster, [uid]))[0]
        target = Target(uid, node.name)
    return await promises.submit(
        tx, cluster, (), SYNC_NODES, arguments={ONLY_NODE: uid}, target=target
    )
