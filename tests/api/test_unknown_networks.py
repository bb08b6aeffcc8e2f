"""A server that believes in no network and no machine which it does not know."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api import nodes_examples
from tests.api.cloud import DISTANT, TURBO, VPC, Cloud, cluster, open_cloud, unique
from tests.api.nodes_examples import add_nodes, node, pool
from tests.api.records_made import Json, group, home, key_pair, network, refusal, subnet, vpc

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGE = VPC
LISTED: Json = {"az": "cn-north-4a"}
TEMPLATE = nodes_examples.TEMPLATE | LISTED


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A server that does not."""
    async with open_cloud(
        tmp_path_factory.mktemp("strict"), trust_networks=False, trust_offers=False
    ) as opened:
        yield opened


async def test_a_server_that_trusts_nobody_makes_a_cluster_in_known_networks(
    strict: Cloud,
) -> None:
    host = await network(strict)
    guards = await group(strict)

    uid = await strict.cluster(hostNetwork=host | {"SecurityGroup": guards["id"]})
    cluster_url = f"{strict.project}/clusters/{uid}"
    keys = await key_pair(strict)
    [made] = await add_nodes(strict, cluster_url, login={"sshKey": keys["name"]}, **LISTED)

    assert made["status"]["phase"] == "Active"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"hostNetwork": {"vpc": STRANGE}}, "spec.hostNetwork.vpc"),
        ({"hostNetwork": {"subnet": STRANGE}}, "spec.hostNetwork.subnet"),
        ({"hostNetwork": {"SecurityGroup": STRANGE}}, "spec.hostNetwork.SecurityGroup"),
        (TURBO, "spec.eniNetwork.subnets.0.subnetID"),
        (
            {"extendParam": {"clusterExternalIP": "203.0.113.7"}},
            "spec.extendParam.clusterExternalIP",
        ),
    ],
)
async def test_such_a_server_refuses_a_cluster_that_names_anything_else(
    strict: Cloud, spec: Json, field: str
) -> None:
    host = await network(strict) | spec.get("hostNetwork", {})
    body = cluster(unique("c"), **(spec | {"hostNetwork": host}))

    told = await refusal(strict, "POST", f"{strict.project}/clusters", body)

    assert told.startswith(f"{field}: There is no ")


@pytest.mark.parametrize("wish", [{"az": "mars"}, {"os": "Windows 95"}, {"flavor": "nonsense"}])
async def test_a_server_that_trusts_no_offers_refuses_machines_that_are_not_listed(
    strict: Cloud, wish: Json
) -> None:
    [(key, value)] = wish.items()
    here = await home(strict)
    installation = {"os": "EulerOS 2.9"} | wish
    bodies = {
        "nodes": node(**(LISTED | wish)),
        "nodepools": pool(nodeTemplate=TEMPLATE | wish),
        "nodes/add": {"nodeList": [{"serverID": "s", "spec": installation}]},
        "nodes/reset": {"nodeList": [{"nodeID": "n", "spec": installation}]},
    }

    for path, body in bodies.items():
        told = await refusal(strict, "POST", f"{here}/{path}", body)
        assert f"{key}: {value} is not offered." in told


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"login": {"sshKey": "nobody"}}, "login.sshKey"),
        ({"nodeNicSpec": {"primaryNic": {"subnetId": STRANGE}}}, "primaryNic.subnetId"),
        ({"nodeNicSpec": {"extNics": [{"subnetId": STRANGE}]}}, "extNics.0.subnetId"),
    ],
)
async def test_such_a_server_refuses_nodes_and_pools_that_name_anything_else(
    strict: Cloud, wish: Json, field: str
) -> None:
    here = await home(strict)
    good = TEMPLATE | {"login": {"sshKey": (await key_pair(strict))["name"]}} | wish

    for kind, body in (("nodes", node(**good)), ("nodepools", pool(nodeTemplate=good))):
        told = await refusal(strict, "POST", f"{here}/{kind}", body)
        assert f"{field}: There is no " in told


async def test_such_a_server_refuses_groups_partitions_and_addresses_that_are_not_known(
    strict: Cloud,
) -> None:
    around = await vpc(strict)
    inside = (await subnet(strict, around["id"]))["id"]
    host = {"vpc": around["id"], "subnet": inside}
    eni: Json = {"eniNetwork": {"subnets": [{"subnetID": inside}]}}
    uid = await strict.cluster(**{**DISTANT, **eni}, hostNetwork=host)
    here = f"{strict.project}/clusters/{uid}"
    keys: Json = {"login": {"sshKey": (await key_pair(strict))["name"]}}
    partition = {"metadata": {"name": "p"}, "spec": {"containerNetwork": [{"subnetID": STRANGE}]}}

    for method, path, body in (
        ("POST", "nodepools", pool(nodeTemplate=TEMPLATE | keys, customSecurityGroups=[STRANGE])),
        ("POST", "nodes", node(publicIP={"ids": [STRANGE]}, **keys, **LISTED)),
        ("POST", "partitions", partition),
        ("PUT", "mastereip", {"spec": {"action": "bind", "spec": {"id": STRANGE}}}),
        ("PUT", "", {"spec": {"hostNetwork": {"SecurityGroup": STRANGE}}}),
    ):
        told = await refusal(strict, method, f"{here}/{path}".rstrip("/"), body)
        assert f": There is no {told.partition('no ')[2].partition(STRANGE)[0]}{STRANGE}" in told


async def test_such_a_server_installs_nothing_anew_for_a_key_pair_that_is_not_known(
    strict: Cloud,
) -> None:
    host = await network(strict)
    first, second = [await strict.cluster(hostNetwork=host) for _ in range(2)]
    here = f"{strict.project}/clusters/{first}"
    keys = (await key_pair(strict))["name"]
    [made] = await add_nodes(strict, here, login={"sshKey": keys}, **LISTED)
    uid = made["metadata"]["uid"]
    anew: Json = {"os": "EulerOS 2.9", "login": {"sshKey": "nobody"}}
    move = f"nodes/operation/migrateto/{second}"

    for method, path, body, field in (
        ("POST", "nodes/add", {"nodeList": [{"serverID": "s", "spec": anew}]}, "nodeList.0.spec"),
        ("POST", "nodes/reset", {"nodeList": [{"nodeID": uid, "spec": anew}]}, "nodeList.0.spec"),
        ("PUT", move, {"spec": anew | {"nodes": [{"uid": uid}]}}, "spec"),
    ):
        told = await refusal(strict, method, f"{here}/{path}", body)
        assert told == f"{field}.login.sshKey: There is no key pair nobody in this project."
