"""A pool of real nodes behind the API: configured, grown, locked, shrunk, renewed and emptied."""

import asyncio
import json
from pathlib import Path
from typing import Any

from clusterwright.drivers.local import nodefiles
from clusterwright.drivers.local.folder import Folder
from tests import kubernetes
from tests.api.cloud import Cloud, open_cloud
from tests.api.nodes_examples import add_nodes, add_pool, job, members
from tests.api.test_cluster_drivers import reach
from tests.drivers import local_host, real_nodes
from tests.drivers.local_host import Kubernetes
from tests.kit import until_async

SLOW = 240
"""Seconds that anything may take where programs are started, on a machine with much else to do."""


@kubernetes.needs_kubernetes
@kubernetes.takes_minutes
def test_a_pool_of_real_nodes_lives_its_whole_life_behind_the_api(tmp_path: Path) -> None:
    real_nodes.require()
    home = tmp_path / "data" / "local"
    try:
        asyncio.run(live(tmp_path, home))
    finally:
        local_host.end_all(home)
    assert real_nodes.clusters(home) == []


@kubernetes.needs_kubernetes
@kubernetes.takes_minutes
def test_a_real_node_is_reset_and_moves_to_another_cluster_with_its_server(tmp_path: Path) -> None:
    real_nodes.require()
    home = tmp_path / "data" / "local"
    try:
        asyncio.run(move(tmp_path, home))
    finally:
        local_host.end_all(home)
    assert real_nodes.clusters(home) == []


async def move(folder: Path, home: Path) -> None:
    async with open_cloud(
        folder, driver="local", nodes="real", kubernetes_bin_dir=kubernetes.bin_dir()
    ) as cloud:
        cloud.patience = SLOW
        here, there = [await cloud.cluster(version="v1.34") for _ in range(2)]
        old, new = (f"{cloud.project}/clusters/{uid}" for uid in (here, there))
        try:
            [node] = await add_nodes(cloud, old)
            uid, address = node["metadata"]["uid"], node["status"]["privateIP"]
            first = (await reach(cloud, old)).read(f"/api/v1/nodes/{address}")["metadata"]["uid"]

            spec = {"os": "Ubuntu 22.04", "login": {"sshKey": "kp"}, "k8sOptions": {"maxPods": 20}}
            body = {"nodeList": [{"nodeID": uid, "spec": spec}]}
            answer = await cloud.call("POST", f"{old}/nodes/reset", body, expect=200)
            await job(cloud, answer["jobid"])
            reset = (await reach(cloud, old)).read(f"/api/v1/nodes/{address}")
            assert (reset["metadata"]["uid"] != first, reset["status"]["capacity"]["pods"]) == (
                True,
                "20",
            )

            task = {"spec": {"os": "Ubuntu 22.04", "nodes": [{"uid": uid}]}}
            path = f"{old}/nodes/operation/migrateto/{there}"
            answer = await cloud.call("PUT", path, task, expect=200)
            await job(cloud, answer["status"]["jobID"])
            moved = await cloud.call("GET", f"{new}/nodes/{uid}", expect=200)
            assert moved["status"]["serverId"] == node["status"]["serverId"]
            assert names(await reach(cloud, old)) == set()
            assert names(await reach(cloud, new)) == {moved["status"]["privateIP"]}
        finally:
            for each in (old, new):
                await cloud.call("DELETE", each, expect=200)
                await cloud.until_gone(each)


async def live(folder: Path, home: Path) -> None:
    async with open_cloud(
        folder, driver="local", nodes="real", kubernetes_bin_dir=kubernetes.bin_dir()
    ) as cloud:
        cloud.patience = SLOW
        uid = await cloud.cluster(version="v1.34")
        cluster = f"{cloud.project}/clusters/{uid}"
        try:
            inside = await reach(cloud, cluster)
            pool = await add_pool(cloud, cluster, size=1)
            await configure(cloud, pool, Folder(home, uid))
            await grow_and_shrink_past_a_lock(cloud, cluster, pool, inside)
            await renew(cloud, pool, Folder(home, uid), inside)
            await take_out(cloud, cluster, pool, inside)
        finally:
            await cloud.call("DELETE", cluster, expect=200)
            await cloud.until_gone(cluster)


