"""Node pools: an expected size that jobs make true, and everything that changes it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, open_cloud, unique
from tests.api.nodes_examples import TEMPLATE, add_nodes, add_pool, job, members, node, pool

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODE_POOL_ID = "kubernetes.io/node-pool.id"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite that the tests of this file share.

    ``broken`` makes no server once, ``stubborn`` keeps one once.
    """
    folder = tmp_path_factory.mktemp("cloud")
    faults = folder / "faults.yaml"
    faults.write_text(
        "- {step: CreateNodeVM, cluster: broken, reason: No capacity.}\n"
        "- {step: DeleteNodeVM, cluster: stubborn, reason: In use.}\n"
    )
    async with open_cloud(folder, faults=faults, cluster_quota=1000) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


def update(**spec: Any) -> dict[str, Any]:
    """The body of a request to update a pool."""
    return {"metadata": {"name": "pool-1"}, "spec": spec}


async def test_a_pool_makes_its_nodes_and_is_ready_then(cloud: Cloud, cluster: str) -> None:
    made = await cloud.call("POST", f"{cluster}/nodepools", pool(size=2), expect=201)
    url = f"{cluster}/nodepools/{made['metadata']['uid']}"
    ready = await cloud.until(url, "status.phase", "")

    nodes = await members(cloud, url)
    assert made["status"]["phase"] == "Synchronizing"
    assert (made["status"]["currentNode"], made["status"]["creatingNode"]) == (2, 2)
    assert ready["spec"]["initialNodeCount"] == 2
    status = ready["status"]
    assert (status["currentNode"], status["activeNode"]) == (2, 2)
    assert (status["creatingNode"], status["deletingNode"]) == (0, 0)
    assert [each["status"]["phase"] for each in nodes] == ["Active", "Active"]
    for each in nodes:
        owner = {"nodepoolName": "pool-1", "nodepoolID": made["metadata"]["uid"]}
        assert each["metadata"]["ownerReferences"] == owner
        assert each["metadata"]["annotations"][NODE_POOL_ID] == made["metadata"]["uid"]
        assert each["metadata"]["name"].startswith("pool-1-")


async def test_a_pool_reads_as_it_was_sent_but_for_its_password(cloud: Cloud, cluster: str) -> None:
    template = TEMPLATE | {
        "az": "random",
        "count": 1,
        "login": {"sshKey": "kp", "userPassword": {"username": "", "password": ""}},
        "nodeNicSpec": {"primaryNic": {}},
        "publicIP": {"eip": {"bandwidth": {}}},
        "taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}],
        "userTags": [{"key": "owner", "value": "me"}],
    }
    zeros = {"enable": False, "minNodeCount": 0, "maxNodeCount": 0, "priority": 0}
    sent = pool(
        nodeTemplate=template,
        autoscaling=zeros,
        nodeManagement={"serverGroupReference": ""},
        type="vm",
        someday=[1],
    )

    made = await cloud.call("POST", f"{cluster}/nodepools", sent, expect=201)

    # The number of nodes is one node's: the official description says that pools never tell it.
    expected = template | {"login": {"sshKey": "kp"}}
    del expected["count"]
    tags = {"cce.cloud.com/cce-nodepool": "pool-1"}
    assert made["spec"]["nodeTemplate"].items() >= (expected | {"k8sTags": tags}).items()
    assert "count" not in made["spec"]["nodeTemplate"]
    for key in ("autoscaling", "nodeManagement", "type", "someday"):
        assert made["spec"][key] == sent["spec"][key]
    assert made["status"]["phase"] == ""
    url = f"{cluster}/nodepools/{made['metadata']['uid']}"
    assert await cloud.call("GET", url, expect=200) == made


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (2, 0)])
async def test_a_pool_scales_to_the_size_asked_for(
    cloud: Cloud, cluster: str, before: int, after: int
) -> None:
    url = await add_pool(cloud, cluster, size=before)
    old = [each["metadata"]["uid"] for each in await members(cloud, url)]
    body = {"kind": "NodePool", "apiVersion": "v3", "spec": {"desiredNodeCount": after}}

    await cloud.call("POST", f"{url}/operation/scale", body, expect=200)
    await cloud.until(url, "status.phase", "")
    refusal = await cloud.call("POST", f"{url}/operation/scale", body, expect=400)

    new = [each["metadata"]["uid"] for each in await members(cloud, url)]
    assert len(new) == after
    kept = min(before, after)
    assert new[:kept] == old[:kept]
    assert refusal["error_code"] == "CCE_CM.0004"
    assert refusal["message"] == f"No scale task needed with desired node count {after}"
    await cloud.until(cluster, "status.phase", "Available")


