"""What clusters, nodes and pools name around them fits, and stays while it is used."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from clusterwright.cce.surroundings.store import Kind
from tests.api.cloud import VPC, Cloud, cluster, unique
from tests.api.nodes_examples import TEMPLATE, add_nodes, add_pool, members, node
from tests.api.records_made import (
    address,
    at,
    group,
    home,
    key_pair,
    network,
    refusal,
    subnet,
    vpc,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTER = {"mode": "vpc-router"}


async def test_what_was_made_here_and_is_gone_is_not_believed_in(cloud: Cloud) -> None:
    around = await vpc(cloud)
    path = at(cloud, f"/v1/{{project_id}}/vpcs/{around['id']}")
    await cloud.call("DELETE", path, expect=204)
    body = cluster(unique("c"), hostNetwork={"vpc": around["id"], "subnet": "s"})

    told = await refusal(cloud, "POST", f"{cloud.project}/clusters", body)

    assert told.startswith("spec.hostNetwork.vpc: There is no VPC ")


async def test_a_subnet_of_another_vpc_is_refused(cloud: Cloud) -> None:
    host, other = await network(cloud), await network(cloud)
    mixed = {"vpc": host["vpc"], "subnet": other["subnet"]}
    body = cluster(unique("c"), hostNetwork=mixed)
    here = f"{cloud.project}/clusters/{await cloud.cluster(hostNetwork=host)}"
    nic = {"primaryNic": {"subnetId": other["subnet"]}}

    assert "spec.hostNetwork.subnet: The subnet is in the VPC " in await refusal(
        cloud, "POST", f"{cloud.project}/clusters", body
    )
    assert "primaryNic.subnetId: The subnet is in the VPC " in await refusal(
        cloud, "POST", f"{here}/nodes", node(nodeNicSpec=nic)
    )


async def test_ranges_keep_out_of_the_subnets_of_the_vpc(cloud: Cloud) -> None:
    around = await vpc(cloud, "172.16.0.0/12")
    inside = await subnet(cloud, around["id"], cidr="172.16.0.0/16", gateway="172.16.0.1")
    host = {"vpc": around["id"], "subnet": inside["id"]}
    path = f"{cloud.project}/clusters"

    chosen = await cloud.call("POST", path, cluster(unique("c"), hostNetwork=host), expect=201)
    taken = cluster(
        unique("c"), hostNetwork=host, containerNetwork=ROUTER | {"cidr": "172.16.128.0/19"}
    )
    services = cluster(unique("c"), hostNetwork=host, kubernetesSvcIpRange="172.16.0.0/20")

    found = IPv4Network(chosen["spec"]["containerNetwork"]["cidr"])
    assert not found.overlaps(IPv4Network("172.16.0.0/16"))
    for body in (taken, services):
        answer = await cloud.call("POST", path, body, expect=400)
        assert answer["errorCode"] == "CCE.01400005"


async def test_nodes_have_addresses_of_their_subnet(cloud: Cloud) -> None:
    here = await home(cloud)
    grown = await add_pool(cloud, here, size=3)
    loose = await add_nodes(cloud, here, count=3)

    found = [each["status"]["privateIP"] for each in [*loose, *await members(cloud, grown)]]

    hosts = set(IPv4Network("10.0.1.0/24").hosts()) - {IPv4Address("10.0.1.1")}
    assert {IPv4Address(each) for each in found} <= hosts
    assert len({each["metadata"]["uid"] for each in loose}) == 6
    assert len(set(found)) == 6


@pytest.mark.parametrize("wanted", ["10.0.2.7", "10.0.1.0", "10.0.1.255", "10.0.1.1"])
async def test_an_address_that_no_host_of_the_subnet_has_is_refused(
    cloud: Cloud, wanted: str
) -> None:
    here = await home(cloud)
    asked = node(nodeNicSpec={"primaryNic": {"fixedIps": [wanted]}})

    answer = await cloud.call("POST", f"{here}/nodes", asked, expect=400)

    assert answer["error_code"] == "CCE_CM.0201"
    assert f"invalid primary fixedIp {wanted}" in answer["message"]


async def test_a_block_of_another_range_is_refused(cloud: Cloud) -> None:
    here = await home(cloud)

    told = await refusal(
        cloud,
        "POST",
        f"{here}/nodes",
        node(nodeNicSpec={"primaryNic": {"ipBlock": "10.0.2.0/28"}}),
    )

    assert "10.0.2.0/28 is not in 10.0.1.0/24" in told


async def test_what_only_a_node_or_a_pool_uses_stays(cloud: Cloud) -> None:
    host = await network(cloud)
    here = f"{cloud.project}/clusters/{await cloud.cluster(hostNetwork=host)}"
    beside = await subnet(cloud, host["vpc"], cidr="10.0.2.0/24", gateway="10.0.2.1")
    keys, other_keys = await key_pair(cloud), await key_pair(cloud)
    eip, guards = await address(cloud), await group(cloud)
    used = {
        Kind.SUBNET: f"/v1/{{project_id}}/vpcs/{host['vpc']}/subnets/{beside['id']}",
        Kind.KEY_PAIR: f"/v3/{{project_id}}/keypairs/{keys['name']}",
        Kind.ADDRESS: f"/v1/{{project_id}}/publicips/{eip['id']}",
        Kind.GROUP: f"/v2.0/security-groups/{guards['id']}",
    }
    of_pool = f"/v3/{{project_id}}/keypairs/{other_keys['name']}"
    nic = {"primaryNic": {"subnetId": beside["id"]}}
    [made] = await add_nodes(
        cloud,
        here,
        login={"sshKey": keys["name"]},
        publicIP={"ids": [eip["id"]]},
        nodeNicSpec=nic,
    )
    template = TEMPLATE | {"login": {"sshKey": other_keys["name"]}}
    grown = await add_pool(cloud, here, nodeTemplate=template, customSecurityGroups=[guards["id"]])

    for path in (*used.values(), of_pool):
        await cloud.call("DELETE", at(cloud, path), expect=409)
    shown = await cloud.call("GET", at(cloud, used[Kind.ADDRESS]), expect=200)
    assert shown["publicip"]["port_id"] == made["metadata"]["uid"]

    await cloud.call("DELETE", grown, expect=200)
    gone = f"{here}/nodes/{made['metadata']['uid']}"
    await cloud.call("DELETE", gone, expect=200)
    await cloud.until_gone(gone)
    await cloud.until_gone(grown)
    for path in (*used.values(), of_pool):
        answer = await cloud.client.delete(at(cloud, path))
        assert answer.status_code in (204, 202), answer.text


async def test_a_public_address_has_one_holder_be_it_a_node_or_a_cluster(cloud: Cloud) -> None:
    eip, here, other = await address(cloud), await home(cloud), await home(cloud)
    bind = {"spec": {"action": "bind", "spec": {"id": eip["id"]}}}
    [made] = await add_nodes(cloud, here, publicIP={"ids": [eip["id"]]})

    assert "in use by the node" in await refusal(cloud, "PUT", f"{other}/mastereip", bind)

    gone = f"{here}/nodes/{made['metadata']['uid']}"
    await cloud.call("DELETE", gone, expect=200)
    await cloud.until_gone(gone)
    await cloud.call("PUT", f"{other}/mastereip", bind, expect=200)
    assert "in use by the cluster" in await refusal(cloud, "PUT", f"{here}/mastereip", bind)
    assert "is taken" in await refusal(
        cloud, "POST", f"{here}/nodes", node(publicIP={"ids": [eip["id"]]})
    )


async def test_networks_that_are_not_known_are_believed_in(cloud: Cloud) -> None:
    uid = await cloud.cluster(hostNetwork={"vpc": VPC, "subnet": "a-subnet-of-somebody"})

    [made] = await add_nodes(cloud, f"{cloud.project}/clusters/{uid}", login={"sshKey": "theirs"})

    assert made["status"]["phase"] == "Active"
