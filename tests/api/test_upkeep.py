"""Upkeep of nodes: certificates, moving as they are, paying in advance, labels by pool."""

from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud
from tests.api.nodes_examples import add_nodes, add_pool, job

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONTH = {"periodType": "month", "periodNum": 1}


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


def certificates(*uids: str) -> dict[str, Any]:
    """The body of a request to renew the certificates of nodes."""
    return {"apiVersion": "v3", "kind": "List", "nodeList": [{"nodeID": uid} for uid in uids]}


def task(*uids: str, **spec: Any) -> dict[str, Any]:
    """The body of a request to move nodes as they are."""
    return {"spec": {"nodes": [{"uid": uid} for uid in uids]} | spec}


async def newest_job(cloud: Cloud, job_type: str) -> dict[str, Any]:
    """The newest job of a type, once it has succeeded."""
    path = cloud.project.replace("/v3/", "/v2/") + "/jobs"
    listed = await cloud.call("GET", path, expect=200)
    uid = next(each["metadata"]["uid"] for each in listed if each["spec"]["type"] == job_type)
    return await job(cloud, uid)


async def test_nodes_get_new_certificates_once_their_cluster_has(
    cloud: Cloud, cluster: str
) -> None:
    nodes = [node["metadata"]["uid"] for node in await add_nodes(cloud, cluster, count=2)]
    url = f"{cluster}/nodes/rotate-cert"

    before = await cloud.call("POST", url, certificates(*nodes), expect=403)
    turned = await cloud.call(
        "POST", f"{cluster}/rotatecredentials", {"component": "all"}, expect=200
    )
    await job(cloud, turned["jobid"])
    done = await cloud.call("POST", url, certificates(*nodes), expect=200)
    made = await newest_job(cloud, "RotateNodeCert")

    assert "never rotated" in before["message"]
    assert done == {}
    steps = [step["spec"]["type"] for step in made["spec"]["subJobs"]]
    assert steps == ["GetPSMCert", "RenewNodeCert", "RenewNodeCert"]
    assert {step["spec"]["resourceID"] for step in made["spec"]["subJobs"][1:]} == set(nodes)
    shown = await cloud.call("GET", f"{cluster}/nodes/{nodes[0]}", expect=200)
    assert shown["status"]["phase"] == "Active"
    await cloud.call("POST", url, certificates("nobody"), expect=404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"apiVersion": "v3", "kind": "List", "nodeList": []},
        {"apiVersion": "v3", "kind": "Node", "nodeList": [{"nodeID": "a"}]},
        certificates("a", "a"),
        certificates(*(f"n{n}" for n in range(201))),
    ],
)
async def test_a_bad_request_for_certificates_is_refused(
    cloud: Cloud, cluster: str, body: dict[str, Any]
) -> None:
    await cloud.call("POST", f"{cluster}/nodes/rotate-cert", body, expect=400)


async def test_a_node_moves_with_the_system_that_it_has(cloud: Cloud, cluster: str) -> None:
    [node] = await add_nodes(cloud, cluster, k8sTags={"a": "b"})
    uid = node["metadata"]["uid"]
    target = await cloud.cluster()
    url = f"{cluster}/nodes/operation/in-place-migrateto/{target}"
    clean = {"enable": True, "onFailure": "abort"}

    answer = await cloud.call("POST", url, task(uid, dataDiskCleanUpOption=clean), expect=200)
    done = await job(cloud, answer["status"]["jobID"])
    there = f"{cloud.project}/clusters/{target}/nodes/{uid}"
    moved = await cloud.call("GET", there, expect=200)

    assert answer["kind"] == "InPlaceMigrateNodesTask"
    assert answer["spec"]["dataDiskCleanUpOption"] == clean
    assert done["spec"]["type"] == "InPlaceMigrateNode"
    await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=404)
    assert moved["spec"]["os"] == node["spec"]["os"]
    assert moved["status"]["serverId"] == node["status"]["serverId"]
    assert "k8sTags" not in moved["spec"]


