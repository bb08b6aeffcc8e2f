"""Networks, addresses, groups and key pairs: made, told in every dialect, and gone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clusterwright.cce.surroundings.store import Kind, is_ours
from clusterwright.neighbours.records.dialects import DIALECTS, Dialect
from tests.api.cloud import Cloud, cluster, open_cloud, stranger, unique
from tests.api.records_made import (
    Json,
    address,
    at,
    group,
    key_pair,
    label,
    make,
    one_of,
    rule,
    subnet,
    subnet_body,
    vpc,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server of this file keeps its data."""
    return tmp_path_factory.mktemp("cloud")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(folder: Path) -> AsyncIterator[Cloud]:
    """A whole server on SQLite, which the tests of this file share."""
    async with open_cloud(folder) as opened:
        yield opened


@pytest.mark.parametrize("dialect", DIALECTS, ids=label)
async def test_what_was_made_is_listed_and_shown_in_every_dialect(
    cloud: Cloud, dialect: Dialect
) -> None:
    made = await one_of(cloud, dialect.kind)
    id = made["bandwidth_id" if dialect.noun == "Bandwidth" else "id"]

    listed = (await cloud.call("GET", at(cloud, dialect.path), expect=200))[dialect.many]
    shown = await cloud.call("GET", at(cloud, dialect.item, id=id), expect=200)

    items = [item[dialect.one] for item in listed] if dialect.wrapped else listed
    assert shown[dialect.one] in items
    last = (items[-1].get("id") or items[-1]["name"]) if dialect.noun != "Bandwidth" else made["id"]
    after = await cloud.call("GET", f"{at(cloud, dialect.path)}?marker={last}", expect=200)
    assert len(after[dialect.many]) < len(listed)


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one.deletes], ids=label)
async def test_what_is_deleted_is_gone_in_every_dialect(cloud: Cloud, dialect: Dialect) -> None:
    made = await one_of(cloud, dialect.kind)
    names = {"id": made["id"], "vpc_id": made.get("vpc_id", "")}
    inner = at(cloud, dialect.inner or dialect.item, **names)

    assert await cloud.call("DELETE", inner, expect=dialect.gone) is None

    for other in (one for one in DIALECTS if one.kind == dialect.kind):
        await cloud.call("GET", at(cloud, other.item, **names), expect=404)
    await cloud.call("DELETE", inner, expect=404)


@pytest.mark.parametrize("kind", Kind)
async def test_another_project_sees_and_deletes_nothing_of_it(
    cloud: Cloud, folder: Path, kind: Kind
) -> None:
    made = await one_of(cloud, kind)
    url = f"sqlite:///{folder / 'data' / 'clusterwright.db'}"

    async with stranger(cloud, url) as other:
        for dialect in (one for one in DIALECTS if one.kind == kind):
            listed = await other.call("GET", at(other, dialect.path), expect=200)
            assert listed[dialect.many] == []
            if dialect.deletes:
                where = at(other, dialect.inner or dialect.item, id=made["id"], vpc_id="v")
                await other.call("DELETE", where, expect=404)


