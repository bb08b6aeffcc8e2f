"""The settings of components: on the nodes of a pool, or of the control plane, which clients call
the pool ``master`` (API reference, 6.5).
"""

from collections.abc import Mapping
from typing import Any

from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.nodepools import operations, store
from clusterwright.cce.nodepools.wire import Configuration
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Tx

MASTER = "master"

Options = Mapping[str, Mapping[str, int | bool | str]]

NODE_OPTIONS: Options = {
    "kubelet": {
        "max-pods": 110,
        "cpu-manager-policy": "none",
        "kube-api-qps": 100,
        "kube-api-burst": 100,
        "pod-pids-limit": -1,
        "event-qps": 5,
        "allowed-unsafe-sysctls": "",
        "topology-manager-policy": "none",
    },
    "kube-proxy": {"conntrack-min": 131072, "conntrack-tcp-timeout-close-wait": "1h0m0s"},
}
MASTER_OPTIONS: Options = {
    "kube-apiserver": {
        "default-not-ready-toleration-seconds": 300,
        "default-unreachable-toleration-seconds": 300,
        "max-mutating-requests-inflight": 200,
        "max-requests-inflight": 400,
        "support-overload": True,
    },
    "kube-controller-manager": {
        "concurrent-deployment-syncs": 5,
        "concurrent-gc-syncs": 20,
        "kube-api-qps": 100,
        "kube-api-burst": 200,
        "terminated-pod-gc-threshold": 12500,
    },
    "kube-scheduler": {"kube-api-qps": 100, "kube-api-burst": 100},
}
"""Components, their settings and the values that hold unless others are set."""

_TYPES = {int: "int", bool: "bool", str: "str"}


async def show(tx: Tx, caller: Caller, cluster_uid: str, pool_uid: str) -> dict[str, Any]:
    """The configuration with its defaults. Raises ApiError NOT_FOUND."""
    options = await _options(tx, caller, cluster_uid, pool_uid)
    stored = await store.configuration(
        tx, pool_uid, project_id=caller.project_id, cluster_uid=cluster_uid
    )
    names = list(dict.fromkeys((*options, *stored)))
    packages = [
        {
            "name": name,
            "configurations": [
                {"name": key, "value": value}
                for key, value in (dict(options.get(name, {})) | stored.get(name, {})).items()
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
    """Set what is sent, leave the rest, and return all of it. Raises ApiError: NOT_FOUND,
    WRONG_STATE.
    """
    cluster = await clusters.show(tx, caller, cluster_uid, lock=True)
    if pool_uid != MASTER:
        await operations.changeable(tx, cluster, pool_uid)
    packages = await store.configuration(
        tx, pool_uid, project_id=caller.project_id, cluster_uid=cluster_uid
    )
    for package in asked.spec.packages:
        news = {item.name: item.value for item in package.configurations}
        packages[package.name] = packages.get(package.name, {}) | news
    await store.configure(
        tx, pool_uid, packages, project_id=caller.project_id, cluster_uid=cluster_uid
    )
    return await show(tx, caller, cluster_uid, pool_uid)


async def detail(
    tx: Tx, caller: Caller, cluster_uid: str, pool_uid: str
) -> dict[str, list[dict[str, Any]]]:
    """What can be configured: the settings of each component. Raises ApiError NOT_FOUND."""
    options = await _options(tx, caller, cluster_uid, pool_uid)
    return {
        package: [
            {
                "name": name,
                "default": default,
                "validAt": "immediately",
                "empty": default == "",
                "schema": package,
                "type": _TYPES[type(default)],
            }
            for name, default in settings.items()
        ]
        for package, settings in options.items()
    }


async def _options(tx: Tx, caller: Caller, cluster_uid: str, pool_uid: str) -> Options:
    cluster = await clusters.show(tx, caller, cluster_uid)
    if pool_uid == MASTER:
        return MASTER_OPTIONS
    await operations.known(tx, cluster, pool_uid)
    return NODE_OPTIONS
