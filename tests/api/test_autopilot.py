"""Clusters without nodes: the same code on paths of their own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, cluster, open_cloud, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite, which the tests of this file share."""
    async with open_cloud(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


def autopilot(cloud: Cloud, path: str = "clusters") -> str:
    """A path below ``/autopilot``."""
    return f"/autopilot/v3/projects/{cloud.account['project_id']}/{path}"


def wanted(**spec: Any) -> dict[str, Any]:
    """The body of a request to create a cluster without nodes."""
    network: dict[str, Any] = {
        "containerNetwork": {"mode": "eni"},
        "eniNetwork": {"subnets": [{"subnetID": "a-subnet"}]},
        "flavor": "cce.autopilot.cluster",
    }
    return cluster(unique("pilot"), **(network | spec))


async def create(cloud: Cloud, **spec: Any) -> str:
    """A cluster without nodes that is Available."""
    made = await cloud.call("POST", autopilot(cloud), wanted(**spec), expect=201)
    job = autopilot(cloud, f"jobs/{made['status']['jobID']}")
    assert (await cloud.until(job, "status.phase", "Success"))["apiVersion"] == "v3"
    uid: str = made["metadata"]["uid"]
    return uid


async def test_a_cluster_without_nodes_lives_and_goes_like_any_other(cloud: Cloud) -> None:
    uid = await create(cloud)
    where = f"{autopilot(cloud)}/{uid}"

    found = await cloud.call("GET", where, expect=200)
    changed = await cloud.call("PUT", where, {"spec": {"description": "Mine"}}, expect=200)
    gone = await cloud.call("DELETE", f"{where}?delete_efs=true", expect=200)

    assert found["status"]["phase"] == "Available"
    spec = found["spec"]
    assert (spec["category"], spec["flavor"]) == ("Turbo", "cce.autopilot.cluster")
    assert spec["enableAutopilot"] is True
    assert changed["spec"]["description"] == "Mine"
    assert gone["status"]["jobID"]
    await cloud.until_gone(where)


async def test_the_flavor_may_be_left_out(cloud: Cloud) -> None:
    body = wanted()
    del body["spec"]["flavor"]

    made = await cloud.call("POST", autopilot(cloud), body, expect=201)

    assert made["spec"]["flavor"] == "cce.autopilot.cluster"


async def test_each_kind_of_cluster_is_known_on_its_own_paths_only(cloud: Cloud) -> None:
    pilot, plain = await create(cloud), await cloud.cluster()
    paths = {f"{cloud.project}/clusters": plain, autopilot(cloud): pilot}

    for path, mine in paths.items():
        listed = await cloud.call("GET", path, expect=200)
        (other,) = {pilot, plain} - {mine}

        uids = {item["metadata"]["uid"] for item in listed["items"]}
        assert uids & {pilot, plain} == {mine}
        for method, body in (("GET", None), ("PUT", {"spec": {}}), ("DELETE", None)):
            await cloud.call(method, f"{path}/{other}", body, expect=404)


async def test_each_path_refuses_the_other_kind(cloud: Cloud) -> None:
    await cloud.call("POST", f"{cloud.project}/clusters", wanted(), expect=400)
    body = cluster(unique("plain"), flavor="cce.s1.small")

    answer = await cloud.call("POST", autopilot(cloud), body, expect=400)

    assert answer["message"].startswith("spec.flavor: ")


async def test_add_ons_of_other_clusters_do_not_know_it(cloud: Cloud) -> None:
    uid = await create(cloud)

    await cloud.call("GET", f"/api/v3/addons?cluster_id={uid}", expect=404)
