"""Tags as the tag service asks for them, and the long-lived access keys that nobody has."""

from typing import Any

import pytest

from tests.api.cloud import Cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")


def resources(cloud: Cloud) -> str:
    """The path of the clusters as resources with tags."""
    return f"/cce/v1/{cloud.account['project_id']}/cce-cluster"


def change(action: str, *tags: tuple[str, str]) -> dict[str, Any]:
    return {"action": action, "tags": [{"key": key, "value": value} for key, value in tags]}


async def test_tags_are_those_of_the_cluster_under_both_paths(cloud: Cloud) -> None:
    first, second = await cloud.cluster(), await cloud.cluster()
    path = resources(cloud)

    await cloud.call(
        "POST", f"{path}/{first}/tags/action", change("create", ("a", "1"), ("b", "")), expect=200
    )
    await cloud.call(
        "POST", f"{path}/{second}/tags/action", change("create", ("a", "2")), expect=200
    )
    mine = await cloud.call("GET", f"{path}/{first}/tags", expect=200)
    every = await cloud.call("GET", f"{path}/tags", expect=200)
    shown = await cloud.call("GET", f"{cloud.project}/clusters/{first}", expect=200)

    assert mine == {
        "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}],
        "sys_tags": [{"key": "_sys_enterprise_project_id", "value": "0"}],
    }
    assert shown["spec"]["clusterTags"] == mine["tags"]
    assert every == {"tags": [{"key": "a", "values": ["1", "2"]}, {"key": "b", "values": [""]}]}
    await cloud.call(
        "POST", f"{path}/{first}/tags/action", change("delete", ("a", "any")), expect=200
    )
    left = await cloud.call("GET", f"{path}/{first}/tags", expect=200)
    assert left["tags"] == [{"key": "b", "value": ""}]


async def test_other_resources_have_no_tags(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    path = resources(cloud)

    await cloud.call("GET", f"{path.replace('cce-cluster', 'cce-node')}/tags", expect=400)
    await cloud.call("GET", f"{path}/nowhere/tags", expect=404)
    for body in (change("replace", ("a", "1")), change("create"), {"action": "create"}):
        await cloud.call("POST", f"{path}/{uid}/tags/action", body, expect=400)


async def test_long_lived_access_keys_are_switched_off_and_stay_so(cloud: Cloud) -> None:
    cluster = f"{cloud.project}/clusters/{await cloud.cluster()}"

    for path, key in (
        (cluster, "enableLongAKSK"),
        (cloud.project, "enableLongAKSKInNewCluster"),
    ):
        url = f"{path}/longaksk/config"
        await cloud.call("PUT", url, {key: False}, expect=204)
        refused = await cloud.call("PUT", url, {key: True}, expect=403)
        shown = await cloud.call("GET", url, expect=200)

        assert "No long-lived access key" in refused["message"]
        assert shown == {"hasUploadedLongAKSK": False, key: False}
        for body in ({}, {key: "false"}):
            await cloud.call("PUT", url, body, expect=400)
    await cloud.call("GET", f"{cloud.project}/clusters/nowhere/longaksk/config", expect=404)
