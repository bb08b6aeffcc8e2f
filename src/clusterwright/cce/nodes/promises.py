"""What operations on nodes promise: rows and the jobs that make them true."""

import secrets
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters import store as cluster_store
from clusterwright.cce.clusters.store import STEADY, Cluster
from clusterwright.cce.nodes import leases, released, store
from clusterwright.cce.nodes.conclusions import show_scaling
from clusterwright.cce.nodes.job_types import (
    DELETE_NODE,
    NODES,
    SCALEUP_CLUSTER,
)
from clusterwright.cce.nodes.released import ReleasedServer
from clusterwright.cce.nodes.spec import LONGEST_NAME, affixes
from clusterwright.cce.nodes.store import CREATING, Node, NodePhase, ServerTaken
from clusterwright.cce.offers import FLAVORS
from clusterwright.cce.surroundings import checks
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs import store as jobs
from clusterwright.jobs.plan import JobType, Request
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried

_RANDOM = string.ascii_lowercase + string.digits


async def get_steady(tx: Tx, caller: Caller, cluster_uid: str) -> Cluster:
    """The cluster, locked, in a phase in which its nodes may change.

    Raises ApiError: NOT_FOUND, WRONG_STATE. The Open Telekom Cloud provider waits on its 403.
    """
    cluster = await clusters.show(tx, caller, cluster_uid, lock=True)
    clusters.check_phase(cluster, STEADY, "Change its nodes when it is Available.")
    return cluster


