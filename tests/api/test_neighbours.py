"""What Terraform asks of other services on the way."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api import nodes_examples
from tests.api.cloud import SUBNET, VPC, Cloud, open_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite, which the tests of this file share."""
    async with open_cloud(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


def v1(cloud: Cloud, path: str) -> str:
    """A path of a service that is named by the project alone."""
    return f"/v1/{cloud.account['project_id']}/{path}"


async def node(cloud: Cloud, **spec: Any) -> dict[str, Any]:
    """An active node of a cluster of its own."""
    cluster = f"{cloud.project}/clusters/{await cloud.cluster()}"
    (made,) = await nodes_examples.add_nodes(cloud, cluster, **spec)
    return made


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


async def test_an_unknown_enterprise_project_is_not_found(cloud: Cloud) -> None:
    await cloud.call("GET", "/v1.0/enterprise-projects/1", expect=404)


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("ccev2.0", "api/v3/projects/{project}/clusters"),
        ("ecs", "cloudservers/{server}/tags"),
        ("network", "v1/{project}/vpcs/any"),
        ("network", "v2.0/security-groups"),
        ("volumev3", "types"),
    ],
)
async def test_an_endpoint_of_the_catalog_is_completed_as_the_otc_provider_does(
    cloud: Cloud, kind: str, rest: str
) -> None:
    server = (await node(cloud))["status"]["serverId"]
    listed = await cloud.call("GET", "/v3/auth/catalog", expect=200)
    (url,) = [
        endpoint["url"]
        for service in listed["catalog"]
        if service["type"] == kind
        for endpoint in service["endpoints"]
    ]

    path = rest.format(project=cloud.account["project_id"], server=server)

    await cloud.call("GET", f"{url}/{path}", expect=200)