SIZES_AFTER_UPDATE: list[tuple[dict[str, Any], int]] = [
    ({"initialNodeCount": 3}, 3),
    ({}, 0),
    ({"ignoreInitialNodeCount": False}, 0),
    ({"ignoreInitialNodeCount": True}, 2),
    ({"ignoreInitialNodeCount": True, "initialNodeCount": 5}, 2),
]


@pytest.mark.parametrize(("spec", "size"), SIZES_AFTER_UPDATE, ids=str)
async def test_a_missing_size_in_an_update_means_zero_unless_ignored(
    cloud: Cloud, cluster: str, spec: dict[str, Any], size: int
) -> None:
    url = await add_pool(cloud, cluster, size=2)

    updated = await cloud.call("PUT", url, update(**spec), expect=200)
    ready = await cloud.until(url, "status.phase", "")

    assert updated["spec"]["initialNodeCount"] == size
    assert ready["status"]["currentNode"] == size
    assert len(await members(cloud, url)) == size


async def test_an_update_changes_what_it_names_and_nothing_else(cloud: Cloud, cluster: str) -> None:
    template = TEMPLATE | {"k8sTags": {"a": "b"}, "userTags": [{"key": "k", "value": "v"}]}
    url = await add_pool(cloud, cluster, nodeTemplate=template)
    before = await cloud.call("GET", url, expect=200)
    spec = {
        "nodeTemplate": {
            "flavor": TEMPLATE["flavor"],
            "os": "Ubuntu 22.04",
            "rootVolumeUpdate": {"volumetype": "SSD", "size": 80},
            "taints": [{"key": "k", "effect": "NoExecute"}],
            "k8sTags": {},
        },
        "autoscaling": {"enable": True, "minNodeCount": 1, "maxNodeCount": 3},
        "nodeManagementUpdate": {"serverGroupReference": "g"},
        "taintPolicyOnExistingNodes": "ignore",
    }
    body = update(**spec) | {"metadata": {"name": "renamed"}}

    after = await cloud.call("PUT", url, body, expect=200)

    changed = after["spec"]["nodeTemplate"]
    old = before["spec"]["nodeTemplate"]
    assert after["metadata"]["name"] == "renamed"
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"] + 1
    assert changed["os"] == "Ubuntu 22.04"
    assert changed["rootVolume"] == {"volumetype": "SSD", "size": 80}
    assert old["k8sTags"] == {"a": "b", "cce.cloud.com/cce-nodepool": "pool-1"}
    assert changed["k8sTags"] == {"cce.cloud.com/cce-nodepool": "renamed"}
    for key in ("dataVolumes", "userTags", "flavor", "az", "login"):
        assert changed[key] == old[key]
    assert after["spec"]["autoscaling"] == {"enable": True, "minNodeCount": 1, "maxNodeCount": 3}
    assert after["spec"]["nodeManagement"] == {"serverGroupReference": "g"}
    assert await cloud.call("GET", url, expect=200) == after


async def test_nodes_are_brought_up_to_date_with_their_pool(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster, size=2)
    spec = {"nodeTemplate": {"os": "Ubuntu 22.04"}, "ignoreInitialNodeCount": True}
    updated = await cloud.call("PUT", url, update(**spec), expect=200)
    first, second = await members(cloud, url)
    body = {"spec": {"nodeIDs": [first["metadata"]["uid"]], "maxUnavailable": 1}}

    answer = await cloud.call("POST", f"{url}/operation/upgrade", body, expect=200)
    await job(cloud, answer["jobid"])
    [new, old] = await members(cloud, url)
    pool_now = await cloud.call("GET", url, expect=200)
    older = f"{url}/sync".replace("/api/v3/", "/api/v3.1/").replace("/nodepools/", "/nodepool/")
    text = await cloud.call("PUT", older, expect=200)
    done = await cloud.until(url, "status.configurationSyncedNodeCount", 2)

    assert updated["status"]["configurationSyncedNodeCount"] == 0
    assert first["status"]["configurationUpToDate"] is False
    assert new["status"]["configurationUpToDate"] is True
    assert new["status"]["serverId"] == first["status"]["serverId"]
    assert old["spec"]["os"] == second["spec"]["os"] == "EulerOS 2.9"
    assert pool_now["status"]["configurationSyncedNodeCount"] == 1
    assert isinstance(text, str)
    assert done["status"]["currentNode"] == 2


