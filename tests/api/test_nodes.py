"""Nodes: from a request to an active node, how they read, and their way out."""

import base64
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import SUBNET, Cloud, open_cloud
from tests.api.nodes_examples import add_nodes, job, node

UNKNOWN = "00000000-0000-11f0-0000-0255ac100000"
CRYPT = base64.b64encode(b"$6$salt$hash").decode()


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite for the tests of this file; ``broken`` makes no server once."""
    folder = tmp_path_factory.mktemp("cloud")
    faults = folder / "faults.yaml"
    faults.write_text("- {step: CreateNodeVM, cluster: broken, reason: No capacity.}")
    async with open_cloud(folder, faults=faults, cluster_quota=1000) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


async def test_a_node_is_found_by_the_way_that_terraform_goes(cloud: Cloud, cluster: str) -> None:
    made = await cloud.call("POST", f"{cluster}/nodes", node(), expect=201)
    top = await job(cloud, made["status"]["jobID"])

    first = next(j for j in top["spec"]["subJobs"] if j["spec"]["type"] == "CreateNode")
    sub_job = await cloud.call(
        "GET", f"{cloud.project}/jobs/{first['metadata']['uid']}", expect=200
    )
    steps = {step["spec"]["type"]: step["spec"] for step in sub_job["spec"]["subJobs"]}
    uid = steps["InstallNode"]["resourceID"]
    found = await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=200)

    shown = await cloud.call("GET", cluster, expect=200)
    assert top["spec"]["type"] == "ScaleupCluster"
    assert top["spec"]["resourceName"] == shown["metadata"]["name"]
    assert list(steps) == ["GetPSMCert", "CreateNodeVM", "InstallNode"]
    assert "resourceID" not in steps["GetPSMCert"]
    assert sub_job["spec"]["resourceName"] == "demo-node"
    assert uid == made["metadata"]["uid"]
    assert found["status"]["phase"] == "Active"
    assert found["status"]["serverId"]
    assert found["status"]["privateIP"].startswith("192.168.")
    assert shown["status"]["phase"] == "Available"


async def test_a_node_reads_as_it_was_sent_but_for_its_password(cloud: Cloud, cluster: str) -> None:
    login = {"sshKey": "kp", "userPassword": {"username": "root", "password": CRYPT}}
    sent = node(
        login=login,
        nodeNicSpec={"primaryNic": {}},
        publicIP={"eip": {"bandwidth": {}}},
        k8sTags={"team": "a"},
        taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}],
        userTags=[{"key": "owner", "value": "me"}],
        extendParam={"maxPods": 110, "orderID": "", "newer": [1]},
        someday={"Key": True},
    )
    sent["metadata"] |= {"labels": {"a": "b"}, "annotations": {"c": "d"}}

    found = await cloud.call("POST", f"{cluster}/nodes", sent, expect=201)
    again = await cloud.call("GET", f"{cluster}/nodes/{found['metadata']['uid']}", expect=200)

    for read in (found, again):
        spec = read["spec"]
        assert spec["login"] == {"sshKey": "kp"}
        for key in ("rootVolume", "dataVolumes", "publicIP", "extendParam", "someday", "az", "os"):
            assert spec[key] == sent["spec"][key]
        assert spec["nodeNicSpec"] == {"primaryNic": {"subnetId": SUBNET}}
        assert (spec["billingMode"], spec["runtime"]) == (0, {"name": "containerd"})
        assert not {"count", "k8sTags", "taints", "userTags"} & spec.keys()
        metadata = read["metadata"]
        origin = "az-1#s6.large.2#EulerOS 2.9"
        assert metadata["labels"] == {"a": "b"}
        assert metadata["annotations"] == {"c": "d", "kubernetes.io/node-pool.id": origin}


@pytest.mark.parametrize(
    ("name", "count", "around", "pattern"),
    [
        ("demo-node", 1, {}, "demo-node"),
        ("demo-node", 3, {}, "demo-node-[a-z0-9]{5}"),
        ("", 2, {}, "demo-[0-9a-f]{12}-[a-z0-9]{5}"),
        ("node", 1, {"nodeNamePrefix": "eu-", "nodeNameSuffix": ".web"}, r"eu-node\.web"),
        ("node", 2, {"nodeNamePrefix": "eu-"}, "eu-node-[a-z0-9]{5}"),
        ("n" * 56, 2, {"nodeNameSuffix": "-" + "s" * 40}, "n{17}-[a-z0-9]{5}-s{40}"),
    ],
)
async def test_nodes_are_named_as_documented(
    cloud: Cloud, cluster: str, name: str, count: int, around: dict[str, str], pattern: str
) -> None:
    asked = node(name, count=count, nodeNameTemplate=around)
    made = await cloud.call("POST", f"{cluster}/nodes", asked, expect=201)
    top = await job(cloud, made["status"]["jobID"])
    listed = await cloud.call("GET", f"{cluster}/nodes", expect=200)

    names = [item["metadata"]["name"] for item in listed["items"]]
    assert len(set(names)) == count
    for each in names:
        assert re.fullmatch(pattern, each)
    assert [j["spec"]["resourceName"] for j in top["spec"]["subJobs"]] == names
    assert made["metadata"]["uid"] == listed["items"][0]["metadata"]["uid"]


async def test_a_list_is_read_page_by_page(cloud: Cloud, cluster: str) -> None:
    all_nodes = [each["metadata"]["uid"] for each in await add_nodes(cloud, cluster, count=3)]

    first = await cloud.call("GET", f"{cluster}/nodes?limit=2", expect=200)
    marker = first["pageInfo"]["nextMarker"]
    rest = await cloud.call("GET", f"{cluster}/nodes?limit=2&marker={marker}", expect=200)

    assert (first["kind"], first["apiVersion"]) == ("List", "v3")
    assert first["pageInfo"] == {"currentCount": 2, "nextMarker": all_nodes[1]}
    assert rest["pageInfo"] == {"currentCount": 1}
    pages = [item["metadata"]["uid"] for item in (*first["items"], *rest["items"])]
    assert pages == all_nodes


async def test_a_page_begins_where_a_node_was_that_is_gone(cloud: Cloud, cluster: str) -> None:
    first, second, third, last = [
        each["metadata"]["uid"] for each in await add_nodes(cloud, cluster, count=4)
    ]
    page = await cloud.call("GET", f"{cluster}/nodes?limit=2", expect=200)
    marker = page["pageInfo"]["nextMarker"]
    for uid in (second, third):
        answer = await cloud.call("DELETE", f"{cluster}/nodes/{uid}", expect=200)
        await job(cloud, answer["status"]["jobID"])

    rest = await cloud.call("GET", f"{cluster}/nodes?limit=2&marker={marker}", expect=200)
    answer = await cloud.call("DELETE", f"{cluster}/nodes/{first}", expect=200)
    await job(cloud, answer["status"]["jobID"])
    every = await cloud.call("GET", f"{cluster}/nodes?marker={first}", expect=200)

    assert marker == second
    for found in (rest, every):
        assert [each["metadata"]["uid"] for each in found["items"]] == [last]


@pytest.mark.parametrize("query", ["limit=0", "limit=2001", "limit=x", f"marker={UNKNOWN}"])
async def test_a_wrong_page_is_refused(cloud: Cloud, cluster: str, query: str) -> None:
    await cloud.call("GET", f"{cluster}/nodes?{query}", expect=400)


async def test_a_deleted_node_is_gone_when_its_job_succeeds(cloud: Cloud, cluster: str) -> None:
    first, second = await add_nodes(cloud, cluster, count=2)
    url = f"{cluster}/nodes/{first['metadata']['uid']}"

    answer = await cloud.call("DELETE", url, expect=200)
    done = await job(cloud, answer["status"]["jobID"])

    assert answer["status"]["deleteStatus"] == {
        "previous_total": 2,
        "current_total": 1,
        "updated": 0,
        "added": 0,
        "deleted": 1,
    }
    assert [j["spec"]["type"] for j in done["spec"]["subJobs"]] == ["DeleteNodeVM"]
    await cloud.call("GET", url, expect=404)
    await cloud.call("DELETE", url, expect=404)
    await cloud.call("GET", f"{cluster}/nodes/{second['metadata']['uid']}", expect=200)


WRONG: dict[str, dict[str, Any]] = {
    "no flavor": {"flavor": ""},
    "no volume": {"rootVolume": None},
    "a small data disk": {"dataVolumes": [{"size": 20, "volumetype": "SAS"}]},
    "a size as text": {"rootVolume": {"size": "40", "volumetype": "SAS"}},
    "no nodes": {"count": 0},
    "a plain password": {"login": {"userPassword": {"username": "root", "password": "secret"}}},
    "a wrong label": {"k8sTags": {"a b": "c"}},
    "a wrong taint": {"taints": [{"key": "k", "effect": "Never"}]},
    "a reserved tag": {"userTags": [{"key": "CCE-x", "value": ""}]},
    "a long zone": {"az": "z" * 65},
    "a long os": {"os": "z" * 65},
}


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
async def test_a_wrong_node_is_refused(cloud: Cloud, cluster: str, spec: dict[str, Any]) -> None:
    refusal = await cloud.call("POST", f"{cluster}/nodes", node(**spec), expect=400)

    assert refusal["errorCode"] == "CCE.01400001"
    assert refusal["message"]
    assert (await cloud.call("GET", f"{cluster}/nodes", expect=200))["items"] == []


@pytest.mark.parametrize("name", ["A", "a-", "1a", "a" * 57, "a_b"])
async def test_a_wrong_name_is_refused(cloud: Cloud, cluster: str, name: str) -> None:
    await cloud.call("POST", f"{cluster}/nodes", node(name), expect=400)


async def test_the_size_of_a_cluster_limits_its_nodes(cloud: Cloud, cluster: str) -> None:
    refusal = await cloud.call("POST", f"{cluster}/nodes", node(count=51), expect=400)

    assert refusal["errorCode"] == "CCE.01400014"


async def test_prepaid_nodes_are_not_supported(cloud: Cloud, cluster: str) -> None:
    await cloud.call("POST", f"{cluster}/nodes", node(billingMode=1), expect=501)


async def test_a_cluster_counts_its_nodes_when_details_are_asked_for(
    cloud: Cloud, cluster: str
) -> None:
    await add_nodes(cloud, cluster, count=2)

    plain = await cloud.call("GET", cluster, expect=200)
    shown = await cloud.call("GET", f"{cluster}?detail=true", expect=200)
    listed = await cloud.call("GET", f"{cloud.project}/clusters?detail=true", expect=200)

    assert "totalNodesNumber" not in plain["metadata"]["annotations"]
    mine = next(c for c in listed["items"] if c["metadata"]["uid"] in cluster)
    for found in (shown, mine):
        annotations = found["metadata"]["annotations"]
        assert annotations["totalNodesNumber"] == "2"
        assert annotations["activeNodesNumber"] == "2"
        assert annotations["totalNodesCPU"] == "4"
        assert annotations["totalNodesMemory"] == "8192"


async def test_deleting_a_cluster_deletes_its_nodes(cloud: Cloud, cluster: str) -> None:
    [found] = await add_nodes(cloud, cluster)

    await cloud.call("DELETE", cluster, expect=200)
    await cloud.until_gone(cluster)

    await cloud.call("GET", f"{cluster}/nodes/{found['metadata']['uid']}", expect=404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "nodes/{other}", None),
        ("PUT", "nodes/{other}", {"metadata": {"name": "stolen"}}),
        ("DELETE", "nodes/{other}", None),
        ("POST", "nodes/reset", {"nodeList": [{"nodeID": "{other}"}]}),
        ("PUT", "nodes/operation/remove", {"spec": {"nodes": [{"uid": "{other}"}]}}),
        ("POST", "nodes/locknodescaledown", {"nodeList": ["{other}"]}),
    ],
)
async def test_a_node_of_another_cluster_is_not_found(
    cloud: Cloud, cluster: str, method: str, path: str, body: Any
) -> None:
    other = f"{cloud.project}/clusters/{await cloud.cluster()}"
    [found] = await add_nodes(cloud, other)
    uid = found["metadata"]["uid"]
    asked = json.loads(json.dumps(body).replace("{other}", uid))

    await cloud.call(method, f"{cluster}/{path.replace('{other}', uid)}", asked, expect=404)


async def test_a_failed_node_tells_why_and_can_be_deleted(cloud: Cloud) -> None:
    cluster = f"{cloud.project}/clusters/{await cloud.cluster('broken')}"

    made = await cloud.call("POST", f"{cluster}/nodes", node(), expect=201)
    failed = await job(cloud, made["status"]["jobID"], phase="Failed")
    url = f"{cluster}/nodes/{made['metadata']['uid']}"
    found = await cloud.call("GET", url, expect=200)
    after = await cloud.call("GET", cluster, expect=200)
    answer = await cloud.call("DELETE", url, expect=200)
    await job(cloud, answer["status"]["jobID"])

    assert failed["status"]["reason"] == "No capacity."
    assert (found["status"]["phase"], found["status"]["reason"]) == ("Error", "No capacity.")
    assert after["status"]["phase"] == "Available"
    await cloud.call("GET", url, expect=404)


@pytest.mark.parametrize(
    ("name", "before", "behind", "field"),
    [
        ("n", "p" * 26, "s" * 25, "spec.nodeNameTemplate"),
        ("n" * 56, "prefix", "end", "metadata.name"),
    ],
)
async def test_a_name_that_would_be_too_long_for_a_server_is_refused(
    cloud: Cloud, cluster: str, name: str, before: str, behind: str, field: str
) -> None:
    template = {"nodeNamePrefix": before, "nodeNameSuffix": behind}

    asked = node(name, nodeNameTemplate=template)
    refused = await cloud.call("POST", f"{cluster}/nodes", asked, expect=400)

    assert field in refused["message"]


async def test_a_node_whose_name_is_that_in_kubernetes_keeps_it(cloud: Cloud, cluster: str) -> None:
    [made] = await add_nodes(cloud, cluster, hostnameConfig={"type": "cceNodeName"})
    url = f"{cluster}/nodes/{made['metadata']['uid']}"

    refused = await cloud.call("PUT", url, {"metadata": {"name": "other"}}, expect=400)
    await cloud.call("PUT", url, {"metadata": {"name": made["metadata"]["name"]}}, expect=200)

    assert "metadata.name" in refused["message"]


async def test_a_server_is_of_the_enterprise_project_of_its_cluster_unless_it_has_its_own(
    cloud: Cloud,
) -> None:
    uid = await cloud.cluster(extendParam={"enterpriseProjectId": "ours"})
    cluster = f"{cloud.project}/clusters/{uid}"

    theirs = await cloud.call("POST", f"{cluster}/nodes", node(), expect=201)
    asked = node(serverEnterpriseProjectID="own")
    own = await cloud.call("POST", f"{cluster}/nodes", asked, expect=201)

    found = [each["spec"]["serverEnterpriseProjectID"] for each in (theirs, own)]
    assert found == ["ours", "own"]


async def test_a_node_can_be_renamed(cloud: Cloud, cluster: str) -> None:
    [made] = await add_nodes(cloud, cluster)
    url = f"{cluster}/nodes/{made['metadata']['uid']}"

    renamed = await cloud.call("PUT", url, {"metadata": {"name": "other"}}, expect=200)

    assert renamed == await cloud.call("GET", url, expect=200)
    assert renamed["metadata"]["name"] == "other"
    assert renamed["status"] == made["status"] | {
        "lastProbeTime": renamed["metadata"]["updateTimestamp"]
    }