async def test_a_network_is_made_used_and_unmade_as_terraform_does(cloud: Cloud) -> None:
    around = await vpc(cloud)
    assert (around["status"], around["description"], around["cidr"]) == ("OK", "", "10.0.0.0/16")
    v3 = await cloud.call(
        "GET", at(cloud, f"/v3/{{project_id}}/vpc/vpcs/{around['id']}"), expect=200
    )
    assert v3["vpc"]["extend_cidrs"] == []
    inside = await subnet(cloud, around["id"])
    assert (inside["status"], inside["dhcp_enable"], inside["ipv6_enable"]) == (
        "ACTIVE",
        True,
        False,
    )
    assert is_ours(inside["neutron_subnet_id"])
    by_other_id = f"/v1/{{project_id}}/subnets/{inside['neutron_subnet_id']}"
    assert (await cloud.call("GET", at(cloud, by_other_id), expect=200))["subnet"] == inside
    eip = await address(cloud)
    assert (eip["status"], eip["bandwidth_size"]) == ("DOWN", 8)

    network = {"vpc": around["id"], "subnet": inside["id"]}
    uid = await cloud.cluster(hostNetwork=network)
    master = f"{cloud.project}/clusters/{uid}/mastereip"
    bind = {"spec": {"action": "bind", "elasticIp": "", "spec": {"id": eip["id"]}}}
    await cloud.call("PUT", master, bind, expect=200)

    asked = at(cloud, f"/v1/{{project_id}}/publicips?public_ip_address={eip['public_ip_address']}")
    (bound,) = (await cloud.call("GET", asked, expect=200))["publicips"]
    assert (bound["id"], bound["status"], bound["port_id"]) == (eip["id"], "ACTIVE", uid)
    shown = await cloud.call("GET", f"{cloud.project}/clusters/{uid}", expect=200)
    urls = [end["url"] for end in shown["status"]["endpoints"]]
    assert any(eip["public_ip_address"] in url for url in urls)
    where = [
        f"/v1/{{project_id}}/vpcs/{around['id']}/subnets/{inside['id']}",
        f"/v1/{{project_id}}/vpcs/{around['id']}",
        f"/v1/{{project_id}}/publicips/{eip['id']}",
    ]
    for path in where:
        refused = await cloud.call("DELETE", at(cloud, path), expect=409)
        assert "cluster" in refused["message"]

    await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)
    await cloud.until_gone(f"{cloud.project}/clusters/{uid}")
    await cloud.call("DELETE", at(cloud, where[1]), expect=409)
    for path in where:
        await cloud.call("DELETE", at(cloud, path), expect=204)
    await cloud.call("GET", at(cloud, where[1]), expect=404)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cidr": "10.9.1.0/24", "gateway": "10.9.1.1"}, "subnet.cidr"),
        ({"cidr": "10.0.1.128/25", "gateway": "10.0.1.129"}, "subnet.cidr"),
        ({"cidr": "10.0.2.0/24", "gateway": "10.0.1.1"}, "subnet.gateway_ip"),
    ],
)
async def test_a_subnet_that_does_not_fit_is_refused(
    cloud: Cloud, given: dict[str, str], field: str
) -> None:
    around = await vpc(cloud)
    await subnet(cloud, around["id"])

    body = subnet_body(around["id"], **given)
    refused = await cloud.call("POST", at(cloud, "/v1/{project_id}/subnets"), body, expect=400)

    assert refused["message"].startswith(field)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_subnet_is_not_found_in_another_vpc(cloud: Cloud, method: str) -> None:
    made = await subnet(cloud, (await vpc(cloud))["id"])
    shown = at(cloud, f"/v1/{{project_id}}/subnets/{made['id']}")
    before = await cloud.call("GET", shown, expect=200)
    body = {"subnet": {"name": unique("other")}}

    for elsewhere in ((await vpc(cloud))["id"], "nowhere"):
        path = at(cloud, f"/v1/{{project_id}}/vpcs/{elsewhere}/subnets/{made['id']}")
        await cloud.call(method, path, body if method == "PUT" else None, expect=404)

    assert await cloud.call("GET", shown, expect=200) == before


async def test_a_subnet_needs_its_vpc_only_where_that_was_made_here(cloud: Cloud) -> None:
    gone = await vpc(cloud)
    await cloud.call("DELETE", at(cloud, f"/v1/{{project_id}}/vpcs/{gone['id']}"), expect=204)

    await cloud.call(
        "POST", at(cloud, "/v1/{project_id}/subnets"), subnet_body(gone["id"]), expect=400
    )
    await subnet(cloud, "made-elsewhere")


async def test_routers_and_networks_are_believed_in_by_id_and_by_name(cloud: Cloud) -> None:
    for many, one in (("routers", "router"), ("networks", "network")):
        shown = await cloud.call("GET", f"/v2.0/{many}/v-any", expect=200)
        named = await cloud.call("GET", f"/v2.0/{many}?name=v-any", expect=200)
        assert named[many] == [shown[one]]
        assert (shown[one]["id"], shown[one]["name"]) == ("v-any", "v-any")


async def test_a_router_that_was_made_here_is_found_by_its_name(cloud: Cloud) -> None:
    made = await vpc(cloud)

    await cloud.call("GET", f"/v2.0/routers/{made['name']}", expect=404)
    found = await cloud.call("GET", f"/v2.0/routers?name={made['name']}", expect=200)

    assert [router["id"] for router in found["routers"]] == [made["id"]]


