"""Many nodes at once: servers accepted, nodes reset, removed, migrated, locked and looked after."""

from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, unique
from tests.api.nodes_examples import add_nodes, add_pool, job, members

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESET_SPEC: dict[str, Any] = {
    "os": "Ubuntu 22.04",
    "login": {"sshKey": "kp2"},
    "runtimeConfig": {"runtime": {"name": "containerd"}},
    "k8sOptions": {"maxPods": 64},
}


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


def server(server_id: str, **spec: Any) -> dict[str, Any]:
    """The body that Terraform sends to accept a server."""
    sent = {
        "os": "EulerOS 2.9",
        "login": {"sshKey": "kp", "userPassword": {"username": "", "password": ""}},
        "serverConfig": {"RootVolume": None},
        "runtimeConfig": {},
    }
    return {
        "kind": "List",
        "apiversion": "v3",
        "nodeList": [{"serverID": server_id, "spec": sent | spec}],
    }


async def test_an_accepted_server_is_found_by_the_way_that_terraform_goes(
    cloud: Cloud, cluster: str
) -> None:
    server_id = unique("server")

    answer = await cloud.call(
        "POST", f"{cluster}/nodes/add", server(server_id, name="n1"), expect=200
    )
    done = await job(cloud, answer["jobid"])
    [step] = done["spec"]["subJobs"]
    url = f"{cluster}/nodes/{step['spec']['resourceID']}"
    found = await cloud.call("GET", url, expect=200)

    assert step["spec"]["type"] == "InstallNode"
    assert found["metadata"]["name"] == "n1"
    assert found["spec"]["login"] == {"sshKey": "kp"}
    assert (found["status"]["phase"], found["status"]["serverId"]) == ("Active", server_id)


async def test_a_server_is_one_node_only_and_free_again_once_removed(
    cloud: Cloud, cluster: str
) -> None:
    body = server(unique("server"))
    added = await cloud.call("POST", f"{cluster}/nodes/add", body, expect=200)
    done = await job(cloud, added["jobid"])
    uid = done["spec"]["subJobs"][0]["spec"]["resourceID"]

    await cloud.call("POST", f"{cluster}/nodes/add", body, expect=400)
    task = {"spec": {"login": {"sshKey": "kp"}, "nodes": [{"uid": uid}]}}
    removed = await cloud.call("PUT", f"{cluster}/nodes/operation/remove", task, expect=200)
    await job(cloud, removed["status"]["jobID"])
    again = await cloud.call("POST", f"{cluster}/nodes/add", body, expect=200)
    await job(cloud, again["jobid"])

    assert (removed["kind"], removed["apiVersion"]) == ("RemoveNodesTask", "v3")
    assert removed["spec"] == task["spec"]
    await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=404)


async def test_a_reset_node_is_installed_again_on_its_server(cloud: Cloud, cluster: str) -> None:
    [before] = await add_nodes(cloud, cluster)
    uid = before["metadata"]["uid"]
    item = {"nodeID": uid, "spec": RESET_SPEC | {"name": "fresh"}}

    answer = await cloud.call("POST", f"{cluster}/nodes/reset", {"nodeList": [item]}, expect=200)
    done = await job(cloud, answer["jobid"])
    after = await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=200)

    steps = [(j["spec"]["type"], j["spec"]["resourceID"]) for j in done["spec"]["subJobs"]]
    assert steps == [("UninstallNode", uid), ("InstallNode", uid)]
    assert (after["spec"]["os"], after["metadata"]["name"]) == ("Ubuntu 22.04", "fresh")
    assert after["spec"]["extendParam"]["maxPods"] == 64
    assert after["spec"]["dataVolumes"] == before["spec"]["dataVolumes"]
    assert after["status"]["serverId"] == before["status"]["serverId"]
    assert after["status"]["phase"] == "Active"


async def test_a_reset_node_of_a_pool_follows_its_pool(cloud: Cloud, cluster: str) -> None:
    pool = await add_pool(cloud, cluster, size=1)
    [before] = await members(cloud, pool)
    item = {"nodeID": before["metadata"]["uid"], "spec": RESET_SPEC}

    answer = await cloud.call("POST", f"{cluster}/nodes/reset", {"nodeList": [item]}, expect=200)
    await job(cloud, answer["jobid"])

    [after] = await members(cloud, pool)
    assert after["spec"] == before["spec"]
    assert after["status"]["configurationUpToDate"] is True


