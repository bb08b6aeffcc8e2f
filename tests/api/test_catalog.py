"""Quotas, offers, log configurations and partitions."""

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.api.cloud import DISTANT, TURBO, Cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUOTA = 1000


@pytest.fixture(scope="module")
def cloud(shared_cloud: Cloud) -> Cloud:
    """A whole server on each database, which the tests of this file share."""
    return shared_cloud


@pytest_asyncio.fixture(loop_scope="module")
async def uid(cloud: Cloud) -> str:
    """An available cluster that no other test knows."""
    return await cloud.cluster(f"c-{uuid4().hex}", **DISTANT)


async def test_both_quotas_count_the_clusters_of_the_project(cloud: Cloud, uid: str) -> None:
    clusters = await cloud.call("GET", f"{cloud.project}/clusters", expect=200)
    used = len(clusters["items"])

    newer = await cloud.call("GET", f"{cloud.project}/quotas", expect=200)
    older = await cloud.call(
        "GET", f"/cce/v1/projects/{cloud.account['project_id']}/quota", expect=200
    )

    assert newer == {
        "quotas": [{"quotaKey": "cluster", "quotaLimit": QUOTA, "used": used, "unit": "count"}]
    }
    first, second = older["quotas"]["resources"]
    assert first == {
        "type": "cluster",
        "quota": QUOTA,
        "used": used,
        "unit": "",
        "min": 0,
        "max": QUOTA,
    }
    assert (second["type"], second["quota"]) == ("autopilot_cluster", first["quota"])


async def test_every_flavor_tells_its_size_and_its_zones(cloud: Cloud) -> None:
    zones = await cloud.call("GET", "/api/v2/availabilityZones?locale=en-us", expect=200)
    listed = await cloud.call(
        "GET", "/api/v2/flavor/specifications?clusterType=VirtualMachine", expect=200
    )

    flavors = {flavor["name"]: flavor for flavor in listed["clusterFlavorSpecs"]}
    assert flavors["cce.s1.small"]["nodeCapacity"] == 50
    assert not flavors["cce.s1.small"]["isSupportMultiAZ"]
    assert flavors["cce.s2.xlarge"]["nodeCapacity"] == 2000
    assert flavors["cce.s2.xlarge"]["isSupportMultiAZ"]
    names = [zone["id"] for zone in zones]
    assert names == ["cn-north-4a", "cn-north-4b", "cn-north-4c"]
    for flavor in flavors.values():
        assert flavor["availableMasterFlavors"][0]["azs"] == names


async def test_feature_gates_tell_what_the_server_can_do(cloud: Cloud) -> None:
    gates = await cloud.call("GET", "/api/v3.1/feature-gates", expect=200)

    assert (gates["kind"], gates["apiVersion"]) == ("Configuration", "v3.1")
    assert gates["spec"]["clusterUpgrade"] is True
    assert gates["spec"]["prepaid"] is False


async def test_the_options_of_components_are_the_same_for_every_cluster(
    cloud: Cloud, uid: str
) -> None:
    path = "/api/v3/clusters/configuration/detail"
    every = await cloud.call("GET", path, expect=200)
    one = await cloud.call(
        "GET", f"{cloud.project}/clusters/{uid}/configuration/detail", expect=200
    )
    query = f"clusterType=ARM64&clusterVersion=v1.31&clusterID={uid}&networkMode=eni"

    assert await cloud.call("GET", f"{path}?{query}", expect=200) == every == one
    types = {
        type(o["default"]).__name__ == o["type"] for options in every.values() for o in options
    }
    assert types == {True}
    for version in ("v1.1", "v1.31.٣", "v1.31.x", "v1.31.4-r0-r1"):
        await cloud.call("GET", f"{path}?clusterVersion={version}", expect=400)
    await cloud.call("GET", f"{path}?clusterID=unknown", expect=404)


async def test_a_log_configuration_changes_where_it_is_told_to(cloud: Cloud, uid: str) -> None:
    path = f"{cloud.project}/cluster/{uid}/log-configs"
    initial = await cloud.call("GET", path, expect=200)
    chosen = {
        "ttl_in_days": 3,
        "log_configs": [
            {"name": "audit", "enable": True},
            {"name": "coredns", "enable": True, "type": "system-addon"},
        ],
    }
    changed = await cloud.call("PUT", path, chosen, expect=200)

    assert initial["ttl_in_days"] == 7
    assert {entry["enable"] for entry in initial["log_configs"]} == {False}
    assert changed["ttl_in_days"] == 3
    assert await cloud.call("GET", path, expect=200) == changed
    collected = {e["name"]: e["enable"] for e in changed["log_configs"]}
    assert collected == {
        "kube-apiserver": False,
        "kube-controller-manager": False,
        "kube-scheduler": False,
        "audit": True,
        "coredns": True,
    }