async def test_only_what_is_alike_takes_nodes_as_they_are(cloud: Cloud, cluster: str) -> None:
    [node] = await add_nodes(cloud, cluster)
    uid = node["metadata"]["uid"]
    newer = await cloud.cluster(version="v1.32")
    here = cluster.rpartition("/")[2]

    for target, rule in ((newer, "version"), (here, "already")):
        url = f"{cluster}/nodes/operation/in-place-migrateto/{target}"
        refused = await cloud.call("POST", url, task(uid), expect=400)
        assert rule in refused["message"]
    await cloud.call(
        "POST", f"{cluster}/nodes/operation/in-place-migrateto/nowhere", task(uid), expect=404
    )


async def test_a_node_of_a_pool_stays(cloud: Cloud, cluster: str) -> None:
    await add_pool(cloud, cluster, size=1)
    listed = await cloud.call("GET", f"{cluster}/nodes", expect=200)
    [node] = listed["items"]
    target = await cloud.cluster()

    refused = await cloud.call(
        "POST",
        f"{cluster}/nodes/operation/in-place-migrateto/{target}",
        task(node["metadata"]["uid"]),
        expect=400,
    )

    assert "is in a node pool" in refused["message"]


async def test_no_node_can_be_prepaid_and_none_can(cloud: Cloud, cluster: str) -> None:
    [node] = await add_nodes(cloud, cluster)
    url = f"{cluster}/nodes/toperiod"
    body = {"nodeList": [node["metadata"]["uid"]], "periodOrderParam": MONTH}

    none = await cloud.call("POST", url, body | {"nodeList": []}, expect=200)
    refused = await cloud.call("POST", url, body, expect=501)

    assert none == {"orderId": ""}
    assert "no billing" in refused["message"]
    await cloud.call("POST", url, body | {"nodeList": ["nobody"]}, expect=404)


@pytest.mark.parametrize(
    "changed",
    [
        {"periodOrderParam": {"periodType": "day", "periodNum": 1}},
        {"periodOrderParam": {"periodType": "year", "periodNum": 4}},
        {"periodOrderParam": {"periodType": "month", "periodNum": 10}},
        {"periodOrderParam": {"periodType": "month", "periodNum": "1"}},
        {"includeResources": ["evs"]},
        {"nodeList": "all"},
        {"kind": "List"},
    ],
)
async def test_a_bad_request_for_an_order_is_refused(
    cloud: Cloud, cluster: str, changed: dict[str, Any]
) -> None:
    body = {"nodeList": [], "periodOrderParam": MONTH} | changed

    await cloud.call("POST", f"{cluster}/nodes/toperiod", body, expect=400)


async def test_labels_are_listed_by_pool_and_key(cloud: Cloud, cluster: str) -> None:
    await add_nodes(cloud, cluster, k8sTags={"disk": "fast", "zone": "1"})
    await add_nodes(cloud, cluster, name="other", k8sTags={"disk": "slow"})
    pool = (await add_pool(cloud, cluster)).rpartition("/")[2]

    found = await cloud.call("GET", f"{cluster}/labels", expect=200)

    assert (found["kind"], found["apiVersion"]) == ("Labels", "v3")
    assert found["spec"] == {
        "DefaultPool": {"disk": ["fast", "slow"], "zone": ["1"]},
        pool: {},
    }


async def test_there_are_no_hyper_nodes(cloud: Cloud, cluster: str) -> None:
    assert await cloud.call("GET", f"{cluster}/hypernodes?limit=5&offset=0", expect=200) == []
    await cloud.call("GET", f"{cluster}/hypernodes?limit=1001", expect=400)
    await cloud.call("GET", f"{cluster}/hypernodes?limit=1_0", expect=400)
    await cloud.call("GET", f"{cloud.project}/clusters/nowhere/hypernodes", expect=404)
