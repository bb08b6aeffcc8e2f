"""What can be done with pools: a change of the expected size becomes a job on real nodes at once.

Every operation that changes pools locks their cluster first, so operations on one cluster take
turns.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.operations import FLAVORS
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodepools import documents, store
from clusterwright.cce.nodepools.documents import POOL_LABEL
from clusterwright.cce.nodepools.job_types import DELETE_NODE_POOL
from clusterwright.cce.nodepools.store import NameTaken, Pool, PoolPhase
from clusterwright.cce.nodepools.wire import (
    PoolSettings,
    PoolToCreate,
    PoolToScale,
    PoolToUpdate,
    TemplateToUpdate,
)
from clusterwright.cce.nodes import operations as nodes
from clusterwright.cce.nodes import store as node_store
from clusterwright.cce.nodes.documents import PoolView
from clusterwright.cce.nodes.job_types import STEADY
from clusterwright.cce.nodes.store import WORKING, Node, NodePhase
from clusterwright.cce.nodes.wire import keepable
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs.plan import Target
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried

_RENAMED = {
    "rootVolumeUpdate": "rootVolume",
    "dataVolumesUpdate": "dataVolumes",
    "nodeNicSpecUpdate": "nodeNicSpec",
}
"""Odd names of updates (API reference, 6.1)."""
_MERGED = ("login", "nodeNicSpec", "extendParam")
_POLICIES = {
    "k8sTags": ("labelPolicyOnExistingNodes", "refresh"),
    "taints": ("taintPolicyOnExistingNodes", "refresh"),
    "userTags": ("userTagsPolicyOnExistingNodes", "ignore"),
}
"""What existing nodes take over from a changed template, the policy's name and its default."""


class PoolSizes:
    """Keeps pools the size they are expected to have when single nodes come and go."""

    def __init__(self, zone: str) -> None:
        self._zone = zone

    async def views(self, tx: Tx, cluster_uid: str, *, project_id: str) -> Mapping[str, PoolView]:
        """The pools of a cluster by their uid."""
        found = await store.find(tx, project_id=project_id, cluster_uid=cluster_uid)
        return {pool.uid: documents.view(pool) for pool in found}

    async def gained(self, tx: Tx, cluster: Cluster, pool_uid: str, *, count: int) -> None:
        """Expect so many nodes more. Raises ApiError: NOT_FOUND, WRONG_STATE."""
        pool = await changeable(tx, cluster, pool_uid)
        await store.save(tx, replace(pool, expected=pool.expected + count))

    async def lost(self, tx: Tx, cluster: Cluster, pool_uid: str, *, replaced: bool) -> None:
        """Expect no more nodes than the pool still has, or make new ones in place of those that
        have left it. Raises ApiError: NOT_FOUND, WRONG_STATE.
        """
        pool = await changeable(tx, cluster, pool_uid)
        if replaced:
            await reconcile(tx, cluster, pool, zone=self._zone)
        else:
            # Not one less: a deletion that failed and is asked for again would count twice.
            present = _present(await members(tx, pool))
            await store.save(tx, replace(pool, expected=min(pool.expected, len(present))))


async def create(
    tx: Tx, caller: Caller, cluster_uid: str, asked: PoolToCreate, *, zone: str, quota: int
) -> Pool:
    """Add a pool and promise its first nodes, unless the cluster has ``quota`` pools.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST, QUOTA, ALREADY_EXISTS, NODE_LIMIT,
    NOT_SUPPORTED.
    """
    cluster = await nodes.steady(tx, caller, cluster_uid)
    if await store.count(tx, project_id=cluster.project_id, cluster_uid=cluster.uid) >= quota:
        raise ApiError(errors.QUOTA, f"A cluster may have {quota} node pools. Delete one first.")
    check_settings(asked.spec, cluster)
    template = keepable(asked.spec.node_template)
    nodes.check_spec(template)
    spec = {"type": "vm", "autoscaling": {"enable": False}, "nodeManagement": {}}
    spec |= asked.spec.as_sent() | {"nodeTemplate": dict(nodes.DEFAULTS) | template}
    now = clock.now()
    pool = Pool(
        uid=ids.new_uid(),
        project_id=cluster.project_id,
        cluster_uid=cluster.uid,
        name=asked.metadata.name,
        expected=asked.spec.initial_node_count,
        annotations=asked.metadata.annotations or {},
        spec=_labelled(spec, asked.metadata.name),
        created_at=now,
        updated_at=now,
    )
    try:
        await store.insert(tx, pool)
    except NameTaken:
        raise _name_taken(pool.name) from None
    await reconcile(tx, cluster, pool, zone=zone)
    return pool


def _name_taken(name: str) -> ApiError:
    return ApiError(
        errors.ALREADY_EXISTS, f"The cluster has a node pool {name} already. Choose another name."
    )