def names(stem: str, count: int, spec: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Names of new nodes: a stem, as much of it as fits, with five random letters and digits.

    Around each stands what ``spec`` asks for (API reference, 5.1).
    """
    before, behind = affixes(spec or {})
    stem = stem[: LONGEST_NAME - len(f"{before}-12345{behind}")]
    for _ in range(count):
        yield f"{before}{stem}-{''.join(secrets.choice(_RANDOM) for _ in range(5))}{behind}"


def draft(
    cluster: Cluster,
    name: str,
    spec: dict[str, Any],
    *,
    nodepool_uid: str = "",
    scale_group: str = "",
    server_id: str | None = None,
    private_ip: str = "",
) -> Node:
    """A node that nobody has promised yet; one on an existing server needs only be installed.

    ``private_ip`` is the address that it is to have; empty where the driver chooses.
    """
    now = clock.now()
    return Node(
        uid=ids.new_uid(),
        project_id=cluster.project_id,
        cluster_uid=cluster.uid,
        nodepool_uid=nodepool_uid,
        scale_group=scale_group,
        name=name,
        flavor=spec.get("flavor", ""),
        phase=NodePhase.INSTALLING if server_id else NodePhase.BUILD,
        server_id=server_id,
        private_ip=private_ip,
        spec=spec,
        created_at=now,
        updated_at=now,
    )


async def drafts(
    cluster: Cluster,
    names: Iterable[str],
    spec: dict[str, Any],
    *,
    nodepool_uid: str,
    scale_group: str = "",
) -> list[Node]:
    """Nodes of these names that nobody has promised yet, all alike."""
    return [
        draft(cluster, name, spec, nodepool_uid=nodepool_uid, scale_group=scale_group)
        async for name in unhurried(names)
    ]


async def addresses(tx: Tx, cluster: Cluster, specs: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """The private address that each of these nodes is to have; empty where the driver chooses.

    Raises ApiError INVALID_REQUEST where a block has not so many free addresses.
    """
    primary = specs[0]["nodeNicSpec"]["primaryNic"]
    if block := primary.get("ipBlock"):
        subnet = leases.subnet(specs[0])
        # Some more than needed: the control plane, a gateway or nobody may have one of them.
        master = _address(cluster)
        hosts = await checks.hosts(tx, subnet, project_id=cluster.project_id)
        if hosts and not hosts.has_range(block):
            raise ApiError(
                errors.INVALID_REQUEST,
                f"spec.nodeNicSpec.primaryNic.ipBlock: {block} is not in {hosts.cidr}, the range"
                " of the subnet.",
            )
        free = await leases.free(
            tx, block, subnet, count=len(specs) + 3, project_id=cluster.project_id
        )
        may_be = (address for address in free if address != master)
        found = [each for each in may_be if hosts is None or hosts.has(each)][: len(specs)]
        if len(found) < len(specs):
            raise ApiError(
                errors.INVALID_REQUEST,
                f"spec.nodeNicSpec.primaryNic.ipBlock: {block} has {len(found)} free addresses.",
            )
        return found
    return [next(iter(spec["nodeNicSpec"]["primaryNic"].get("fixedIps", ())), "") for spec in specs]


def _address(cluster: Cluster) -> str:
    """The private address of the cluster's control plane."""
    return cluster.endpoint.removeprefix("https://").rpartition(":")[0]


async def known_servers(
    tx: Tx, cluster: Cluster, server_ids: Sequence[str]
) -> Sequence[ReleasedServer | None]:
    """What is known of servers that were nodes before, in this order.

    They have the addresses that they can have again: what another node holds by now is not theirs
    any more.
    """
    known = await released.find(tx, server_ids, project_id=cluster.project_id)
    wishes = [
        lease for server in known.values() for lease in leases.of(server.spec, server.private_ip)
    ]
    held = await leases.taken(tx, wishes, project_id=cluster.project_id)
    kept = {uid: _without(server, held) for uid, server in known.items()}
    return [kept.get(uid) for uid in server_ids]


def _without(server: ReleasedServer, held: Set[leases.Lease]) -> ReleasedServer:
    lost = {lease.told for lease in leases.of(server.spec, server.private_ip) if lease in held}
    spec = dict(server.spec)
    if lost & set(spec.get("publicIP", {}).get("ids", ())):
        del spec["publicIP"]
    if server.private_ip not in lost:
        return replace(server, spec=spec)
    spec["nodeNicSpec"] = {"primaryNic": {"subnetId": leases.subnet(spec)}}
    return replace(server, spec=spec, private_ip="")


async def start(
    tx: Tx,
    cluster: Cluster,
    planned: Sequence[Node],
    *,
    job_type: JobType = SCALEUP_CLUSTER,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> list[Node]:
    """Promise ``planned`` nodes and return them as stored.

    Raises ApiError: NODE_LIMIT, INVALID_REQUEST.
    """
    await check_room(tx, cluster, len(planned))
    planned = await _in_their_subnets(tx, cluster, planned)
    wanted = {node.uid: held for node in planned if (held := leases.of(node.spec, node.private_ip))}
    every = [lease for each in wanted.values() for lease in each]
    others = await leases.taken(tx, every, project_id=cluster.project_id)
    told = {lease.told for lease in others} | await _held_by_clusters(tx, cluster, every)
    if told:
        raise _taken(min(told))
    job_uid = await submit(tx, cluster, planned, job_type)
    # A nanosecond apart, so that lists keep the order of the job's sub-jobs.
    nodes = [
        replace(
            node,
            job_uid=job_uid,
            labels=labels or {},
            annotations=annotations or {},
            created_at=planned[0].created_at + index,
        )
        async for index, node in unhurried(enumerate(planned))
    ]
    try:
        await store.insert(tx, nodes)
        await leases.take(tx, wanted, project_id=cluster.project_id)
    except leases.Taken as taken:
        raise _taken(str(taken)) from None
    except ServerTaken:
        raise ApiError(
            errors.INVALID_REQUEST,
            "A server is a node already, or is given twice. Remove it from its cluster first.",
        ) from None
    taken_over = [node.server_id for node in nodes if node.server_id]
    await released.forget(tx, taken_over, project_id=cluster.project_id)
    await show_scaling(tx, cluster.uid, project_id=cluster.project_id)
    return nodes


async def _in_their_subnets(tx: Tx, cluster: Cluster, planned: Sequence[Node]) -> Sequence[Node]:
    """The nodes with addresses of their subnets, where the ranges of these are known.

    Raises ApiError: FIXED_IP for an address of another range, INVALID_REQUEST where a subnet has
    not so many free addresses.
    """
    placed: dict[str, str] = {}
    for subnet in {leases.subnet(node.spec) for node in planned}:
        hosts = await checks.hosts(tx, subnet, project_id=cluster.project_id)
        if hosts is None:
            continue
        here = [node for node in planned if leases.subnet(node.spec) == subnet]
        for node in here:
            if node.private_ip and not hosts.has(node.private_ip):
                raise ApiError(
                    errors.FIXED_IP,
                    f"spec.nodeNicSpec.primaryNic.fixedIps: invalid primary fixedIp"
                    f" {node.private_ip}. Send an address of a host in {hosts.cidr}.",
                )
        without = [node.uid for node in here if not node.private_ip]
        if not without:
            continue
        own = {node.private_ip for node in here} | {_address(cluster)}
        free = await leases.free(
            tx, hosts.cidr, subnet, count=len(here) + 2, project_id=cluster.project_id
        )
        chosen = [each for each in free if hosts.has(each) and each not in own]
        if len(chosen) < len(without):
            raise ApiError(
                errors.INVALID_REQUEST,
                f"spec.nodeNicSpec: the subnet {hosts.cidr} has {len(chosen)} free addresses.",
            )
        placed |= dict(zip(without, chosen, strict=False))
    return [replace(node, private_ip=placed.get(node.uid, node.private_ip)) for node in planned]


async def _held_by_clusters(tx: Tx, cluster: Cluster, wanted: Sequence[leases.Lease]) -> set[str]:
    """What is wanted and is the address of a control plane, as clients know it."""
    if not wanted:
        return set()
    held = {_address(cluster)}
    for each in await cluster_store.find(tx, project_id=cluster.project_id):
        held |= {each.eip["id"]} if each.eip else set()
    return {lease.told for lease in wanted} & held


def _taken(what: str) -> ApiError:
    return ApiError(
        errors.INVALID_REQUEST, f"{what[:64]} is taken: another node or cluster has it."
    )


async def check_room(tx: Tx, cluster: Cluster, count: int) -> None:
    """Make sure that the cluster's size allows ``count`` more nodes. Raises ApiError NODE_LIMIT."""
    present = await count_present(tx, cluster)
    flavor = cluster.spec["flavor"]
    most = FLAVORS[flavor].nodes
    if present + count > most:
        raise ApiError(
            errors.NODE_LIMIT,
            f"A cluster of flavor {flavor} may have {most} nodes. This one has {present}.",
        )


async def submit(
    tx: Tx,
    cluster: Cluster,
    nodes: Sequence[Node],
    job_type: JobType,
    *,
    arguments: Mapping[str, str] | None = None,
    target: Target | None = None,
) -> str:
    """Submit a job on nodes of a cluster and return its uid."""
    return await jobs.submit(
        tx,
        Request(
            job_type=job_type,
            project_id=cluster.project_id,
            cluster_uid=cluster.uid,
            target=target or Target("", cluster.name),
            groups={NODES: tuple(Target(node.uid, node.name) for node in nodes)},
            arguments=arguments or {},
        ),
    )


async def work_on(tx: Tx, cluster: Cluster, nodes: Sequence[Node], **values: Any) -> None:
    """Give nodes to the job that ``values`` name, and let the cluster show it."""
    uids = [node.uid for node in nodes]
    await store.update(tx, uids, reason="", updated_at=clock.now(), **values)
    await show_scaling(tx, cluster.uid, project_id=cluster.project_id)


async def stop(
    tx: Tx, cluster: Cluster, nodes: Sequence[Node], *, job_type: JobType = DELETE_NODE
) -> str:
    """Promise the end of nodes and return the job's uid."""
    job_uid = await submit(tx, cluster, nodes, job_type)
    await work_on(tx, cluster, nodes, phase=NodePhase.DELETING, job_uid=job_uid)
    return job_uid


async def find_all(tx: Tx, cluster: Cluster, uids: Sequence[str]) -> list[Node]:
    """These nodes of a cluster, in this order, each once. Raises ApiError NOT_FOUND."""
    found = await store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid, uids=uids)
    by_uid = {node.uid: node for node in found}
    missing = [uid for uid in uids if uid not in by_uid]
    if missing:
        raise ApiError(errors.NOT_FOUND, f"There is no node {missing[0][:64]} in this cluster.")
    return [by_uid[uid] for uid in dict.fromkeys(uids)]


async def count_present(tx: Tx, cluster: Cluster) -> int:
    """How many nodes the cluster has, those on their way out not counted."""
    phases = await store.count(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
    return phases.total() - phases[NodePhase.DELETING]


def check_idle(nodes: Sequence[Node]) -> None:
    """Make sure that no job works on the nodes. Raises ApiError: NODE_INSTALLING, WRONG_STATE."""
    for node in nodes:
        if node.phase in CREATING:
            raise ApiError(
                errors.NODE_INSTALLING,
                f"Node {node.name} is {node.phase}. Try again when it is Active.",
            )
        if node.phase in (NodePhase.UPGRADING, NodePhase.DELETING):
            raise ApiError(errors.WRONG_STATE, f"Node {node.name} is {node.phase}.")
