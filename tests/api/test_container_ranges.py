"""Container ranges of clusters in one VPC: those of its routes are apart, whoever chose them."""

import asyncio
from ipaddress import ip_network
from itertools import combinations, pairwise
from typing import Any

import pytest

from clusterwright.cce.clusters import ranges
from clusterwright.errors import ApiError
from tests.api.cloud import Cloud, cluster, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")


def wanted(vpc: str, *cidrs: str, mode: str = "vpc-router") -> dict[str, Any]:
    """The body of a cluster in a VPC, with these ranges or with one that the server chooses."""
    network = {"mode": mode} | ({"cidrs": [{"cidr": cidr} for cidr in cidrs]} if cidrs else {})
    host = {"vpc": vpc, "subnet": "s"}
    return cluster(unique("demo"), hostNetwork=host, containerNetwork=network)


async def make(cloud: Cloud, body: dict[str, Any]) -> str:
    """The path of a new cluster."""
    made = await cloud.call("POST", f"{cloud.project}/clusters", body, expect=201)
    path = f"{cloud.project}/clusters/{made['metadata']['uid']}"
    await cloud.until(path, "status.phase", "Available")
    return path


async def refused(cloud: Cloud, method: str, path: str, body: Any) -> None:
    """Make sure that a request is refused for its ranges."""
    answer = await cloud.call(method, path, body, expect=400)
    assert (answer["errorCode"], answer["error_code"]) == ("CCE.01400005", "CCE_CM.0410")
    assert answer["message"].startswith("spec.containerNetwork")


async def ranges_of(cloud: Cloud, path: str) -> list[str]:
    found = await cloud.call("GET", path, expect=200)
    return [each["cidr"] for each in found["spec"]["containerNetwork"]["cidrs"]]


@pytest.mark.parametrize("cidr", ["10.200.0.0/16", "10.200.128.0/20", "10.0.0.0/8"])
async def test_a_range_that_overlaps_another_cluster_s_is_refused(
    shared_cloud: Cloud, cidr: str
) -> None:
    vpc = unique("vpc")
    await make(shared_cloud, wanted(vpc, "10.200.0.0/16"))
    body = wanted(vpc, "10.1.0.0/16", cidr) if cidr != "10.0.0.0/8" else wanted(vpc, cidr)
    body["spec"]["serviceNetwork"] = {"IPv4CIDR": "192.168.0.0/24"}

    await refused(shared_cloud, "POST", f"{shared_cloud.project}/clusters", body)

    names = await shared_cloud.call("GET", f"{shared_cloud.project}/clusters", expect=200)
    assert body["metadata"]["name"] not in {e["metadata"]["name"] for e in names["items"]}


async def test_the_same_range_serves_in_another_vpc_and_in_overlay_networks(
    shared_cloud: Cloud,
) -> None:
    vpc, cidr = unique("vpc"), "10.200.0.0/16"

    await make(shared_cloud, wanted(vpc, cidr))
    await make(shared_cloud, wanted(unique("vpc"), cidr))
    paths = [await make(shared_cloud, wanted(vpc, cidr, mode="overlay_l2")) for _ in range(2)]

    assert [await ranges_of(shared_cloud, path) for path in paths] == [[cidr], [cidr]]


async def test_the_server_chooses_ranges_that_are_free(shared_cloud: Cloud) -> None:
    vpc = unique("vpc")
    await make(shared_cloud, wanted(vpc, "172.16.0.0/14", "10.0.0.0/16"))

    answers = await asyncio.gather(
        *(
            shared_cloud.client.post(f"{shared_cloud.project}/clusters", json=wanted(vpc))
            for _ in range(8)
        )
    )

    assert {answer.status_code for answer in answers} == {201}
    chosen = [ip_network(answer.json()["spec"]["containerNetwork"]["cidr"]) for answer in answers]
    taken = [*chosen, ip_network("172.16.0.0/14"), ip_network("10.0.0.0/16")]
    assert not any(one.overlaps(other) for one, other in combinations(taken, 2))


async def test_of_many_creations_with_one_range_at_once_one_succeeds(shared_cloud: Cloud) -> None:
    vpc = unique("vpc")

    answers = await asyncio.gather(
        *(
            shared_cloud.client.post(
                f"{shared_cloud.project}/clusters", json=wanted(vpc, "10.200.0.0/16")
            )
            for _ in range(8)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201, *[400] * 7]


async def test_ranges_that_an_update_adds_are_taken_and_those_it_removes_are_free(
    shared_cloud: Cloud,
) -> None:
    vpc = unique("vpc")
    first = await make(shared_cloud, wanted(vpc, "10.1.0.0/16"))
    second = await make(shared_cloud, wanted(vpc, "10.2.0.0/16"))

    def adding(cidr: str) -> dict[str, Any]:
        return {"spec": {"containerNetwork": {"cidrs": [{"cidr": cidr}]}}}

    def listing(*cidrs: str) -> dict[str, Any]:
        return {"spec": {"containerNetwork": {"containercidrs": list(cidrs)}}}

    await refused(shared_cloud, "PUT", first, adding("10.2.128.0/20"))
    await shared_cloud.call("PUT", first, adding("10.3.0.0/16"), expect=200)
    await refused(shared_cloud, "PUT", second, adding("10.3.0.0/20"))
    await refused(shared_cloud, "PUT", second, listing("10.2.0.0/16", "10.3.0.0/20"))
    await shared_cloud.call("PUT", first, listing("10.3.0.0/16", "10.4.0.0/16"), expect=200)
    await shared_cloud.call("PUT", second, adding("10.1.0.0/16"), expect=200)
    await shared_cloud.call("PUT", second, listing(), expect=200)

    assert await ranges_of(shared_cloud, first) == ["10.3.0.0/16", "10.4.0.0/16"]
    assert await ranges_of(shared_cloud, second) == ["10.2.0.0/16", "10.1.0.0/16"]


async def test_the_ranges_of_a_deleted_cluster_are_free_again(shared_cloud: Cloud) -> None:
    vpc = unique("vpc")
    path = await make(shared_cloud, wanted(vpc, "10.200.0.0/16"))
    await shared_cloud.call("DELETE", path, expect=200)
    await shared_cloud.until_gone(path)

    await make(shared_cloud, wanted(vpc, "10.200.0.0/16"))


async def test_there_is_room_for_a_thousand_clusters_in_a_vpc() -> None:
    taken: list[str] = []
    while len(taken) < 1000:
        taken.append(ranges.free_range("10.247.0.0/16", taken))

    assert taken[0] == ranges.CONTAINER_RANGE
    ordered = sorted(map(ip_network, taken))
    assert not any(one.overlaps(other) for one, other in pairwise(ordered))
    with pytest.raises(ApiError):
        ranges.free_range("10.247.0.0/16", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])
