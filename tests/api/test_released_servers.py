"""A server that is taken out of its cluster and accepted again is the same server."""

from typing import Any

import pytest
import pytest_asyncio

from clusterwright.storage import limits
from tests.api.cloud import Cloud, unique
from tests.api.nodes_examples import TEMPLATE, add_pool, job, members, node

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVER: dict[str, Any] = {
    "flavor": "c7.xlarge.2",
    "az": "cn-north-4b",
    "rootVolume": {"size": 50, "volumetype": "SSD"},
    "dataVolumes": [{"size": 100, "volumetype": "SAS"}, {"size": 200, "volumetype": "SSD"}],
    "nodeNicSpec": {"primaryNic": {"subnetId": "s2"}, "extNics": [{"subnetId": "s3"}]},
    "userTags": [{"key": "owner", "value": "me"}],
    "ecsGroupId": "group",
    "dedicatedHostId": "host",
    "serverEnterpriseProjectID": "project",
}
"""What is true of the server, whatever is installed on it."""
INSTALLED: dict[str, Any] = {
    "os": "EulerOS 2.9",
    "login": {"sshKey": "old"},
    "k8sTags": {"team": "a"},
    "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}],
    "runtime": {"name": "docker"},
}
"""What is true of the installation that ends."""


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


async def made(cloud: Cloud, cluster: str, name: str = "first", **spec: Any) -> dict[str, Any]:
    answer = await cloud.call("POST", f"{cluster}/nodes", node(name, **spec), expect=201)
    await job(cloud, answer["status"]["jobID"])
    url = f"{cluster}/nodes/{answer['metadata']['uid']}"
    found: dict[str, Any] = await cloud.call("GET", url, expect=200)
    return found


async def released(cloud: Cloud, cluster: str, found: dict[str, Any]) -> str:
    """The id of the server of a node that was taken out."""
    body = {"spec": {"nodes": [{"uid": found["metadata"]["uid"]}]}}
    answer = await cloud.call("PUT", f"{cluster}/nodes/operation/remove", body, expect=200)
    await job(cloud, answer["status"]["jobID"])
    return str(found["status"]["serverId"])


async def accepted(cloud: Cloud, cluster: str, server_id: str, **spec: Any) -> dict[str, Any]:
    asked = {"os": "Ubuntu 22.04", "login": {"sshKey": "new"}} | spec
    body = {"nodeList": [{"serverID": server_id, "spec": asked}]}
    answer = await cloud.call("POST", f"{cluster}/nodes/add", body, expect=200)
    done = await job(cloud, answer["jobid"])
    uid = done["spec"]["subJobs"][0]["spec"]["resourceID"]
    found: dict[str, Any] = await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=200)
    return found


