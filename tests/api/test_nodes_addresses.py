"""Addresses that nodes ask for.

Granted to one node at a time, refused otherwise, free once it is gone.
"""

from ipaddress import IPv4Address, IPv4Network
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import SUBNET, VPC, Cloud, unique
from tests.api.nodes_examples import TEMPLATE, add_pool, job, members, node

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that the tests of this file share."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


def addresses(many: int = 1) -> list[str]:
    """Addresses that no other test asks for, where the simulation puts no masters."""
    return [f"10.20.0.{next(NUMBERS)}" for _ in range(many)]


def fixed(*ips: str, **nic: Any) -> dict[str, Any]:
    """A wish for these addresses."""
    return {"nodeNicSpec": {"primaryNic": {"fixedIps": list(ips)} | nic}}


async def made(cloud: Cloud, cluster: str, *, many: int = 1, **spec: Any) -> list[dict[str, Any]]:
    """New active nodes, in their order."""
    answer = await cloud.call("POST", f"{cluster}/nodes", node(count=many, **spec), expect=201)
    done = await job(cloud, answer["status"]["jobID"])
    found = []
    for branch in done["spec"]["subJobs"]:
        uid = branch["spec"]["subJobs"][-1]["spec"]["resourceID"]
        found.append(await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=200))
    return found


async def deleted(cloud: Cloud, cluster: str, found: dict[str, Any]) -> None:
    url = f"{cluster}/nodes/{found['metadata']['uid']}"
    answer = await cloud.call("DELETE", url, expect=200)
    await job(cloud, answer["status"]["jobID"])


async def test_a_node_has_the_address_it_asks_for_and_nobody_else_until_it_is_gone(
    cloud: Cloud, cluster: str
) -> None:
    [wanted] = addresses()

    [first] = await made(cloud, cluster, **fixed(wanted))
    refusal = await cloud.call("POST", f"{cluster}/nodes", node(**fixed(wanted)), expect=400)
    await deleted(cloud, cluster, first)
    [again] = await made(cloud, cluster, **fixed(wanted))

    assert first["status"]["privateIP"] == again["status"]["privateIP"] == wanted
    primary = {"subnetId": SUBNET, "fixedIps": [wanted]}
    assert first["spec"]["nodeNicSpec"]["primaryNic"] == primary
    assert wanted in refusal["message"]


async def test_an_address_is_its_nodes_alone_in_the_whole_subnet(
    cloud: Cloud, cluster: str
) -> None:
    [wanted] = addresses()
    beside = f"{cloud.project}/clusters/{await cloud.cluster()}"
    elsewhere = {"vpc": VPC, "subnet": "another"}
    other = f"{cloud.project}/clusters/{await cloud.cluster(hostNetwork=elsewhere)}"

    await made(cloud, cluster, **fixed(wanted))
    await cloud.call("POST", f"{beside}/nodes", node(**fixed(wanted)), expect=400)
    [there] = await made(cloud, other, **fixed(wanted))

    assert there["status"]["privateIP"] == wanted


async def test_an_address_that_the_server_chose_is_taken_too(cloud: Cloud, cluster: str) -> None:
    [found] = await made(cloud, cluster)

    body = node(**fixed(found["status"]["privateIP"]))
    refusal = await cloud.call("POST", f"{cluster}/nodes", body, expect=400)

    assert found["status"]["privateIP"] in refusal["message"]


async def test_nodes_of_one_request_get_its_addresses_in_order(cloud: Cloud, cluster: str) -> None:
    wanted = addresses(2)

    first, second, third = await made(cloud, cluster, many=3, **fixed(*wanted))

    assert [each["status"]["privateIP"] for each in (first, second)] == wanted
    assert third["status"]["privateIP"] not in wanted
    for each, own in ((first, wanted[:1]), (second, wanted[1:]), (third, None)):
        assert each["spec"]["nodeNicSpec"]["primaryNic"].get("fixedIps") == own


