"""Extension scale groups of pools: further kinds of node, scaled and counted by their names."""

from collections.abc import Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud
from tests.api.nodes_examples import TEMPLATE, add_nodes, add_pool, job, members, pool

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


def group(name: str = "g1", flavor: str = "c7.large.2", **more: Any) -> dict[str, Any]:
    spec = {"flavor": flavor, "az": "cn-north-4b"} | more
    return {"metadata": {"name": name}, "spec": spec}


async def scale(cloud: Cloud, url: str, size: int, *groups: str, expect: int = 200) -> Any:
    spec = {"desiredNodeCount": size} | ({"scaleGroups": list(groups)} if groups else {})
    answer = await cloud.call("POST", f"{url}/operation/scale", {"spec": spec}, expect=expect)
    if expect == 200:
        await cloud.until(url, "status.phase", "")
        await cloud.until(url.partition("/nodepools/")[0], "status.phase", "Available")
    return answer


async def statuses(cloud: Cloud, url: str) -> Mapping[str, dict[str, Any]]:
    found = await cloud.call("GET", url, expect=200)
    return {each["name"]: each for each in found["status"]["scaleGroupStatuses"]}


async def sizes(cloud: Cloud, url: str) -> dict[str, int]:
    """How many active nodes each group has."""
    found = await statuses(cloud, url)
    return {name: each["activeNodeCount"] for name, each in found.items()}


async def test_a_group_has_a_uid_and_a_status_of_its_own(cloud: Cloud, cluster: str) -> None:
    sent = group()
    sent["metadata"]["uid"] = "chosen-by-the-client"

    url = await add_pool(cloud, cluster, extensionScaleGroups=[sent])
    found = await cloud.call("GET", url, expect=200)

    [kept] = found["spec"]["extensionScaleGroups"]
    assert kept["spec"] == sent["spec"]
    assert kept["metadata"]["name"] == "g1"
    assert kept["metadata"]["uid"] not in ("", "chosen-by-the-client")
    default, own = found["status"]["scaleGroupStatuses"]
    assert (default["name"], own["name"]) == ("default", "g1")
    assert own["uid"] == kept["metadata"]["uid"]
    assert (own["desiredNodeCount"], own["activeNodeCount"]) == (0, 0)


async def test_a_group_that_is_scaled_gets_nodes_of_its_kind(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster, size=1, extensionScaleGroups=[group()])

    await scale(cloud, url, 3, "g1")

    plain, *own = await members(cloud, url)
    assert (plain["spec"]["flavor"], plain["spec"]["az"]) == (TEMPLATE["flavor"], TEMPLATE["az"])
    for each in own:
        assert (each["spec"]["flavor"], each["spec"]["az"]) == ("c7.large.2", "cn-north-4b")
        assert each["spec"]["os"] == TEMPLATE["os"]
    found = await statuses(cloud, url)
    for name, size in (("default", 1), ("g1", 2)):
        assert found[name]["desiredNodeCount"] == found[name]["activeNodeCount"] == size
        assert found[name]["existingNodeCount"] == {"total": size, "postPaid": size, "prePaid": 0}
    shown = await cloud.call("GET", url, expect=200)
    assert shown["spec"]["initialNodeCount"] == shown["status"]["currentNode"] == 3


async def test_nodes_on_their_way_count_in_their_group(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster, extensionScaleGroups=[group()])

    body = {"spec": {"desiredNodeCount": 2, "scaleGroups": ["g1"]}}
    await cloud.call("POST", f"{url}/operation/scale", body, expect=200)
    found = await statuses(cloud, url)

    assert found["g1"]["desiredNodeCount"] == 2
    total = {key: found["g1"][key]["total"] for key in ("existingNodeCount", "upcomingNodeCount")}
    assert sum(total.values()) == 2
    await cloud.until(url, "status.phase", "")


async def test_a_group_without_a_zone_has_the_templates(cloud: Cloud, cluster: str) -> None:
    for number, az in enumerate(("", None)):
        own = group(az=az)
        url = await add_pool(cloud, cluster, name=f"p{number}", extensionScaleGroups=[own])

        await scale(cloud, url, 1, "g1")

        [found] = await members(cloud, url)
        assert (found["spec"]["flavor"], found["spec"]["az"]) == ("c7.large.2", TEMPLATE["az"])


async def test_new_nodes_are_spread_over_several_groups(cloud: Cloud, cluster: str) -> None:
    groups = [group(), group("g2", "c7.xlarge.2")]
    url = await add_pool(cloud, cluster, size=1, extensionScaleGroups=groups)

    await scale(cloud, url, 5, "g1", "g2")
    assert await sizes(cloud, url) == {"default": 1, "g1": 2, "g2": 2}
    await scale(cloud, url, 6, "default", "g1")

    assert await sizes(cloud, url) == {"default": 2, "g1": 2, "g2": 2}


async def test_a_pool_shrinks_in_the_group_that_is_named(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster, size=2, extensionScaleGroups=[group()])
    await scale(cloud, url, 4, "g1")

    await scale(cloud, url, 3, "g1")
    assert await sizes(cloud, url) == {"default": 2, "g1": 1}
    await scale(cloud, url, 2, "default")
    assert await sizes(cloud, url) == {"default": 1, "g1": 1}
    await scale(cloud, url, 0, "g1", expect=403)
    await scale(cloud, url, 1, "g1", "default", expect=400)
    await scale(cloud, url, 3, "unknown", expect=400)
    assert await sizes(cloud, url) == {"default": 1, "g1": 1}
    await scale(cloud, url, 0)

    assert await members(cloud, url) == []