async def test_a_server_keeps_its_facts_and_gets_a_new_system(cloud: Cloud, cluster: str) -> None:
    before = await made(cloud, cluster, **(SERVER | INSTALLED))

    after = await accepted(cloud, cluster, await released(cloud, cluster, before))

    told = {key: value for key, value in SERVER.items() if key != "userTags"}
    assert {key: after["spec"].get(key) for key in told} == told
    assert (after["spec"]["os"], after["spec"]["login"]) == ("Ubuntu 22.04", {"sshKey": "new"})
    assert after["spec"]["runtime"] == {"name": "containerd"}
    origin = "cn-north-4b#c7.xlarge.2#Ubuntu 22.04"
    assert after["metadata"]["annotations"]["kubernetes.io/node-pool.id"] == origin
    assert after["metadata"]["name"] == before["metadata"]["name"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    for key in ("serverId", "privateIP"):
        assert after["status"][key] == before["status"][key]
    tags = await cloud.call(
        "GET",
        f"/v1/{cloud.account['project_id']}/cloudservers/{after['status']['serverId']}/tags",
        expect=200,
    )
    assert tags["tags"] == SERVER["userTags"]


async def test_a_server_keeps_its_facts_in_another_cluster_of_the_project_and_again(
    cloud: Cloud, cluster: str
) -> None:
    other = f"{cloud.project}/clusters/{await cloud.cluster()}"
    before = await made(cloud, cluster, **SERVER)

    server_id = await released(cloud, cluster, before)
    there = await accepted(cloud, other, server_id, name="second")
    await released(cloud, other, there)
    back = await accepted(cloud, cluster, server_id)

    assert back["spec"]["flavor"] == there["spec"]["flavor"] == SERVER["flavor"]
    assert back["spec"]["dataVolumes"] == SERVER["dataVolumes"]
    assert [each["metadata"]["name"] for each in (there, back)] == ["second", "second"]


async def test_what_an_acceptance_asks_for_wins(cloud: Cloud, cluster: str) -> None:
    before = await made(cloud, cluster, **SERVER)
    encrypted = {"__system__encrypted": "1", "__system__cmkid": "key"}

    after = await accepted(
        cloud,
        cluster,
        await released(cloud, cluster, before),
        name="renamed",
        serverConfig={"rootVolume": {"cmkID": "key", "imageID": "image"}},
        k8sOptions={"maxPods": 64},
        lifecycle={"waitPostInstallFinish": True},
        runtimeConfig={"runtime": {"name": "docker"}, "dockerBaseSize": 20},
    )

    assert after["metadata"]["name"] == "renamed"
    assert after["spec"]["rootVolume"] == SERVER["rootVolume"] | {"metadata": encrypted}
    assert after["spec"]["waitPostInstallFinish"] is True
    assert after["spec"]["runtime"] == {"name": "docker"}
    extended = {"maxPods": 64, "dockerBaseSize": 20, "alpha.cce/NodeImageID": "image"}
    assert after["spec"]["extendParam"] == extended


async def test_a_pool_takes_a_server_as_it_is(cloud: Cloud, cluster: str) -> None:
    before = await made(cloud, cluster, **SERVER)
    pool = await add_pool(cloud, cluster)
    body = {"nodeList": [{"serverID": await released(cloud, cluster, before)}]}

    answer = await cloud.call("POST", f"{pool}/nodes/add", body, expect=200)
    await job(cloud, answer["jobid"])

    [after] = await members(cloud, pool)
    for key in ("flavor", "az", "rootVolume", "dataVolumes"):
        assert after["spec"][key] == SERVER[key]
    assert after["spec"]["os"] == TEMPLATE["os"]


async def test_addresses_that_others_took_meanwhile_are_lost(cloud: Cloud, cluster: str) -> None:
    eip = unique("eip")
    wish: dict[str, Any] = {
        "publicIP": {"ids": [eip]},
        "nodeNicSpec": {"primaryNic": {"fixedIps": ["10.30.0.9"]}},
    }
    before = await made(cloud, cluster, **wish)
    server_id = await released(cloud, cluster, before)
    thief = await made(cloud, cluster, "thief", **wish)

    after = await accepted(cloud, cluster, server_id)

    assert thief["status"]["privateIP"] == before["status"]["privateIP"] == "10.30.0.9"
    assert after["status"]["privateIP"] not in ("", "10.30.0.9")
    assert "fixedIps" not in after["spec"]["nodeNicSpec"]["primaryNic"]
    assert after["status"]["publicIP"] == ""


async def test_addresses_that_nobody_took_are_held_again(cloud: Cloud, cluster: str) -> None:
    wish: dict[str, Any] = {"nodeNicSpec": {"primaryNic": {"fixedIps": ["10.30.0.10"]}}}
    before = await made(cloud, cluster, **wish)

    after = await accepted(cloud, cluster, await released(cloud, cluster, before))

    assert after["status"]["privateIP"] == "10.30.0.10"
    await cloud.call("POST", f"{cluster}/nodes", node(**wish), expect=400)


async def test_a_deleted_node_leaves_no_server_behind(cloud: Cloud, cluster: str) -> None:
    before = await made(cloud, cluster, **SERVER)
    url = f"{cluster}/nodes/{before['metadata']['uid']}"
    answer = await cloud.call("DELETE", url, expect=200)
    await job(cloud, answer["status"]["jobID"])

    after = await accepted(cloud, cluster, before["status"]["serverId"])

    assert "flavor" not in after["spec"]


@pytest.mark.parametrize(
    ("policy", "kept"), [("", False), ("delete", False), ("retain", True), ("Reset", True)]
)
async def test_servers_outlast_their_cluster_where_its_deletion_says_so(
    cloud: Cloud, cluster: str, policy: str, kept: bool
) -> None:
    before = [await made(cloud, cluster, name, **SERVER) for name in ("a", "b")]
    query = f"?ondemand_node_policy={policy}" if policy else ""
    answer = await cloud.call("DELETE", f"{cluster}{query}", expect=200)
    await job(cloud, answer["status"]["jobID"])
    other = f"{cloud.project}/clusters/{await cloud.cluster()}"

    after = [await accepted(cloud, other, node["status"]["serverId"]) for node in before]

    assert [node["spec"].get("flavor") == SERVER["flavor"] for node in after] == [kept, kept]


async def test_only_the_newest_servers_are_remembered(
    cloud: Cloud, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "KEPT_SERVERS", 1)
    servers = []
    for name in ("a", "b"):
        found = await made(cloud, cluster, name, **SERVER)
        servers.append(await released(cloud, cluster, found))

    older, newer = [await accepted(cloud, cluster, server) for server in servers]

    assert "flavor" not in older["spec"]
    assert newer["spec"]["flavor"] == SERVER["flavor"]
