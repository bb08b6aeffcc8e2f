"""Bodies of requests about nodes and pools, and the waits that their tests share."""

import asyncio
from typing import Any

from tests.api.cloud import Cloud

TEMPLATE: dict[str, Any] = {
    "flavor": "s6.large.2",
    "az": "az-1",
    "os": "EulerOS 2.9",
    "login": {"sshKey": "kp"},
    "rootVolume": {"volumetype": "SAS", "size": 40},
    "dataVolumes": [
        {"volumetype": "SSD", "size": 200, "hw:passthrough": True},
        {"volumetype": "SAS", "size": 100},
    ],
}


def node(name: str = "demo-node", *, count: int = 1, **spec: Any) -> dict[str, Any]:
    """The body of a request to create nodes; Terraform writes the key ``apiversion`` like this."""
    return {
        "kind": "Node",
        "apiversion": "v3",
        "metadata": {"name": name},
        "spec": TEMPLATE | {"count": count} | spec,
    }


def pool(name: str = "pool-1", *, size: int = 0, **spec: Any) -> dict[str, Any]:
    """The body of a request to create a pool."""
    return {
        "kind": "NodePool",
        "apiversion": "v3",
        "metadata": {"name": name},
        "spec": {"initialNodeCount": size, "nodeTemplate": TEMPLATE | {"count": 1}} | spec,
    }


async def job(cloud: Cloud, uid: str, *, phase: str = "Success") -> dict[str, Any]:
    """A job that has ended in ``phase``."""
    # In process, a read and the write after it can share a turn of the event loop, in which the
    # reader keeps to one snapshot; over a socket they never do.
    await asyncio.sleep(0)
    found: dict[str, Any] = await cloud.until(f"{cloud.project}/jobs/{uid}", "status.phase", phase)
    return found


async def add_nodes(cloud: Cloud, cluster: str, **body: Any) -> list[dict[str, Any]]:
    """New active nodes of a cluster, given as its URL, alone in it."""
    made = await cloud.call("POST", f"{cluster}/nodes", node(**body), expect=201)
    await job(cloud, made["status"]["jobID"])
    listed = await cloud.call("GET", f"{cluster}/nodes", expect=200)
    items: list[dict[str, Any]] = listed["items"]
    return items


async def add_pool(cloud: Cloud, cluster: str, **body: Any) -> str:
    """The URL of a new pool that is ready, in a cluster that has come to rest."""
    made = await cloud.call("POST", f"{cluster}/nodepools", pool(**body), expect=201)
    url = f"{cluster}/nodepools/{made['metadata']['uid']}"
    await cloud.until(url, "status.phase", "")
    await cloud.until(cluster, "status.phase", "Available")
    return url


async def members(cloud: Cloud, url: str) -> list[dict[str, Any]]:
    """The nodes of a pool, oldest first."""
    cluster, _, uid = url.partition("/nodepools/")
    listed = await cloud.call("GET", f"{cluster}/nodes", expect=200)
    return [
        item
        for item in listed["items"]
        if item["metadata"].get("ownerReferences", {}).get("nodepoolID") == uid
    ]
