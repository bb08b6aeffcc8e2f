"""The settings of components, on the nodes of a pool or of the control plane.

Clients call the control plane the pool ``master`` (API reference, 6.5).
"""

from typing import Any

from clusterwright.cce import offers
from clusterwright.cce.catalog.documents import component_options
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters import store as clusters_store
from clusterwright.cce.clusters.store import STEADY, Cluster, ClusterPhase
from clusterwright.cce.lifecycle.job_types import CONFIGURE_CLUSTER
from clusterwright.cce.nodepools.spec import check_values
from clusterwright.cce.nodepools.wire import Configuration
from clusterwright.cce.nodes import pools, promises, sizes
from clusterwright.cce.nodes.job_types import CONFIGURE_NODE_POOL
from clusterwright.cce.offers import Components
from clusterwright.iam.caller import Caller
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Tx

MASTER = "master"

_WITH_NODES = (*STEADY, ClusterPhase.HIBERNATING, ClusterPhase.HIBERNATION)
"""Phases in which nodes run and nothing is done with them, whether or not their control plane
runs.
"""


async def show(tx: Tx, caller: Caller, cluster_uid: str, pool_uid: str) -> dict[str, Any]:
    """The configuration with its defaults. Raises ApiError NOT_FOUND."""
    options = await _options(tx, caller, cluster_uid, pool_uid)
    stored = await _stored(tx, await clusters.show(tx, caller, cluster_uid), pool_uid)
    names = list(dict.fromkeys((*options, *stored)))
    packages = [
        {
            "name": name,
            "configurations": [
                {"name": key, "value": value}
                for key, value in (_defaults(options, name) | stored.get(name, {})).items()
            ],
        }
        for name in names
    ]
    return {
        "kind": "Configuration",
        "apiVersion": "v3",
        "metadata": {"name": "configuration"},
        "spec": {"packages": packages},
        "status": {},
    }


async def update(
    tx: Tx, caller: Caller, cluster_uid: str, pool_uid: str, asked: Configuration
) -> dict[str, Any]:
    """Set what is sent, leave the rest, and return all of it.

    A job passes it on to the components of the control plane, or to those of the pool's nodes.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for a value that an option cannot have.
    """
    allowed = STEADY if pool_uid == MASTER else _WITH_NODES
    cluster = await clusters.get_in_phase(tx, caller, cluster_uid, allowed)
    pool = None if pool_uid == MASTER else await sizes.get_changeable(tx, cluster, pool_uid)
    packages = await _stored(tx, cluster, pool_uid)
    options = await _options(tx, caller, cluster_uid, pool_uid)
    for package in asked.spec.packages:
        check_values(options, package)
        news = {item.name: item.value for item in package.configurations}
        packages[package.name] = packages.get(package.name, {}) | news
    if pool_uid == MASTER:
        await clusters_store.update(tx, cluster_uid, configuration=packages)
        await clusters.submit(tx, cluster, CONFIGURE_CLUSTER, {})
    if pool is not None:
        await pools.configure(
            tx, pool_uid, packages, project_id=caller.project_id, cluster_uid=cluster_uid
        )
        target = Target(pool.uid, pool.name)
        await promises.submit(tx, cluster, (), CONFIGURE_NODE_POOL, target=target)
    return await show(tx, caller, cluster_uid, pool_uid)


async def detail(
    tx: Tx, caller: Caller, cluster_uid: str, pool_uid: str
) -> dict[str, list[dict[str, Any]]]:
    """What can be configured: the settings of each component. Raises ApiError NOT_FOUND."""
    return component_options(await _options(tx, caller, cluster_uid, pool_uid))


async def _stored(tx: Tx, cluster: Cluster, pool_uid: str) -> dict[str, dict[str, Any]]:
    if pool_uid == MASTER:
        return dict(cluster.configuration)
    return await pools.configuration(
        tx, pool_uid, project_id=cluster.project_id, cluster_uid=cluster.uid
    )


def _defaults(options: Components, component: str) -> dict[str, Any]:
    return {option.name: option.default for option in options.get(component, ())}


async def _options(tx: Tx, caller: Caller, cluster_uid: str, pool_uid: str) -> Components:
    cluster = await clusters.show(tx, caller, cluster_uid)
    if pool_uid == MASTER:
        return offers.CONTROL_PLANE
    await sizes.get(tx, cluster, pool_uid)
    return offers.NODE
