"""Image caches: records of a project, made by a cluster without nodes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from clusterwright.storage import limits
from tests.api.cloud import Cloud, cluster, open_cloud, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

CACHES = "/v5/imagecaches"
FAULTS = """
- step: PrepareImages
  cluster: broken
  reason: No room for images.
  times: 9
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite that the tests of this file share."""
    folder = tmp_path_factory.mktemp("cloud")
    faults = folder / "faults.yaml"
    faults.write_text(FAULTS)
    async with open_cloud(folder, cluster_quota=1000, faults=faults) as opened:
        yield opened


async def pilot(cloud: Cloud, name: str = "") -> str:
    """A cluster without nodes that is Available."""
    body = cluster(
        name or unique("pilot"),
        flavor="cce.autopilot.cluster",
        containerNetwork={"mode": "eni"},
        eniNetwork={"subnets": [{"subnetID": "a-subnet"}]},
    )
    path = f"/autopilot/v3/projects/{cloud.account['project_id']}/clusters"
    made = await cloud.call("POST", path, body, expect=201)
    await cloud.until(f"{path}/{made['metadata']['uid']}", "status.phase", "Available")
    uid: str = made["metadata"]["uid"]
    return uid


def wanted(uid: str, **changed: Any) -> dict[str, Any]:
    """The body of a request, as Terraform sends it."""
    return {
        "name": unique("cache"),
        "images": ["nginx:latest"],
        "image_cache_size": 0,
        "retention_days": 0,
        "building_config": {
            "cluster": uid,
            "image_pull_secrets": ["default:default-secret"],
        },
    } | changed


async def test_a_cache_is_made_listed_and_deleted(cloud: Cloud) -> None:
    body = wanted(await pilot(cloud))

    made = (await cloud.call("POST", CACHES, body, expect=201))["image_cache"]
    path = f"{CACHES}/{made['id']}"
    shown = (await cloud.until(path, "image_cache.status", "Available"))["image_cache"]
    named = await cloud.call("GET", f"{CACHES}?name={body['name']}", expect=200)
    nobody = await cloud.call("GET", f"{CACHES}?name=nobody", expect=200)
    gone = (await cloud.call("DELETE", path, expect=202))["image_cache"]

    assert made["status"] == "Creating"
    assert shown["image_cache_size"] == 20
    assert {key: shown[key] for key in ("name", "images", "retention_days")} == {
        key: body[key] for key in ("name", "images", "retention_days")
    }
    assert shown["building_config"] == body["building_config"]
    assert named == {"image_caches": [shown]}
    assert nobody == {"image_caches": []}
    assert gone["status"] == "Deleting"
    await cloud.call("GET", path, expect=404)
    await cloud.call("DELETE", path, expect=404)


async def test_a_cache_that_cannot_be_made_says_why(cloud: Cloud) -> None:
    made = await cloud.call("POST", CACHES, wanted(await pilot(cloud, "broken")), expect=201)

    path = f"{CACHES}/{made['image_cache']['id']}"
    shown = await cloud.until(path, "image_cache.status", "Failed")

    assert "No room for images." in shown["image_cache"]["message"]
    await cloud.call("DELETE", path, expect=202)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Upper"},
        {"name": "ends-"},
        {"name": "x" * 129},
        {"images": []},
        {"images": ["a"] * 2},
        {"images": [f"i{n}" for n in range(21)]},
        {"images": ["x" * 1025]},
        {"image_cache_size": 19},
        {"image_cache_size": 401},
        {"image_cache_size": "20"},
        {"retention_days": 10001},
        {"building_config": {}},
        {"building_config": {"cluster": "nowhere"}},
        {"building_config": {"cluster": "c", "image_pull_secrets": ["secret"]}},
    ],
)
async def test_a_bad_cache_is_refused(cloud: Cloud, changed: dict[str, Any]) -> None:
    answer = await cloud.call("POST", CACHES, wanted("c", **changed), expect=400)

    assert answer["message"].split(":")[0].split(".")[0] in changed


async def test_a_cluster_with_nodes_makes_no_caches(cloud: Cloud) -> None:
    body = wanted(await cloud.cluster())

    answer = await cloud.call("POST", CACHES, body, expect=400)

    assert answer["message"].startswith("building_config.cluster: ")


async def test_a_name_is_taken_once_and_a_project_has_so_many_caches(cloud: Cloud) -> None:
    uid = await pilot(cloud)
    first = wanted(uid)
    await cloud.call("POST", CACHES, first, expect=201)

    taken = await cloud.call("POST", CACHES, first, expect=409)
    listed = await cloud.call("GET", CACHES, expect=200)
    for _ in range(limits.MOST_IMAGE_CACHES - len(listed["image_caches"])):
        await cloud.call("POST", CACHES, wanted(uid), expect=201)
    full = await cloud.call("POST", CACHES, wanted(uid), expect=400)

    assert taken["errorCode"] == "CCE.01409001"
    assert full["errorCode"] == "CCE.01400019"
