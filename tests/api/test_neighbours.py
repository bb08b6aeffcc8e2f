"""What Terraform asks of other services on the way."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.api import nodes_examples
from tests.api.cloud import SUBNET, VPC, Cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")


def v1(cloud: Cloud, path: str) -> str:
    """A path of a service that is named by the project alone."""
    return f"/v1/{cloud.account['project_id']}/{path}"


async def placed(cloud: Cloud, **spec: Any) -> tuple[str, dict[str, Any]]:
    """An active node, and the id of a cluster of its own."""
    uid = await cloud.cluster()
    (made,) = await nodes_examples.add_nodes(cloud, f"{cloud.project}/clusters/{uid}", **spec)
    return uid, made


async def node(cloud: Cloud, **spec: Any) -> dict[str, Any]:
    """An active node of a cluster of its own."""
    return (await placed(cloud, **spec))[1]


async def test_the_server_of_a_node_has_its_key_pair_and_its_tags(cloud: Cloud) -> None:
    tags = [{"key": "team", "value": "blue"}]
    made = await node(cloud, userTags=tags)
    where = v1(cloud, f"cloudservers/{made['status']['serverId']}")

    found = (await cloud.call("GET", where, expect=200))["server"]

    assert found["id"] == made["status"]["serverId"]
    assert found["name"] == made["metadata"]["name"]
    assert found["key_name"] == made["spec"]["login"]["sshKey"]
    assert found["tags"] == ["team=blue"]
    assert found["OS-EXT-AZ:availability_zone"] == made["spec"]["az"]
    ((address,),) = found["addresses"].values()
    assert address["addr"] == made["status"]["privateIP"]
    assert await cloud.call("GET", f"{where}/tags", expect=200) == {"tags": tags}


async def test_tags_of_a_server_can_be_changed(cloud: Cloud) -> None:
    made = await node(cloud, userTags=[{"key": "team", "value": "blue"}])
    tags = v1(cloud, f"cloudservers/{made['status']['serverId']}/tags")
    changes: list[tuple[str, dict[str, str], list[dict[str, str]]]] = [
        ("create", {"key": "team", "value": "red"}, [{"key": "team", "value": "red"}]),
        ("delete", {"key": "team"}, []),
        ("delete", {"key": "team"}, []),
    ]

    for action, tag, left in changes:
        body = {"action": action, "tags": [tag]}
        assert await cloud.call("POST", f"{tags}/action", body, expect=204) is None
        assert await cloud.call("GET", tags, expect=200) == {"tags": left}


async def test_networks_are_believed_in_before_any_cluster_names_them(cloud: Cloud) -> None:
    vpc = await cloud.call("GET", v1(cloud, "vpcs/not-yet-named"), expect=200)
    subnet = await cloud.call("GET", v1(cloud, "subnets/not-yet-named"), expect=200)

    assert vpc["vpc"]["id"] == subnet["subnet"]["id"] == "not-yet-named"


async def test_a_subnet_tells_the_vpc_that_a_cluster_names_with_it(cloud: Cloud) -> None:
    await cloud.cluster()

    found = await cloud.call("GET", v1(cloud, f"subnets/{SUBNET}"), expect=200)

    assert found["subnet"]["vpc_id"] == VPC


async def test_the_security_groups_are_those_of_clusters(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    cluster = await cloud.call("GET", f"{cloud.project}/clusters/{uid}", expect=200)
    group = cluster["spec"]["hostNetwork"]["SecurityGroup"]

    listed = await cloud.call("GET", "/v2.0/security-groups", expect=200)
    (alone,) = (await cloud.call("GET", f"/v2.0/security-groups?id={group}", expect=200))[
        "security_groups"
    ]
    shown = await cloud.call("GET", v1(cloud, f"security-groups/{group}"), expect=200)

    assert group in [each["id"] for each in listed["security_groups"]]
    assert shown["security_group"] == alone


async def test_a_security_group_names_every_cluster_whose_nodes_have_it(cloud: Cloud) -> None:
    network = {"vpc": VPC, "subnet": SUBNET, "SecurityGroup": "shared"}
    uids = [await cloud.cluster(hostNetwork=network) for _ in range(2)]

    listed = await cloud.call("GET", "/v2.0/security-groups?id=shared", expect=200)

    (description,) = [group["description"] for group in listed["security_groups"]]
    assert "node" in description
    assert all(uid in description for uid in uids)


async def test_the_public_addresses_are_those_bound_to_clusters(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    path = v1(cloud, "publicips")
    bind = {"spec": {"action": "bind", "spec": {"id": "an-eip"}}}

    before = await cloud.call("GET", path, expect=200)
    await cloud.call("PUT", f"{cloud.project}/clusters/{uid}/mastereip", bind, expect=200)
    after = await cloud.call("GET", path, expect=200)

    assert before == {"publicips": []}
    (bound,) = after["publicips"]
    assert bound["id"] == "an-eip"
    asked = f"{path}?public_ip_address={bound['public_ip_address']}"
    assert await cloud.call("GET", asked, expect=200) == after


async def test_an_address_that_is_looked_up_can_be_bound(cloud: Cloud) -> None:
    uid = await cloud.cluster(extendParam={"clusterExternalIP": "198.51.100.7"})
    cluster = f"{cloud.project}/clusters/{uid}"
    created = await cloud.call("GET", cluster, expect=200)
    asked = f"{v1(cloud, 'publicips')}?public_ip_address="

    for action, address in (("unbind", "198.51.100.7"), ("bind", "198.51.100.8")):
        (found,) = (await cloud.call("GET", f"{asked}{address}", expect=200))["publicips"]
        body = {"spec": {"action": action, "spec": {"id": found["id"]}}}
        await cloud.call("PUT", f"{cluster}/mastereip", body, expect=200)
    changed = await cloud.call("GET", cluster, expect=200)

    urls = [
        [end["url"] for end in read["status"]["endpoints"] if end["type"] == "External"]
        for read in (created, changed)
    ]
    assert [len(found) for found in urls] == [1, 1]
    assert [url.split("/")[2].split(":")[0] for (url,) in urls] == ["198.51.100.7", "198.51.100.8"]


async def test_only_an_address_can_be_looked_up(cloud: Cloud) -> None:
    await cloud.call("GET", f"{v1(cloud, 'publicips')}?public_ip_address=x", expect=400)


@pytest.mark.parametrize("version", ["v2", "v3"])
async def test_the_types_of_volume_name_every_zone(cloud: Cloud, version: str) -> None:
    path = f"/{version}/{cloud.account['project_id']}/types"

    found = await cloud.call("GET", path, expect=200)

    zones = {kind["extra_specs"]["RESKEY:availability_zones"] for kind in found["volume_types"]}
    assert {"SATA", "SAS", "SSD"} <= {kind["name"] for kind in found["volume_types"]}
    assert zones == {"cn-north-4a,cn-north-4b,cn-north-4c"}


async def test_there_is_one_enterprise_project(cloud: Cloud) -> None:
    listed = await cloud.call("GET", "/v1.0/enterprise-projects", expect=200)
    shown = await cloud.call("GET", "/v1.0/enterprise-projects/0", expect=200)

    assert listed["enterprise_projects"] == [shown["enterprise_project"]]


@pytest.mark.parametrize(
    "path",
    [
        "cloudservers/unknown",
        "cloudservers/unknown/tags",
        "security-groups/unknown",
    ],
)
async def test_what_is_not_there_is_not_found(cloud: Cloud, path: str) -> None:
    answer = await cloud.call("GET", v1(cloud, path), expect=404)

    assert answer["errorCode"] == "CCE.01404001"


async def test_the_zones_are_told_in_novas_words(cloud: Cloud) -> None:
    path = f"/v2.1/{cloud.account['project_id']}/os-availability-zone"

    found = (await cloud.call("GET", path, expect=200))["availabilityZoneInfo"]

    assert found[0] == {"zoneName": "cn-north-4a", "zoneState": {"available": True}, "hosts": None}
    own = await cloud.call("GET", "/api/v2/availabilityZones", expect=200)
    assert len(found) == 3
    assert all(zone["zoneName"] in json.dumps(own) for zone in found)


async def test_flavors_are_listed_for_a_zone_in_the_types_that_clients_decode(
    cloud: Cloud,
) -> None:
    path = v1(cloud, "cloudservers/flavors")

    found = (await cloud.call("GET", f"{path}?availability_zone=cn-north-4a", expect=200))[
        "flavors"
    ]
    nowhere = await cloud.call("GET", f"{path}?availability_zone=elsewhere", expect=200)

    assert nowhere == {"flavors": []}
    chosen = [
        flavor["id"]
        for flavor in found
        if (flavor["vcpus"], flavor["ram"]) == ("4", 8192)
        and flavor["os_extra_specs"]["ecs:performancetype"] == "computingv3"
    ]
    assert "c7.xlarge.2" in chosen
    for flavor in found:
        assert isinstance(flavor["rxtx_factor"], int)
        assert isinstance(flavor["disk"], str)
        assert flavor["os_extra_specs"]["cond:operation:az"] == "cn-north-4a(normal)"


async def test_servers_are_listed_by_pages_until_one_is_empty(cloud: Cloud) -> None:
    made = [await node(cloud) for _ in range(2)]
    path = v1(cloud, "cloudservers/detail?limit=1")
    found: list[dict[str, Any]] = []
    listed: dict[str, Any] = {}

    for page in range(1, 100):
        listed = await cloud.call("GET", f"{path}&offset={page}", expect=200)
        if not listed["servers"]:
            break
        found += listed["servers"]

    assert {one["status"]["serverId"] for one in made} <= {server["id"] for server in found}
    assert len(found) == listed["count"]
    assert all(isinstance(server["flavor"]["ram"], str) for server in found)


async def test_a_new_password_of_a_server_is_taken(cloud: Cloud) -> None:
    made = await node(cloud)
    body = {"reset-password": {"new_password": "Another_1"}}
    where = f"cloudservers/{made['status']['serverId']}/os-reset-password"

    assert await cloud.call("PUT", v1(cloud, where), body, expect=204) is None

    await cloud.call("PUT", v1(cloud, "cloudservers/no/os-reset-password"), body, expect=404)
    empty: dict[str, Any] = {"reset-password": {}}
    await cloud.call("PUT", v1(cloud, where), empty, expect=400)


async def test_collecting_logs_of_a_cluster_is_agreed_to(cloud: Cloud) -> None:
    path = f"/svcstg/icmgr/v1/{cloud.account['project_id']}/agents"
    body = {"clusterId": await cloud.cluster(), "nameSpace": "default"}

    assert isinstance(await cloud.call("POST", path, body, expect=200), dict)

    await cloud.call("POST", path, {"clusterId": "no"}, expect=404)


async def test_a_node_is_found_on_its_clusters_host_as_kubernetes_shows_it(cloud: Cloud) -> None:
    taints = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
    uid, made = await placed(cloud, k8sTags={"team": "blue"}, taints=taints)
    other, plain = await placed(cloud)

    async def look(cluster: str, address: str, *, expect: int) -> Any:
        host = {"Host": f"{cluster}.cce.example.test"}
        path = f"/api/v1/nodes/{address}"
        return await cloud.call("GET", path, expect=expect, headers=host)

    found = await look(uid, made["status"]["privateIP"], expect=200)
    bare = await look(other, plain["status"]["privateIP"], expect=200)
    strange = await look(uid, "192.0.2.1", expect=404)
    await look(str(uuid4()), made["status"]["privateIP"], expect=404)

    assert (found["kind"], found["apiVersion"]) == ("Node", "v1")
    assert found["metadata"]["labels"] == {"team": "blue"}
    assert found["spec"]["taints"] == taints
    assert (bare["metadata"]["labels"], bare["spec"]["taints"]) == ({}, [])
    assert (strange["kind"], strange["reason"], strange["code"]) == ("Status", "NotFound", 404)
    assert strange["message"] == 'nodes "192.0.2.1" not found'


async def test_enterprise_projects_answer_a_caller_that_names_only_its_domain(
    cloud: Cloud,
) -> None:
    user = {"id": cloud.account["user_id"], "password": cloud.account["password"]}
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = {"domain": {"id": cloud.account["domain_id"]}}
    body = {"auth": {"identity": identity, "scope": scope}}
    answer = await cloud.client.post("/v3/auth/tokens", json=body)
    token = {"X-Auth-Token": answer.headers["X-Subject-Token"]}

    path = "/v1.0/enterprise-projects?name=default"
    found = await cloud.call("GET", path, expect=200, headers=token)

    assert [one["id"] for one in found["enterprise_projects"]] == ["0"]
    await cloud.call("GET", "/api/v3/addontemplates", expect=403, headers=token)


async def test_an_unknown_enterprise_project_is_not_found(cloud: Cloud) -> None:
    await cloud.call("GET", "/v1.0/enterprise-projects/1", expect=404)


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("ccev2.0", "api/v3/projects/{project}/clusters"),
        ("ecs", "cloudservers/{server}/tags"),
        ("cce", "nodes/{address}"),
        ("network", "v1/{project}/vpcs/any"),
        ("network", "v2.0/floatingips?floating_ip_address=203.0.113.9"),
        ("compute", "os-keypairs"),
        ("network", "v2.0/security-groups"),
        ("volumev3", "types"),
    ],
)
async def test_an_endpoint_of_the_catalog_is_completed_as_the_otc_provider_does(
    cloud: Cloud, kind: str, rest: str
) -> None:
    uid, made = await placed(cloud)
    listed = await cloud.call("GET", "/v3/auth/catalog", expect=200)
    (url,) = [
        endpoint["url"]
        for service in listed["catalog"]
        if service["type"] == kind
        for endpoint in service["endpoints"]
    ]

    path = rest.format(
        project=cloud.account["project_id"],
        server=made["status"]["serverId"],
        address=made["status"]["privateIP"],
    )

    host = {"Host": f"{uid}.cce.example.test"} if kind == "cce" else {}
    await cloud.call("GET", f"{url}/{path}", expect=200, headers=host)