async def test_a_migrated_node_is_in_the_other_cluster(cloud: Cloud, cluster: str) -> None:
    target = f"{cloud.project}/clusters/{await cloud.cluster()}"
    pool = await add_pool(cloud, cluster, size=2)
    node, _ = await members(cloud, pool)
    uid = node["metadata"]["uid"]
    task = {"spec": {"os": "Ubuntu 22.04", "nodes": [{"uid": uid}]}}
    path = f"{cluster}/nodes/operation/migrateto/{target.rpartition('/')[2]}"

    answer = await cloud.call("PUT", path, task, expect=200)
    done = await job(cloud, answer["status"]["jobID"])
    moved = await cloud.call("GET", f"{target}/nodes/{uid}", expect=200)
    left = await cloud.call("GET", pool, expect=200)

    assert answer["kind"] == "MigrateNodesTask"
    assert done["spec"]["clusterUID"] in cluster
    assert (moved["status"]["phase"], moved["spec"]["os"]) == ("Active", "Ubuntu 22.04")
    assert moved["status"]["serverId"] == node["status"]["serverId"]
    assert (left["spec"]["initialNodeCount"], left["status"]["currentNode"]) == (1, 1)
    await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=404)
    for each in (cluster, target):
        found = await cloud.call("GET", each, expect=200)
        assert found["status"]["phase"] == "Available"


async def test_nodes_do_not_migrate_where_they_cannot(cloud: Cloud, cluster: str) -> None:
    elsewhere = await cloud.cluster(hostNetwork={"vpc": "another", "subnet": "s"})
    [node] = await add_nodes(cloud, cluster)
    task = {"spec": {"os": "Ubuntu 22.04", "nodes": [{"uid": node["metadata"]["uid"]}]}}
    path = f"{cluster}/nodes/operation/migrateto"

    await cloud.call("PUT", f"{path}/{elsewhere}", task, expect=400)
    await cloud.call("PUT", f"{path}/{cluster.rpartition('/')[2]}", task, expect=400)
    await cloud.call("PUT", f"{path}/unknown", task, expect=404)


async def test_a_locked_node_stays_when_its_pool_shrinks(cloud: Cloud, cluster: str) -> None:
    pool = await add_pool(cloud, cluster, size=2)
    older, newer = [node["metadata"]["uid"] for node in await members(cloud, pool)]
    body = {"kind": "List", "apiVersion": "v3", "nodeList": [newer]}

    await cloud.call("POST", f"{cluster}/nodes/locknodescaledown", body, expect=200)
    scale = f"{pool}/operation/scale"
    refusal = await cloud.call("POST", scale, {"spec": {"desiredNodeCount": 0}}, expect=403)
    await cloud.call("POST", scale, {"spec": {"desiredNodeCount": 1}}, expect=200)
    await cloud.until_gone(f"{cluster}/nodes/{older}")
    await cloud.call("POST", f"{cluster}/nodes/unlocknodescaledown", body, expect=200)
    await cloud.call("POST", scale, {"spec": {}}, expect=200)
    await cloud.until_gone(f"{cluster}/nodes/{newer}")

    assert "Unlock" in refusal["message"]


async def test_nodes_are_looked_after_on_demand(cloud: Cloud, cluster: str) -> None:
    [node] = await add_nodes(cloud, cluster)
    single = f"{cluster}/nodes/{node['metadata']['uid']}/sync".replace("/api/v3/", "/api/v2/")

    one = await cloud.call("GET", single, expect=200)
    every = await cloud.call("POST", f"{cluster}/nodes/sync", expect=200)

    assert one == "Sync node success"
    assert every == "Start to batch sync nodes"
    await cloud.call("GET", single.replace(node["metadata"]["uid"], "unknown"), expect=404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "add", {"nodeList": []}),
        ("POST", "add", {"nodeList": [{"serverID": "s"}]}),
        ("POST", "add", {"nodeList": [{"serverID": "s", "spec": {}}] * 2}),
        ("POST", "reset", {"nodeList": [{"nodeID": str(n)} for n in range(201)]}),
        ("PUT", "operation/remove", {"spec": {"nodes": []}}),
        ("PUT", "operation/migrateto/x", {"spec": {"nodes": [{"uid": "n"}]}}),
        ("POST", "locknodescaledown", {"nodeList": "all"}),
    ],
    ids=str,
)
async def test_a_wrong_batch_is_refused(
    cloud: Cloud, cluster: str, method: str, path: str, body: Any
) -> None:
    refusal = await cloud.call(method, f"{cluster}/nodes/{path}", body, expect=400)

    assert refusal["errorCode"] == "CCE.01400001"