async def test_a_failed_request_takes_no_address(cloud: Cloud, cluster: str) -> None:
    taken, free = addresses(2)
    await made(cloud, cluster, **fixed(taken))

    body = node(count=2, **fixed(free, taken))
    await cloud.call("POST", f"{cluster}/nodes", body, expect=400)
    [found] = await made(cloud, cluster, **fixed(free))

    assert found["status"]["privateIP"] == free


MALFORMED = (
    *("", " ", "not-an-ip", "10.20.0", "10.20.0.256", "10.20.0.0/24", "010.020.000.001"),
    *("::1", "fd00::7", "１０.20.0.9", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255"),
    *("169.254.0.9", "10.20.0.9 ", "10.20.0.-9"),
)


@pytest.mark.parametrize("address", MALFORMED)
async def test_what_is_no_address_of_a_node_is_refused_as_captured(
    cloud: Cloud, cluster: str, address: str
) -> None:
    refusal = await cloud.call("POST", f"{cluster}/nodes", node(**fixed(address)), expect=400)

    assert refusal["error_code"] == "CCE_CM.0201"
    assert "invalid primary fixedIp" in refusal["message"]


WRONG: dict[str, dict[str, Any]] = {
    "both": fixed("10.20.1.1", ipBlock="10.20.1.0/24"),
    "more than nodes": fixed("10.20.1.1", "10.20.1.2"),
    "one twice": fixed("10.20.1.1", "10.20.1.1") | {"count": 2},
    "a block that is none": {"nodeNicSpec": {"primaryNic": {"ipBlock": "here"}}},
    "host bits": {"nodeNicSpec": {"primaryNic": {"ipBlock": "10.20.1.1/24"}}},
    "everything": {"nodeNicSpec": {"primaryNic": {"ipBlock": "0.0.0.0/0"}}},
    "one address only": {"nodeNicSpec": {"primaryNic": {"ipBlock": "10.20.1.1/32"}}},
    "loopback": {"nodeNicSpec": {"primaryNic": {"ipBlock": "127.0.0.0/8"}}},
    "other digits": {"nodeNicSpec": {"primaryNic": {"ipBlock": "１０.20.0.0/24"}}},
    "a full block": {"nodeNicSpec": {"primaryNic": {"ipBlock": "10.20.1.0/30"}}, "count": 2},
    "public addresses of nowhere": {"publicIP": {"count": 1}},
    "public addresses of no kind": {"publicIP": {"count": 1, "eip": {"bandwidth": {"size": 5}}}},
    "no number of public addresses": {"publicIP": {"eip": {"iptype": "5_bgp"}}},
    "more public addresses than nodes": {"publicIP": {"ids": ["a", "b"]}},
    "more new ones than nodes": {"publicIP": {"count": 2, "eip": {"iptype": "5_bgp"}}},
    "a public address twice": {"publicIP": {"ids": ["a", "a"]}, "count": 2},
    "an unknown charge": {
        "publicIP": {
            "count": 1,
            "eip": {"iptype": "5_bgp", "bandwidth": {"chargemode": "free", "size": 5}},
        }
    },
    "an unknown share": {
        "publicIP": {"count": 1, "eip": {"iptype": "5_bgp", "bandwidth": {"sharetype": "ALL"}}}
    },
}


@pytest.mark.parametrize("spec", WRONG.values(), ids=WRONG)
async def test_wishes_that_cannot_be_granted_are_refused(
    cloud: Cloud, cluster: str, spec: dict[str, Any]
) -> None:
    refusal = await cloud.call("POST", f"{cluster}/nodes", node(**spec), expect=400)

    assert refusal["errorCode"] == "CCE.01400001"
    assert refusal["message"].startswith("spec.")


async def test_nodes_have_addresses_of_the_block_they_ask_for(cloud: Cloud, cluster: str) -> None:
    block = IPv4Network("10.20.2.0/29")  # five addresses beside the outermost and the gateway's
    wish: dict[str, Any] = {"nodeNicSpec": {"primaryNic": {"ipBlock": str(block)}}}

    found = await made(cloud, cluster, many=4, **wish)
    await cloud.call("POST", f"{cluster}/nodes", node(count=2, **wish), expect=400)
    found += await made(cloud, cluster, **wish)
    await cloud.call("POST", f"{cluster}/nodes", node(**wish), expect=400)

    own = [IPv4Address(each["status"]["privateIP"]) for each in found]
    assert len(set(own)) == 5
    assert set(own) < set(block.hosts())


async def test_a_large_block_is_not_looked_through(cloud: Cloud, cluster: str) -> None:
    wish: dict[str, Any] = {"nodeNicSpec": {"primaryNic": {"ipBlock": "10.0.0.0/8"}}}

    [found] = await made(cloud, cluster, **wish)

    assert IPv4Address(found["status"]["privateIP"]) in IPv4Network("10.0.0.0/8")


async def test_a_public_address_has_one_node_at_a_time(cloud: Cloud, cluster: str) -> None:
    ids = [unique("eip"), unique("eip")]

    first, second = await made(cloud, cluster, many=2, publicIP={"ids": ids})
    refusal = await cloud.call(
        "POST", f"{cluster}/nodes", node(publicIP={"ids": ids[:1]}), expect=400
    )
    await deleted(cloud, cluster, first)
    [again] = await made(cloud, cluster, publicIP={"ids": ids[:1]})

    for each, own in ((first, ids[0]), (second, ids[1]), (again, ids[0])):
        assert each["spec"]["publicIP"]["ids"] == [own]
        assert IPv4Address(each["status"]["publicIP"]) in IPv4Network("0.0.0.0/0")
    assert first["status"]["publicIP"] == again["status"]["publicIP"]
    assert ids[0] in refusal["message"]


async def test_the_address_of_a_control_plane_is_taken(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    cluster, eip = f"{cloud.project}/clusters/{uid}", unique("eip")
    bind = {"spec": {"action": "bind", "spec": {"id": eip}}}
    await cloud.call("PUT", f"{cluster}/mastereip", bind, expect=200)
    shown = await cloud.call("GET", cluster, expect=200)
    urls = [each["url"] for each in shown["status"]["endpoints"] if each["type"] == "Internal"]
    master = urls[0].removeprefix("https://").rpartition(":")[0]

    for spec, named in ((fixed(master), master), ({"publicIP": {"ids": [eip]}}, eip)):
        refusal = await cloud.call("POST", f"{cluster}/nodes", node(**spec), expect=400)

        assert named in refusal["message"]


async def test_nodes_of_a_pool_get_the_public_addresses_of_its_template(
    cloud: Cloud, cluster: str
) -> None:
    template = TEMPLATE | {"publicIP": {"iptype": "5_bgp", "bandwidth": {"size": 5}}}
    url = await add_pool(cloud, cluster, size=2, nodeTemplate=template)

    own = {each["status"]["publicIP"] for each in await members(cloud, url)}

    assert "" not in own
    assert len(own) == 2


async def test_new_public_addresses_are_as_many_as_asked_for(cloud: Cloud, cluster: str) -> None:
    eip = {"iptype": "5_bgp", "bandwidth": {"chargemode": "traffic", "size": 5, "sharetype": "PER"}}

    first, second = await made(cloud, cluster, many=2, publicIP={"count": 1, "eip": eip})
    [none] = await made(cloud, cluster, publicIP={"eip": {"bandwidth": {}}})

    assert first["spec"]["publicIP"] == {"count": 1, "eip": eip}
    assert IPv4Address(first["status"]["publicIP"]) in IPv4Network("0.0.0.0/0")
    assert (second["status"]["publicIP"], none["status"]["publicIP"]) == ("", "")


async def test_a_node_keeps_its_address_when_it_is_installed_again(
    cloud: Cloud, cluster: str
) -> None:
    [wanted] = addresses()
    [found] = await made(cloud, cluster, **fixed(wanted))
    uid = found["metadata"]["uid"]
    body = {"nodeList": [{"nodeID": uid, "spec": {"os": "Ubuntu 22.04"}}]}

    answer = await cloud.call("POST", f"{cluster}/nodes/reset", body, expect=200)
    await job(cloud, answer["jobid"])

    after = await cloud.call("GET", f"{cluster}/nodes/{uid}", expect=200)
    assert (after["status"]["privateIP"], after["spec"]["os"]) == (wanted, "Ubuntu 22.04")
