"""What needs a server of its own: one that is slow, and one that is started again."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api.cloud import DISTANT, Cloud, cluster, open_cloud

WHAT_LASTS = (
    "",
    "/openapi",
    "/clustercert",
    "/operation/precheck/tasks",
    "/operation/upgrade/tasks",
    "/operation/upgradeworkflows",
    "/partitions",
    "/upgradeinfo",
)


async def ask_while_creating(folder: Path) -> tuple[Any, Any]:
    async with open_cloud(folder, pace=0.001) as cloud:
        made = await cloud.call("POST", f"{cloud.project}/clusters", cluster("slow"), expect=201)
        path = f"{cloud.project}/clusters/{made['metadata']['uid']}"
        bind = {"spec": {"action": "bind", "spec": {"id": "e1"}}}
        certificate = await cloud.call("POST", f"{path}/clustercert", {"duration": 1}, expect=400)
        return certificate, await cloud.call("PUT", f"{path}/mastereip", bind, expect=403)


def test_a_cluster_that_is_being_created_cannot_be_reached(tmp_path: Path) -> None:
    certificate, address = asyncio.run(ask_while_creating(tmp_path))

    assert (certificate["errorCode"], address["errorCode"]) == ("CCE.01400001", "CCE.01403004")
    assert "Creating" in certificate["message"]


async def everything(cloud: Cloud, path: str) -> list[Any]:
    logs = path.replace("/clusters/", "/cluster/") + "/log-configs"
    paths = [*(path + suffix for suffix in WHAT_LASTS), logs, "/api/v3/access-policies"]
    return [await cloud.call("GET", each, expect=200) for each in paths]


async def set_everything(folder: Path) -> tuple[str, list[Any]]:
    async with open_cloud(folder) as cloud:
        uid = await cloud.cluster(**DISTANT)
        path = f"{cloud.project}/clusters/{uid}"
        logs = path.replace("/clusters/", "/cluster/") + "/log-configs"
        hop = {"targetVersion": "v1.32"}
        step = {"userDefinedStep": 20}
        strategy = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": step}
        action = hop | {"strategy": strategy}
        for method, where, body, status in (
            ("PUT", "mastereip", {"spec": {"action": "bind", "spec": {"id": "e1"}}}, 200),
            ("POST", "clustercertrevoke", {"userId": cloud.account["user_id"]}, 200),
            ("POST", "tags/create", {"tags": [{"key": "a", "value": "1"}]}, 204),
            (
                "POST",
                "operation/upgradeworkflows",
                {"apiVersion": "v3", "kind": "WorkFlowTask", "spec": hop | {"clusterID": uid}},
                201,
            ),
            (
                "POST",
                "operation/precheck",
                {"apiVersion": "v3", "kind": "PreCheckTask", "spec": hop},
                200,
            ),
            (
                "POST",
                "partitions",
                {"kind": "Partition", "apiVersion": "v3", "metadata": {"name": "p"}, "spec": {}},
                201,
            ),
            (
                "POST",
                "operation/upgrade",
                {
                    "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
                    "spec": {"clusterUpgradeAction": action},
                },
                200,
            ),
        ):
            await cloud.call(method, f"{path}/{where}", body, expect=status)
        await cloud.until(path, "status.phase", "Available")
        await cloud.call("PUT", logs, {"ttl_in_days": 3}, expect=200)
        policy = {
            "name": "readers",
            "clusters": ["*"],
            "accessScope": {"namespaces": ["*"]},
            "policyType": "CCEViewPolicy",
            "principal": {"type": "user", "ids": ["u1"]},
        }
        await cloud.call("POST", "/api/v3/access-policies", policy, expect=201)
        return path, await everything(cloud, path)


async def read_everything(folder: Path, path: str) -> list[Any]:
    async with open_cloud(folder) as cloud:
        return await everything(cloud, path)


def test_what_was_set_is_told_after_a_restart(tmp_path: Path) -> None:
    path, before = asyncio.run(set_everything(tmp_path))

    after = asyncio.run(read_everything(tmp_path, path))

    assert after == before


async def sleep(folder: Path) -> str:
    async with open_cloud(folder) as cloud:
        path = f"{cloud.project}/clusters/{await cloud.cluster()}"
        await cloud.call("POST", f"{path}/operation/hibernate", expect=200)
        await cloud.until(path, "status.phase", "Hibernation")
        return path


async def wake_up(folder: Path, path: str) -> None:
    async with open_cloud(folder) as cloud:
        assert (await cloud.call("GET", path, expect=200))["status"]["phase"] == "Hibernation"
        await cloud.call("POST", f"{path}/operation/awake", expect=200)
        await cloud.until(path, "status.phase", "Available")


def test_a_cluster_sleeps_through_a_restart(tmp_path: Path) -> None:
    path = asyncio.run(sleep(tmp_path))

    asyncio.run(wake_up(tmp_path, path))