def _labelled(spec: dict[str, Any], name: str) -> dict[str, Any]:
    template = spec["nodeTemplate"]
    tags = template.get("k8sTags", {}) | {POOL_LABEL: name}
    return spec | {"nodeTemplate": template | {"k8sTags": tags}}


def check_settings(asked: PoolSettings, cluster: Cluster) -> None:
    """Refuse what only several fields together can tell. Raises ApiError INVALID_REQUEST."""
    scaling = asked.autoscaling
    if scaling is None:
        return
    least, most = scaling.min_node_count or 0, scaling.max_node_count or 0
    size = FLAVORS[cluster.spec["flavor"]].nodes
    if not least <= most <= size:
        raise ApiError(
            errors.INVALID_REQUEST,
            "spec.autoscaling: minNodeCount must be at most maxNodeCount,"
            f" and that at most {size}, the size of the cluster.",
        )


async def reconcile(tx: Tx, cluster: Cluster, pool: Pool, *, zone: str) -> None:
    """Promise the nodes that the pool lacks, or the end of those that are too many, newest first.

    Raises ApiError: NODE_LIMIT, WRONG_STATE when the nodes that are too many are locked.
    """
    present = _present(await members(tx, pool))
    lacking = pool.expected - len(present)
    if lacking > 0:
        spec = nodes.complete(pool.spec["nodeTemplate"], cluster, zone=zone)
        names = (nodes.random_name(pool.name[:50]) for _ in range(lacking))
        drafts = await nodes.drafts(cluster, names, spec, nodepool_uid=pool.uid)
        await nodes.start(tx, cluster, drafts)
    elif lacking < 0:
        free = [
            node
            for node in reversed(present)
            if not node.scale_down_locked and node.phase is not NodePhase.UPGRADING
        ]
        if len(free) < -lacking:
            raise ApiError(
                errors.WRONG_STATE,
                f"Only {len(free)} nodes of pool {pool.name} may go. Unlock others first.",
            )
        await nodes.stop(tx, cluster, free[:-lacking])


def _present(found: Sequence[Node]) -> list[Node]:
    return [node for node in found if node.phase is not NodePhase.DELETING]


async def members(tx: Tx, pool: Pool) -> list[Node]:
    """The nodes of a pool, oldest first."""
    return await node_store.find(
        tx, project_id=pool.project_id, cluster_uid=pool.cluster_uid, nodepool_uid=pool.uid
    )


async def known(tx: Tx, cluster: Cluster, uid: str) -> Pool:
    """The pool. Raises ApiError NOT_FOUND for one that this cluster has not."""
    pool = await store.get(tx, uid, project_id=cluster.project_id, cluster_uid=cluster.uid)
    if pool is None:
        raise ApiError(errors.NOT_FOUND, f"There is no node pool {uid[:64]} in this cluster.")
    return pool


async def changeable(tx: Tx, cluster: Cluster, uid: str) -> Pool:
    """The pool, to be changed. Raises ApiError: NOT_FOUND, WRONG_STATE when it is being deleted."""
    pool = await known(tx, cluster, uid)
    if pool.phase is PoolPhase.DELETING:
        raise ApiError(errors.WRONG_STATE, f"Node pool {pool.name} is being deleted.")
    return pool


async def show(tx: Tx, caller: Caller, cluster_uid: str, uid: str) -> dict[str, Any]:
    """The pool as clients read it. Raises ApiError NOT_FOUND."""
    cluster = await clusters.show(tx, caller, cluster_uid)
    return await described(tx, await known(tx, cluster, uid))


async def described(tx: Tx, pool: Pool) -> dict[str, Any]:
    """A pool as clients read it."""
    return documents.document(pool, await members(tx, pool))


async def listed(
    tx: Tx, caller: Caller, cluster_uid: str, *, with_default: bool
) -> list[dict[str, Any]]:
    """The pools of a cluster as clients read them, with the default pool if asked for. Raises
    ApiError NOT_FOUND.
    """
    cluster = await clusters.show(tx, caller, cluster_uid)
    by_pool: defaultdict[str, list[Node]] = defaultdict(list)
    for node in await node_store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid):
        by_pool[node.nodepool_uid].append(node)
    pools = await store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
    items = [documents.document(pool, by_pool[pool.uid]) for pool in pools]
    return [documents.default_pool(by_pool[""]), *items] if with_default else items


async def update(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, asked: PoolToUpdate, *, zone: str
) -> Pool:
    """Change a pool. A missing size means zero, unless it is to be ignored (API reference, 6.1).

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST, ALREADY_EXISTS, NODE_LIMIT.
    """
    cluster = await nodes.steady(tx, caller, cluster_uid)
    pool = await changeable(tx, cluster, uid)
    check_settings(asked.spec, cluster)
    resized = not asked.spec.ignore_initial_node_count
    name = asked.metadata.name or pool.name
    changed = replace(
        pool,
        name=name,
        expected=asked.spec.initial_node_count if resized else pool.expected,
        spec=_labelled(_merged(pool.spec, asked), name),
        revision=pool.revision + 1,
        updated_at=clock.now(),
    )
    try:
        await store.save(tx, changed)
    except NameTaken:
        raise _name_taken(name) from None
    await _refresh(tx, changed, await members(tx, changed), before=pool)
    if resized:
        await reconcile(tx, cluster, changed, zone=zone)
    return changed