@pytest.mark.parametrize(
    ("type", "names"),
    [
        ("control", ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]),
        ("audit", ["audit"]),
        ("system-addon", []),
    ],
)
async def test_log_configurations_are_filtered_by_type(
    cloud: Cloud, uid: str, type: str, names: list[str]
) -> None:
    found = await cloud.call(
        "GET", f"{cloud.project}/cluster/{uid}/log-configs?type={type}", expect=200
    )

    assert [entry["name"] for entry in found["log_configs"]] == names


@pytest.mark.parametrize(
    "body",
    [
        {"ttl_in_days": 31},
        {"ttl_in_days": -1},
        {"log_configs": [{"name": "coredns", "enable": True}]},
        {"log_configs": [{"name": "", "enable": True}]},
        {"log_configs": [{"name": "audit", "enable": "yes"}]},
    ],
    ids=str,
)
async def test_a_bad_log_configuration_is_refused(
    cloud: Cloud, uid: str, body: dict[str, Any]
) -> None:
    await cloud.call("PUT", f"{cloud.project}/cluster/{uid}/log-configs", body, expect=400)


def partition(name: str = "edge", **spec: Any) -> dict[str, Any]:
    """The body that Terraform sends, key in lower case and all."""
    return {
        "kind": "Partition",
        "apiversion": "v3",
        "metadata": {"name": name},
        "spec": {
            "hostNetwork": {"subnetID": "s1"},
            "containerNetwork": [{"subnetID": "s2"}],
            "publicBorderGroup": "center",
            "category": "HomeZone",
        }
        | spec,
    }


async def test_a_partition_can_be_made_read_and_changed(cloud: Cloud, uid: str) -> None:
    path = f"{cloud.project}/clusters/{uid}/partitions"
    made = await cloud.call("POST", path, partition(), expect=201)
    changed = await cloud.call(
        "PUT", f"{path}/edge", partition(containerNetwork=[{"subnetID": "s3"}]), expect=200
    )

    assert made["spec"] == partition()["spec"]
    assert (made["kind"], made["apiVersion"], made["metadata"]["name"]) == (
        "Partition",
        "v3",
        "edge",
    )
    assert changed["spec"]["containerNetwork"] == [{"subnetID": "s3"}]
    assert changed["metadata"] == made["metadata"]
    assert await cloud.call("GET", f"{path}/edge", expect=200) == changed
    assert (await cloud.call("GET", path, expect=200))["items"] == [changed]
    await cloud.call("POST", path, partition(), expect=409)
    await cloud.call("PUT", f"{path}/edge", partition("other"), expect=400)
    await cloud.call("PUT", f"{path}/other", partition("other"), expect=404)
    await cloud.call("GET", f"{path}/other", expect=404)


async def test_a_change_of_a_partition_names_no_more_than_it_changes(
    cloud: Cloud, uid: str
) -> None:
    path = f"{cloud.project}/clusters/{uid}/partitions"
    made = await cloud.call("POST", path, partition(), expect=201)
    subnets = [{"subnetID": "s9"}]

    for body in ({"metadata": {"containerNetwork": subnets}}, {"spec": {"category": "IES"}}, {}):
        await cloud.call("PUT", f"{path}/edge", body, expect=200)

    changed = await cloud.call("GET", f"{path}/edge", expect=200)
    assert changed["spec"] == made["spec"] | {"containerNetwork": subnets, "category": "IES"}


@pytest.mark.parametrize("spec", [{}, TURBO], ids=["CCE", "Turbo"])
async def test_only_a_cluster_that_manages_distant_zones_has_partitions(
    cloud: Cloud, spec: dict[str, Any]
) -> None:
    path = f"{cloud.project}/clusters/{await cloud.cluster(**spec)}/partitions"

    await cloud.call("POST", path, partition(), expect=400)

    assert (await cloud.call("GET", path, expect=200))["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        partition(""),
        partition("x" * 65),
        partition(containerNetwork=[{"subnetID": f"s{n}"} for n in range(21)]),
        partition(category="Cloud"),
        partition(hostNetwork={}),
    ],
    ids=range(6),
)
async def test_a_bad_partition_is_refused(cloud: Cloud, uid: str, body: dict[str, Any]) -> None:
    await cloud.call("POST", f"{cloud.project}/clusters/{uid}/partitions", body, expect=400)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "clusters/unknown/configuration/detail", None),
        ("GET", "cluster/unknown/log-configs", None),
        ("PUT", "cluster/unknown/log-configs", {"ttl_in_days": 1}),
        ("GET", "clusters/unknown/partitions", None),
        ("POST", "clusters/unknown/partitions", partition()),
        ("GET", "clusters/unknown/partitions/edge", None),
        ("PUT", "clusters/unknown/partitions/edge", partition()),
    ],
)
async def test_a_cluster_that_the_project_has_not_is_not_found(
    cloud: Cloud, method: str, path: str, body: Any
) -> None:
    await cloud.call(method, f"{cloud.project}/{path}", body, expect=404)