@pytest.mark.parametrize(("query", "size"), [("", 1), ("?nodepoolScaleDown=NoScaleDown", 2)])
async def test_a_deleted_node_lowers_its_pools_size_unless_it_is_to_be_replaced(
    cloud: Cloud, cluster: str, query: str, size: int
) -> None:
    url = await add_pool(cloud, cluster, size=2)
    gone, _ = [each["metadata"]["uid"] for each in await members(cloud, url)]

    await cloud.call("DELETE", f"{cluster}/nodes/{gone}{query}", expect=200)
    ready = await cloud.until(url, "status.phase", "")

    left = [each["metadata"]["uid"] for each in await members(cloud, url)]
    assert gone not in left
    assert len(left) == size
    assert ready["spec"]["initialNodeCount"] == size


@pytest.mark.parametrize(("query", "size"), [("", 3), ("?nodepoolScaleUp=NodepoolScaleUp", 1)])
async def test_a_node_created_in_a_pool_raises_its_size_unless_the_pool_asked_for_it(
    cloud: Cloud, cluster: str, query: str, size: int
) -> None:
    url = await add_pool(cloud, cluster, size=1)
    body = node(count=2)
    body["metadata"]["annotations"] = {NODE_POOL_ID: url.rpartition("/")[2]}

    made = await cloud.call("POST", f"{cluster}/nodes{query}", body, expect=201)
    await job(cloud, made["status"]["jobID"])

    found = await cloud.call("GET", url, expect=200)
    assert found["spec"]["initialNodeCount"] == size
    assert found["status"]["currentNode"] == 3


async def test_a_pool_takes_servers_and_nodes_of_other_pools(cloud: Cloud, cluster: str) -> None:
    [loose] = await add_nodes(cloud, cluster)
    source = await add_pool(cloud, cluster, name="source", size=1)
    url = await add_pool(cloud, cluster, name="taker")
    [bound] = await members(cloud, source)
    servers = {"kind": "List", "apiVersion": "v3", "nodeList": [{"serverID": unique("server")}]}
    moved = {"nodeList": [{"nodeID": each["metadata"]["uid"]} for each in (loose, bound)]}

    answer = await cloud.call("POST", f"{url}/nodes/add", servers, expect=200)
    await job(cloud, answer["jobid"])
    await cloud.call("PUT", f"{url}/nodes/migrate", moved, expect=200)

    taker = await cloud.call("GET", url, expect=200)
    giver = await cloud.call("GET", source, expect=200)
    assert (taker["spec"]["initialNodeCount"], taker["status"]["activeNode"]) == (3, 3)
    assert (giver["spec"]["initialNodeCount"], giver["status"]["activeNode"]) == (0, 0)
    assert (taker["status"]["phase"], giver["status"]["phase"]) == ("", "")


async def test_a_deleted_pool_is_gone_with_its_nodes(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster, size=2)
    first, _ = await members(cloud, url)

    answer = await cloud.call("DELETE", url, expect=200)
    await job(cloud, answer["status"]["jobId"])

    assert answer["status"]["phase"] == "Deleting"
    await cloud.call("GET", url, expect=404)
    await cloud.call("GET", f"{cluster}/nodes/{first['metadata']['uid']}", expect=404)
    assert (await cloud.call("GET", cluster, expect=200))["status"]["phase"] == "Available"


async def test_a_pool_without_nodes_can_be_deleted(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster)

    answer = await cloud.call("DELETE", url, expect=200)
    await job(cloud, answer["status"]["jobId"])

    await cloud.call("GET", url, expect=404)


async def test_a_pool_whose_node_failed_is_in_error_until_the_node_is_gone(cloud: Cloud) -> None:
    cluster = f"{cloud.project}/clusters/{await cloud.cluster('broken')}"

    made = await cloud.call("POST", f"{cluster}/nodepools", pool(size=1), expect=201)
    url = f"{cluster}/nodepools/{made['metadata']['uid']}"
    failed = await cloud.until(url, "status.phase", "Error")
    [found] = await members(cloud, url)
    await cloud.call("DELETE", f"{cluster}/nodes/{found['metadata']['uid']}", expect=200)
    await cloud.until(url, "status.phase", "")

    [condition] = failed["status"]["conditions"]
    assert (condition["type"], condition["message"]) == ("Error", "No capacity.")


async def test_a_deletion_that_fails_and_is_asked_for_again_counts_once(cloud: Cloud) -> None:
    cluster = f"{cloud.project}/clusters/{await cloud.cluster('stubborn')}"
    url = await add_pool(cloud, cluster, size=2)
    first, _ = await members(cloud, url)
    node_url = f"{cluster}/nodes/{first['metadata']['uid']}"

    await cloud.call("DELETE", node_url, expect=200)
    failed = await cloud.until(node_url, "status.phase", "Error")
    await cloud.call("DELETE", node_url, expect=200)
    ready = await cloud.until(url, "status.phase", "")

    assert failed["status"]["reason"] == "In use."
    assert (ready["spec"]["initialNodeCount"], ready["status"]["currentNode"]) == (1, 1)