def _merged(stored: dict[str, Any], asked: PoolToUpdate) -> dict[str, Any]:
    """The stored spec with the changes of an update."""
    sent = asked.spec.as_sent()
    for key in ("initialNodeCount", "ignoreInitialNodeCount", "nodeTemplate"):
        sent.pop(key, None)
    if "nodeManagementUpdate" in sent:
        sent["nodeManagement"] = sent.pop("nodeManagementUpdate")
    if "autoscaling" in sent:
        sent["autoscaling"] = stored["autoscaling"] | sent["autoscaling"]
    template = stored["nodeTemplate"]
    if asked.spec.node_template is not None:
        template = _merged_template(template, asked.spec.node_template)
    return stored | sent | {"nodeTemplate": template}


def _merged_template(stored: dict[str, Any], asked: TemplateToUpdate) -> dict[str, Any]:
    sent = {_RENAMED.get(key, key): value for key, value in keepable(asked).items()}
    for key in ("flavor", "az"):
        if sent.get(key, stored.get(key)) != stored.get(key):
            raise ApiError(
                errors.INVALID_REQUEST, f"spec.nodeTemplate.{key}: this field cannot be changed."
            )
    for key in _MERGED:
        if key in sent:
            sent[key] = stored.get(key, {}) | sent[key]
    if asked.login is not None and asked.login.remove_ssh_key:
        sent["login"].pop("sshKey", None)
    template = stored | sent
    nodes.check_spec(template)
    return template


async def _refresh(tx: Tx, pool: Pool, found: Sequence[Node], *, before: Pool) -> None:
    """Let existing nodes take over what has changed in the template, as the policies say."""
    template, old = pool.spec["nodeTemplate"], before.spec["nodeTemplate"]
    news = {
        key: template[key]
        for key, (policy, default) in _POLICIES.items()
        if pool.spec.get(policy, default) == "refresh" and template.get(key) != old.get(key)
    }
    async for node in unhurried(found if news else ()):
        await node_store.update(tx, [node.uid], spec=node.spec | news)


async def scale(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, asked: PoolToScale, *, zone: str
) -> None:
    """Bring a pool to another size.

    Raises ApiError: NOT_FOUND, WRONG_STATE, NODE_LIMIT, INVALID_REQUEST when it has that size
    already, NOT_SUPPORTED for other groups than the default one.
    """
    cluster = await nodes.steady(tx, caller, cluster_uid)
    pool = await changeable(tx, cluster, uid)
    if set(asked.spec.scale_groups or ()) - {"default"}:
        raise ApiError(errors.NOT_SUPPORTED, "spec.scaleGroups: only the group default can scale.")
    desired = asked.spec.desired_node_count
    if desired == pool.expected:
        raise ApiError(
            errors.INVALID_REQUEST, f"No scale task needed with desired node count {desired}"
        )
    changed = replace(pool, expected=desired, updated_at=clock.now())
    await store.save(tx, changed)
    await reconcile(tx, cluster, changed, zone=zone)


async def delete(tx: Tx, caller: Caller, cluster_uid: str, uid: str) -> Pool:
    """Promise the end of a pool and of its nodes.

    Raises ApiError: NOT_FOUND, POOL_CLUSTER_STATE, POOL_PHASE, POOL_BUSY.
    """
    cluster = await clusters.show(tx, caller, cluster_uid, lock=True)
    pool = await known(tx, cluster, uid)
    if cluster.phase not in STEADY:
        raise ApiError(
            errors.POOL_CLUSTER_STATE,
            f"Cluster phase is {cluster.phase}, forbidden to delete nodepool",
        )
    if pool.phase is PoolPhase.DELETING:
        raise ApiError(
            errors.POOL_PHASE, f"Nodepool phase is {pool.phase}, forbidden to delete nodepool"
        )
    found = await members(tx, pool)
    if any(node.phase in WORKING for node in found):
        raise ApiError(errors.POOL_BUSY, "Wait until its nodes are Active or gone.")
    target = Target(pool.uid, pool.name)
    job_uid = await nodes.submit(tx, cluster, found, DELETE_NODE_POOL, target=target)
    await nodes.work_on(tx, cluster, found, phase=NodePhase.DELETING, job_uid=job_uid)
    doomed = replace(
        pool, phase=PoolPhase.DELETING, reason="", job_uid=job_uid, updated_at=clock.now()
    )
    await store.save(tx, doomed)
    return doomed