async def test_a_node_that_is_replaced_comes_back_in_its_group(cloud: Cloud, cluster: str) -> None:
    url = await add_pool(cloud, cluster, extensionScaleGroups=[group()])
    await scale(cloud, url, 1, "g1")
    [old] = await members(cloud, url)

    path = f"{cluster}/nodes/{old['metadata']['uid']}?nodepoolScaleDown=NoScaleDown"
    await cloud.call("DELETE", path, expect=200)
    await cloud.until(url, "status.phase", "")

    [new] = await members(cloud, url)
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert new["spec"]["flavor"] == "c7.large.2"
    assert await sizes(cloud, url) == {"default": 0, "g1": 1}


def update(*groups: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "pool-1"},
        "spec": {"ignoreInitialNodeCount": True, "extensionScaleGroups": list(groups)} | more,
    }


async def test_an_update_keeps_the_groups_it_names_by_their_uids(
    cloud: Cloud, cluster: str
) -> None:
    url = await add_pool(cloud, cluster, extensionScaleGroups=[group(), group("g2")])
    await scale(cloud, url, 2, "g1", "g2")
    before = await cloud.call("GET", url, expect=200)
    first, second = before["spec"]["extensionScaleGroups"]
    first["metadata"]["name"], second["metadata"]["name"] = "g2", "g1"  # each has the other's

    after = await cloud.call("PUT", url, update(first, second, group("g3")), expect=200)
    silent = await cloud.call(
        "PUT",
        url,
        {"metadata": {"name": "pool-1"}, "spec": {"ignoreInitialNodeCount": True}},
        expect=200,
    )

    uids = [each["metadata"]["uid"] for each in after["spec"]["extensionScaleGroups"]]
    assert uids[:2] == [first["metadata"]["uid"], second["metadata"]["uid"]]
    assert len(set(uids)) == 3
    assert await sizes(cloud, url) == {"default": 0, "g2": 1, "g1": 1, "g3": 0}
    assert silent["spec"]["extensionScaleGroups"] == after["spec"]["extensionScaleGroups"]


async def test_a_group_that_is_sent_without_its_uid_is_a_new_one(
    cloud: Cloud, cluster: str
) -> None:
    url = await add_pool(cloud, cluster, extensionScaleGroups=[group()])
    await scale(cloud, url, 1, "g1")
    before = await statuses(cloud, url)

    await cloud.call("PUT", url, update(group()), expect=200)
    renewed = await statuses(cloud, url)
    await cloud.call("PUT", url, update(), expect=200)

    assert renewed["g1"]["uid"] != before["g1"]["uid"]
    assert renewed["g1"]["activeNodeCount"] == 1
    assert await sizes(cloud, url) == {"default": 1}


async def test_nodes_that_come_into_a_pool_are_in_its_default_group(
    cloud: Cloud, cluster: str
) -> None:
    [loose] = await add_nodes(cloud, cluster)
    url = await add_pool(cloud, cluster, extensionScaleGroups=[group()])
    moved = {"nodeList": [{"nodeID": loose["metadata"]["uid"]}]}
    servers = {"nodeList": [{"serverID": "server"}]}

    await cloud.call("PUT", f"{url}/nodes/migrate", moved, expect=200)
    answer = await cloud.call("POST", f"{url}/nodes/add", servers, expect=200)
    await job(cloud, answer["jobid"])

    assert await sizes(cloud, url) == {"default": 2, "g1": 0}


WRONG: dict[str, dict[str, Any]] = {
    "the default's name": {"extensionScaleGroups": [group("default")]},
    "a name with capitals": {"extensionScaleGroups": [group("G1")]},
    "a long name": {"extensionScaleGroups": [group("g" * 57)]},
    "a hyphen at the end": {"extensionScaleGroups": [group("g-")]},
    "a name twice": {"extensionScaleGroups": [group(), group()]},
    "no name": {"extensionScaleGroups": [{"metadata": {}, "spec": {"flavor": "c7.large.2"}}]},
    "no flavor": {"extensionScaleGroups": [{"metadata": {"name": "g1"}, "spec": {}}]},
    "a target without a name": {
        "extensionScaleGroups": [group(capacityReservationSpecification={"preference": "targeted"})]
    },
    "an unknown preference": {
        "extensionScaleGroups": [group(capacityReservationSpecification={"preference": "any"})]
    },
    "bounds the wrong way round": {
        "extensionScaleGroups": [group(autoscaling={"minNodeCount": 3, "maxNodeCount": 2})]
    },
    "more nodes than the cluster may have": {
        "extensionScaleGroups": [group(autoscaling={"maxNodeCount": 51})]
    },
    "a random zone": {
        "extensionScaleGroups": [group()],
        "nodeTemplate": TEMPLATE | {"az": "random"},
    },
}


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
async def test_a_wrong_group_is_refused(cloud: Cloud, cluster: str, spec: dict[str, Any]) -> None:
    refusal = await cloud.call("POST", f"{cluster}/nodepools", pool(**spec), expect=400)

    assert refusal["error_code"] == "CCE_CM.0004"