async def test_the_default_pool_holds_the_nodes_without_a_pool(cloud: Cloud, cluster: str) -> None:
    await add_nodes(cloud, cluster, count=2)
    await add_pool(cloud, cluster)

    plain = await cloud.call("GET", f"{cluster}/nodepools", expect=200)
    every = await cloud.call("GET", f"{cluster}/nodepools?showDefaultNodePool=true", expect=200)

    assert plain["kind"] == "List"
    assert [each["metadata"]["name"] for each in plain["items"]] == ["pool-1"]
    assert [each["metadata"]["name"] for each in every["items"]] == ["DefaultPool", "pool-1"]
    assert every["items"][0]["status"]["activeNode"] == 2


async def test_names_of_pools_are_unique_in_their_cluster(cloud: Cloud, cluster: str) -> None:
    await add_pool(cloud, cluster)
    other = await add_pool(cloud, cluster, name="pool-2")

    await cloud.call("POST", f"{cluster}/nodepools", pool(), expect=409)
    await cloud.call("PUT", other, update(ignoreInitialNodeCount=True), expect=409)


WRONG: dict[str, dict[str, Any]] = {
    "a reserved name": {"name": "DefaultPool"},
    "a negative size": {"size": -1},
    "more nodes than the cluster may have": {"size": 51},
    "bounds the wrong way round": {"autoscaling": {"minNodeCount": 3, "maxNodeCount": 2}},
    "more nodes than the cluster may ever have": {"autoscaling": {"maxNodeCount": 51}},
    "no template": {"nodeTemplate": None},
    "an unknown type": {"type": "tape"},
    "a threshold below zero": {"autoscaling": {"scaleDownUtilizationThreshold": -0.5}},
    "an unknown policy": {"labelPolicyOnExistingNodes": "never"},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
async def test_a_wrong_pool_is_refused(cloud: Cloud, cluster: str, body: dict[str, Any]) -> None:
    refusal = await cloud.call("POST", f"{cluster}/nodepools", pool(**body), expect=400)

    assert refusal["error_code"]
    assert (await cloud.call("GET", f"{cluster}/nodepools", expect=200))["items"] == []


@pytest.mark.parametrize("key", ["flavor", "az"])
async def test_what_a_pool_is_made_of_cannot_change(cloud: Cloud, cluster: str, key: str) -> None:
    url = await add_pool(cloud, cluster)

    await cloud.call("PUT", url, update(nodeTemplate={key: "other"}), expect=400)


async def test_a_group_that_a_pool_has_not_does_not_scale(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster)
    body = {"spec": {"desiredNodeCount": 1, "scaleGroups": ["other"]}}

    refusal = await cloud.call("POST", f"{url}/operation/scale", body, expect=400)

    assert "other" in refusal["message"]


@pytest.mark.parametrize("path", ["", "/configuration", "/configuration/detail"])
async def test_a_pool_of_another_cluster_is_not_found(
    cloud: Cloud, cluster: str, path: str
) -> None:
    other = f"{cloud.project}/clusters/{await cloud.cluster()}"
    url = await add_pool(cloud, other)

    uid = url.rpartition("/")[2]
    await cloud.call("GET", f"{cluster}/nodepools/{uid}{path}", expect=404)


@pytest.mark.parametrize("where", ["pool", "master"])
async def test_a_configuration_is_kept(cloud: Cloud, cluster: str, where: str) -> None:
    url = await add_pool(cloud, cluster) if where == "pool" else f"{cluster}/nodepools/master"
    path = f"{url}/configuration"
    items = [{"name": "kube-api-qps", "value": 77}, {"name": "newer", "value": {"a": [1]}}]
    package = "kubelet" if where == "pool" else "kube-controller-manager"
    body = {
        "kind": "Configuration",
        "apiVersion": "v3",
        "metadata": {"name": "configuration"},
        "spec": {"packages": [{"name": package, "configurations": items}]},
    }

    before = await cloud.call("GET", path, expect=200)
    kept = await cloud.call("PUT", path, body, expect=200)
    detail = await cloud.call("GET", f"{path}/detail", expect=200)

    def values(document: dict[str, Any]) -> dict[str, Any]:
        [found] = [p for p in document["spec"]["packages"] if p["name"] == package]
        return {item["name"]: item["value"] for item in found["configurations"]}

    assert await cloud.call("GET", path, expect=200) == kept
    assert kept["kind"] == "Configuration"
    assert values(kept) == values(before) | {"kube-api-qps": 77, "newer": {"a": [1]}}
    defaults = {option["name"]: option["default"] for option in detail[package]}
    assert defaults == values(before)
