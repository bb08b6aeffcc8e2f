"""Hibernation, resizing, rotation of credentials and tags."""

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def path(cloud: Cloud) -> str:
    """The path of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster(f'c-{uuid4().hex}')}"


async def tags(cloud: Cloud, path: str) -> dict[str, str]:
    document = await cloud.call("GET", path, expect=200)
    return {tag["key"]: tag["value"] for tag in document["spec"]["clusterTags"]}


def pairs(**values: str) -> dict[str, Any]:
    return {"tags": [{"key": key, "value": value} for key, value in values.items()]}


async def test_a_hibernated_cluster_sleeps_until_it_is_awoken(cloud: Cloud, path: str) -> None:
    answer = await cloud.client.post(f"{path}/operation/hibernate")
    await cloud.until(path, "status.phase", "Hibernation")

    assert (answer.status_code, answer.content) == (200, b"")
    await cloud.call("POST", f"{path}/clustercert", {"duration": 1}, expect=400)
    await cloud.call("POST", f"{path}/operation/hibernate", expect=403)
    await cloud.call("DELETE", path, expect=403)

    answer = await cloud.client.post(f"{path}/operation/awake")
    await cloud.until(path, "status.phase", "Available")

    assert (answer.status_code, answer.content) == (200, b"")
    await cloud.call("POST", f"{path}/clustercert", {"duration": 1}, expect=200)
    refusal = await cloud.call("POST", f"{path}/operation/awake", expect=403)
    assert refusal["errorCode"] == "CCE.01403004"


async def test_a_cluster_grows_within_its_family(cloud: Cloud, path: str) -> None:
    asked = {"flavorResize": "cce.s1.medium", "extendParam": {"isAutoPay": ""}}

    job = await cloud.call("POST", f"{path}/operation/resize", asked, expect=201)

    ended = await cloud.until(f"{cloud.project}/jobs/{job['jobID']}", "status.phase", "Success")
    assert ended["spec"]["type"] == "ResizeCluster"
    found = await cloud.until(path, "status.phase", "Available")
    assert found["spec"]["flavor"] == "cce.s1.medium"


@pytest.mark.parametrize(
    "flavor",
    ["cce.s1.small", "cce.s2.medium", "cce.s3.large", "", "cce.autopilot.cluster", "x" * 65],
)
async def test_another_flavor_than_a_larger_one_of_the_family_is_refused(
    cloud: Cloud, path: str, flavor: str
) -> None:
    refusal = await cloud.call(
        "POST", f"{path}/operation/resize", {"flavorResize": flavor}, expect=400
    )

    assert refusal["errorCode"] == "CCE.01400001"


async def test_a_rotation_makes_a_new_authority_and_new_certificates(
    cloud: Cloud, path: str
) -> None:
    before = await cloud.call("POST", f"{path}/clustercert", {"duration": -1}, expect=200)

    answer = await cloud.call("POST", f"{path}/rotatecredentials", {"component": "all"}, expect=200)
    job = await cloud.until(f"{cloud.project}/jobs/{answer['jobid']}", "status.phase", "Success")
    after = await cloud.call("POST", f"{path}/clustercert", {"duration": -1}, expect=200)

    assert job["spec"]["type"] == "RotateCredentials"
    assert after["clusters"] != before["clusters"]
    assert after["users"] != before["users"]
    assert await cloud.call("POST", f"{path}/clustercert", {"duration": -1}, expect=200) == after


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"component": "custom", "certContent": {"ca": "", "cert": "", "privateKey": ""}}, 400),
        ({"component": "custom"}, 400),
        ({"component": "kubelet"}, 400),
        ({"component": "all", "certificateExpirationTime": 8785}, 400),
        ({}, 400),
    ],
    ids=str,
)
async def test_what_cannot_be_rotated_is_refused(
    cloud: Cloud, path: str, asked: dict[str, Any], status: int
) -> None:
    await cloud.call("POST", f"{path}/rotatecredentials", asked, expect=status)


async def test_other_credentials_leave_the_certificates_of_the_cluster_as_they_are(
    cloud: Cloud, path: str
) -> None:
    pem = {"ca": "Y2E=", "cert": "Y2VydA==", "privateKey": "a2V5"}
    proxied = {"mode": "authenticating_proxy", "authenticatingProxy": pem}
    other = f"{cloud.project}/clusters/{await cloud.cluster(authentication=proxied)}"
    accounts = {"component": "service-account-controller"}
    custom = {"component": "custom", "certContent": pem}
    before = await cloud.call("POST", f"{path}/clustercert", {"duration": -1}, expect=200)

    for where, asked in ((path, accounts), (other, custom)):
        made = await cloud.call("POST", f"{where}/rotatecredentials", asked, expect=200)
        await cloud.until(f"{cloud.project}/jobs/{made['jobid']}", "status.phase", "Success")

    assert await cloud.call("POST", f"{path}/clustercert", {"duration": -1}, expect=200) == before
    await cloud.call("POST", f"{path}/rotatecredentials", custom, expect=400)


async def test_tags_are_set_overwritten_and_removed_any_number_of_times(
    cloud: Cloud, path: str
) -> None:
    for _ in range(2):
        await cloud.call("POST", f"{path}/tags/create", pairs(a="1", b=""), expect=204)
    await cloud.call("POST", f"{path}/tags/create", pairs(a="2"), expect=204)
    assert await tags(cloud, path) == {"a": "2", "b": ""}

    for _ in range(2):
        await cloud.call("POST", f"{path}/tags/delete", {"tags": [{"key": "a"}]}, expect=204)
    assert await tags(cloud, path) == {"b": ""}


async def test_tags_keep_those_that_a_cluster_was_created_with(cloud: Cloud) -> None:
    uid = await cloud.cluster(f"c-{uuid4().hex}", clusterTags=[{"key": "first", "value": "1"}])
    path = f"{cloud.project}/clusters/{uid}"

    await cloud.call("POST", f"{path}/tags/create", pairs(second="2"), expect=204)

    assert await tags(cloud, path) == {"first": "1", "second": "2"}


async def test_a_cluster_has_at_most_20_tags(cloud: Cloud, path: str) -> None:
    twenty = pairs(**{f"key-{n}": "" for n in range(20)})
    await cloud.call("POST", f"{path}/tags/create", twenty, expect=204)
    await cloud.call("POST", f"{path}/tags/create", twenty, expect=204)

    await cloud.call("POST", f"{path}/tags/create", pairs(another=""), expect=400)

    assert len(await tags(cloud, path)) == 20


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"tags": []},
        {"tags": [{"key": ""}]},
        {"tags": [{"key": "_sys_a"}]},
        {"tags": [{"key": " b "}]},
        {"tags": [{"key": "b "}]},
        {"tags": "a"},
    ],
    ids=str,
)
async def test_bad_tags_are_refused(cloud: Cloud, path: str, asked: dict[str, Any]) -> None:
    await cloud.call("POST", f"{path}/tags/create", asked, expect=400)


@pytest.mark.parametrize(
    ("suffix", "asked"),
    [
        ("operation/hibernate", None),
        ("operation/awake", None),
        ("operation/resize", {"flavorResize": "cce.s1.medium"}),
        ("rotatecredentials", {"component": "all"}),
        ("tags/create", pairs(a="1")),
        ("tags/delete", pairs(a="1")),
    ],
)
async def test_a_cluster_that_the_project_has_not_is_not_found(
    cloud: Cloud, suffix: str, asked: Any
) -> None:
    await cloud.call("POST", f"{cloud.project}/clusters/unknown/{suffix}", asked, expect=404)