async def test_a_floating_ip_is_believed_in_and_named_like_its_address(cloud: Cloud) -> None:
    path = "/v2.0/floatingips?floating_ip_address=203.0.113.99"
    (found,) = (await cloud.call("GET", path, expect=200))["floatingips"]
    shown = await cloud.call("GET", "/v2.0/floatingips/203.0.113.99", expect=200)

    assert shown["floatingip"] == found
    assert found["name"] == found["floating_ip_address"] == "203.0.113.99"
    await cloud.call("GET", "/v2.0/floatingips?floating_ip_address=x", expect=400)


async def test_a_new_group_lets_everything_out_and_its_own_in(cloud: Cloud) -> None:
    made = await group(cloud)

    rules = [
        (r["direction"], r["ethertype"], r["remote_group_id"]) for r in made["security_group_rules"]
    ]
    assert sorted(rules, key=str) == [
        ("egress", "IPv4", None),
        ("egress", "IPv6", None),
        ("ingress", "IPv4", made["id"]),
        ("ingress", "IPv6", made["id"]),
    ]
    of = f"/v3/{{project_id}}/vpc/security-group-rules?security_group_id={made['id']}"
    listed = await cloud.call("GET", at(cloud, of), expect=200)
    assert len(listed["security_group_rules"]) == 4
    await cloud.call("DELETE", f"/v2.0/security-groups/{made['id']}", expect=204)
    assert (await cloud.call("GET", at(cloud, of), expect=200))["security_group_rules"] == []


async def test_a_dry_run_is_refused_and_makes_nothing(cloud: Cloud) -> None:
    groups, rules = (
        at(cloud, f"/v3/{{project_id}}/vpc/security-group{s}") for s in ("s", "-rules")
    )
    own = (await group(cloud))["id"]
    bodies: list[tuple[str, Json]] = [
        (groups, {"security_group": {"name": unique("g")}}),
        (rules, {"security_group_rule": {"security_group_id": own, "direction": "egress"}}),
    ]
    before = [await cloud.call("GET", path, expect=200) for path in (groups, rules)]

    for path, body in bodies:
        refusal = await cloud.call("POST", path, body | {"dry_run": True}, expect=400)
        assert "dry_run" in refusal["error_msg"]
    after = [await cloud.call("GET", path, expect=200) for path in (groups, rules)]

    assert after == before
    for path, body in bodies:
        await cloud.call("POST", path, body | {"dry_run": False}, expect=201)


async def test_a_group_of_a_cluster_cannot_be_deleted(cloud: Cloud) -> None:
    made = await group(cloud)
    network = cluster("x")["spec"]["hostNetwork"] | {"SecurityGroup": made["id"]}
    uid = await cloud.cluster(hostNetwork=network)

    where = at(cloud, f"/v1/{{project_id}}/security-groups/{made['id']}")
    await cloud.call("DELETE", where, expect=409)

    shown = (await cloud.call("GET", where, expect=200))["security_group"]
    assert shown["name"] == made["name"]
    own = await cloud.call("GET", f"{cloud.project}/clusters/{await cloud.cluster()}", expect=200)
    theirs = own["spec"]["hostNetwork"]["SecurityGroup"]
    await cloud.call("DELETE", f"/v2.0/security-groups/{theirs}", expect=409)
    await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)


async def test_a_plain_rule_has_its_ports_in_both_forms(cloud: Cloud) -> None:
    made = await rule(cloud)

    path = f"/v3/{{project_id}}/vpc/security-group-rules/{made['id']}"
    v3 = (await cloud.call("GET", at(cloud, path), expect=200))["security_group_rule"]

    assert (made["port_range_min"], made["port_range_max"]) == (80, 90)
    assert (v3["multiport"], v3["action"], v3["priority"]) == ("80-90", "allow", 1)


@pytest.mark.parametrize("protocol", ["icmp", "ICMP", "1", "icmpv6", "ipv6-icmp", "58"])
async def test_icmp_has_a_type_and_a_code_where_others_have_ports(
    cloud: Cloud, protocol: str
) -> None:
    path, own = "/v1/{project_id}/security-group-rules", (await group(cloud))["id"]
    asked = {"security_group_id": own, "direction": "ingress", "protocol": protocol}

    made = await make(
        cloud,
        path,
        {"security_group_rule": asked | {"port_range_min": 8, "port_range_max": 0}},
        expect=201,
    )
    for end in ("port_range_min", "port_range_max"):
        refusal = await cloud.call(
            "POST", at(cloud, path), {"security_group_rule": asked | {end: 256}}, expect=400
        )
        assert end in refusal["error_msg"]

    assert (made["port_range_min"], made["port_range_max"]) == (8, 0)