async def configure(cloud: Cloud, pool: str, folder: Folder) -> None:
    """Options are passed on by a job; a value that cannot be is refused and changes nothing."""
    await cloud.call("PUT", f"{pool}/configuration", option("event-qps", -1), expect=400)
    [before] = await members(cloud, pool)
    assert "eventRecordQPS" not in kubelet(folder, before)

    await cloud.call("PUT", f"{pool}/configuration", option("event-qps", 7), expect=200)

    jobs = f"{cloud.project.replace('/v3/', '/v2/')}/jobs"
    listed = await cloud.call("GET", jobs, expect=200)
    [one] = [each for each in listed if each["spec"]["type"] == "ConfigureNodePool"]
    await job(cloud, one["metadata"]["uid"])

    def written() -> bool:
        return kubelet(folder, before).get("eventRecordQPS") == 7

    await until_async("it is written", written, SLOW)


def option(name: str, value: int) -> dict[str, Any]:
    packages = [{"name": "kubelet", "configurations": [{"name": name, "value": value}]}]
    return {"kind": "Configuration", "apiVersion": "v3", "spec": {"packages": packages}}


def kubelet(folder: Folder, node: dict[str, Any]) -> dict[str, Any]:
    """What a node's kubelet is told."""
    path = nodefiles.folder_of(folder, node["metadata"]["uid"]).kubelet
    found: dict[str, Any] = json.loads(path.read_text())
    return found


async def grow_and_shrink_past_a_lock(
    cloud: Cloud, cluster: str, pool: str, inside: Kubernetes
) -> None:
    await scale(cloud, pool, 2)
    first, second = await members(cloud, pool)
    assert names(inside) == {first["status"]["privateIP"], second["status"]["privateIP"]}

    # A pool gives up its youngest node first, unless that is locked.
    lock = {"nodeList": [second["metadata"]["uid"]]}
    await cloud.call("POST", f"{cluster}/nodes/locknodescaledown", lock, expect=200)
    await scale(cloud, pool, 1)

    [left] = await members(cloud, pool)
    assert left["metadata"]["uid"] == second["metadata"]["uid"]
    assert names(inside) == {second["status"]["privateIP"]}


async def scale(cloud: Cloud, pool: str, size: int) -> None:
    body = {"kind": "NodePool", "apiVersion": "v3", "spec": {"desiredNodeCount": size}}
    await cloud.call("POST", f"{pool}/operation/scale", body, expect=200)
    await cloud.until(pool, "status.currentNode", size)
    await cloud.until(pool, "status.phase", "")
    await cloud.until(pool.partition("/nodepools/")[0], "status.phase", "Available")


async def renew(cloud: Cloud, pool: str, folder: Folder, inside: Kubernetes) -> None:
    """Installed anew, the node is another one with the same server, and has the pool's options."""
    [before] = await members(cloud, pool)
    known = inside.read(f"/api/v1/nodes/{before['status']['privateIP']}")["metadata"]["uid"]

    answer = await cloud.call("POST", f"{pool}/operation/upgrade", {"spec": {}}, expect=200)
    await job(cloud, answer["jobid"])

    [after] = await members(cloud, pool)
    address = after["status"]["privateIP"]
    assert after["status"]["phase"] == "Active"
    assert after["status"]["serverId"] == before["status"]["serverId"]
    assert inside.read(f"/api/v1/nodes/{address}")["metadata"]["uid"] != known
    assert kubelet(folder, after)["eventRecordQPS"] == 7


async def take_out(cloud: Cloud, cluster: str, pool: str, inside: Kubernetes) -> None:
    [node] = await members(cloud, pool)
    asked = {"login": {"sshKey": "kp"}, "nodes": [{"uid": node["metadata"]["uid"]}]}
    answer = await cloud.call(
        "PUT", f"{cluster}/nodes/operation/remove", {"spec": asked}, expect=200
    )
    await job(cloud, answer["status"]["jobID"])
    assert names(inside) == set()


def names(inside: Kubernetes) -> set[str]:
    """The nodes as Kubernetes knows them."""
    return {one["metadata"]["name"] for one in inside.read("/api/v1/nodes")["items"]}