async def test_a_port_range_has_its_ends_in_order(cloud: Cloud) -> None:
    own = (await group(cloud))["id"]
    asked = {"security_group_id": own, "direction": "ingress", "protocol": "tcp"}
    asked |= {"port_range_min": 90, "port_range_max": 80}

    refusal = await cloud.call(
        "POST",
        at(cloud, "/v1/{project_id}/security-group-rules"),
        {"security_group_rule": asked},
        expect=400,
    )

    assert "port_range_max" in refusal["error_msg"]


async def test_a_key_pair_is_made_or_taken(cloud: Cloud) -> None:
    made = await key_pair(cloud)
    taken = {"name": unique("k"), "public_key": made["public_key"]}

    own = await make(cloud, "/v2.1/{project_id}/os-keypairs", {"keypair": taken})

    assert made["private_key"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert "private_key" not in own
    assert own["fingerprint"] == made["fingerprint"]
    where = at(cloud, f"/v3/{{project_id}}/keypairs/{taken['name']}")
    shown = (await cloud.call("GET", where, expect=200))["keypair"]
    assert (shown["public_key"], shown["description"]) == (made["public_key"], "")
    assert isinstance(shown["create_time"], int)
    assert isinstance(shown["scope"], str)
    change = {"keypair": {"description": "mine"}}
    changed = await cloud.call("PUT", where, change, expect=200)
    assert changed["keypair"]["description"] == "mine"
    again = at(cloud, "/v3/{project_id}/keypairs")
    await cloud.call("POST", again, {"keypair": taken}, expect=409)


async def test_names_descriptions_and_bandwidths_can_change(cloud: Cloud) -> None:
    around, eip = await vpc(cloud), await address(cloud)
    inside = await subnet(cloud, around["id"])
    changes: list[tuple[str, Json]] = [
        (f"/v1/{{project_id}}/vpcs/{around['id']}", {"vpc": {"name": "n", "description": "d"}}),
        (
            f"/v1/{{project_id}}/vpcs/{around['id']}/subnets/{inside['id']}",
            {"subnet": {"name": "n", "dhcp_enable": False}},
        ),
        (f"/v1/{{project_id}}/publicips/{eip['id']}", {"publicip": {"alias": "n"}}),
        (f"/v3/{{project_id}}/eip/publicips/{eip['id']}", {"publicip": {"description": "d"}}),
        (f"/v1/{{project_id}}/bandwidths/{eip['bandwidth_id']}", {"bandwidth": {"size": 20}}),
    ]

    for path, body in changes:
        (changed,) = (await cloud.call("PUT", at(cloud, path), body, expect=200)).values()
        (asked,) = body.values()
        assert {key: changed[key] for key in asked} == asked
    found = await cloud.call("GET", at(cloud, changes[2][0]), expect=200)
    assert (found["publicip"]["bandwidth_size"], found["publicip"]["bandwidth_name"]) == (20, "b")


@pytest.mark.parametrize("resource", ["vpcs", "subnets", "publicips", "security-groups"])
async def test_tags_are_set_and_removed(cloud: Cloud, resource: str) -> None:
    kinds = {
        "vpcs": Kind.VPC,
        "subnets": Kind.SUBNET,
        "publicips": Kind.ADDRESS,
        "security-groups": Kind.GROUP,
    }
    made = await one_of(cloud, kinds[resource])
    tags = at(cloud, f"/v2.0/{{project_id}}/{resource}/{made['id']}/tags")
    tag = {"key": "a", "value": "b"}

    assert await cloud.call("GET", tags, expect=200) == {"tags": []}
    create = {"action": "create", "tags": [tag]}
    assert await cloud.call("POST", f"{tags}/action", create, expect=204) is None
    assert await cloud.call("GET", tags, expect=200) == {"tags": [tag]}
    await cloud.call("POST", f"{tags}/action", {"action": "delete", "tags": [tag]}, expect=204)
    assert await cloud.call("GET", tags, expect=200) == {"tags": []}
