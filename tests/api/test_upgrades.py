"""Upgrades: tasks that can be paused and tried again, checks, snapshots and workflows."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from clusterwright.drivers import faults
from clusterwright.drivers.faults import FaultRequest, Kind
from clusterwright.drivers.simulated import SimulatedDriver
from clusterwright.storage.database import Database
from tests.api.cloud import Cloud, open_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server that the tests of this file share keeps its data."""
    return tmp_path_factory.mktemp("cloud")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(folder: Path) -> AsyncIterator[Cloud]:
    """A whole server on SQLite that the tests of this file share."""
    async with open_cloud(folder, cluster_quota=1000) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def path(cloud: Cloud) -> str:
    """The path of an available cluster of version v1.31 that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster(f'c-{uuid4().hex}')}"


@pytest_asyncio.fixture(loop_scope="module")
async def trouble(cloud: Cloud, folder: Path) -> AsyncIterator["Trouble"]:
    """Faults to arm; none is left afterwards."""
    database = Database(f"sqlite:///{folder}/data/clusterwright.db")
    armed = Trouble(database)
    yield armed
    await armed.clear()
    await database.dispose()


class Trouble:
    """Faults of steps of any cluster."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def arm(self, step: str, kind: Kind, times: int = 1_000_000) -> None:
        async with self._database.transaction() as tx:
            asked = FaultRequest(step=step, reason="Out of order.", kind=kind, times=times)
            await faults.add(tx, asked)

    async def clear(self) -> None:
        async with self._database.transaction() as tx:
            await faults.clear(tx)


def asked(target: str = "v1.32", **strategy: Any) -> dict[str, Any]:
    how = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": {"userDefinedStep": 20}}
    return {
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {
            "clusterUpgradeAction": {
                "targetVersion": target,
                "strategy": how | strategy,
                "addons": [{"addonTemplateName": "coredns", "version": "1.0.0"}],
            }
        },
    }


async def upgrade(cloud: Cloud, path: str, target: str = "v1.32") -> str:
    """A promised upgrade. Returns the path of its task."""
    made = await cloud.call("POST", f"{path}/operation/upgrade", asked(target), expect=200)
    return f"{path}/operation/upgrade/tasks/{made['metadata']['uid']}"


def hop(kind: str, target: str = "v1.32", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v3", "kind": kind, "spec": {"targetVersion": target} | spec}


def workflow(path: str, **spec: Any) -> dict[str, Any]:
    return hop("WorkFlowTask", clusterID=path.rpartition("/")[2], **spec)


async def test_an_upgrade_leads_to_the_version_asked_for(cloud: Cloud, path: str) -> None:
    promised = await cloud.call("POST", f"{path}/operation/upgrade", asked("v1.33"), expect=200)
    task = f"{path}/operation/upgrade/tasks/{promised['metadata']['uid']}"
    ended = await cloud.until(task, "status.phase", "Success")

    action = promised["spec"]["clusterUpgradeAction"]
    assert (action["version"], action["targetVersion"]) == ("v1.31", "v1.33")
    assert action["strategy"]["type"] == "inPlaceRollingUpdate"
    assert (ended["kind"], ended["status"]["progress"]) == ("UpgradeTask", "100")
    assert ended["status"]["completionTime"].endswith(" +0000 UTC")
    assert ended["spec"] == {"version": "v1.31", "targetVersion": "v1.33", "items": {}}
    found = await cloud.until(path, "status.phase", "Available")
    assert found["spec"]["version"] == "v1.33"
    newer = await cloud.call("GET", f"{cloud.project}/clusters?version=v1.33", expect=200)
    assert found["metadata"]["uid"] in {item["metadata"]["uid"] for item in newer["items"]}
    listed = await cloud.call("GET", f"{path}/operation/upgrade/tasks", expect=200)
    assert listed["items"] == [ended]


@pytest.mark.parametrize("target", ["v1.30", "v1.31", "v1.31.9-r0", "v1.34", "v9.99"])
async def test_a_version_off_the_path_is_refused(cloud: Cloud, path: str, target: str) -> None:
    refusal = await cloud.call("POST", f"{path}/operation/upgrade", asked(target), expect=400)

    assert refusal["errorCode"] == "CCE.01400015"


@pytest.fixture
def old_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that can run nothing newer than v1.32."""

    async def versions(_self: SimulatedDriver, among: Sequence[str]) -> Sequence[str]:
        return tuple(each for each in among if each <= "v1.32")

    monkeypatch.setattr(SimulatedDriver, "versions", versions)


@pytest.mark.usefixtures("old_host")
async def test_a_version_that_the_driver_cannot_run_is_refused_before_any_job(
    cloud: Cloud, path: str
) -> None:
    refusal = await cloud.call("POST", f"{path}/operation/upgrade", asked("v1.33"), expect=400)

    assert refusal["errorCode"] == "CCE.01400015"
    assert "targetVersion: this host has no programs that run v1.33" in refusal["message"]
    assert (await cloud.call("GET", path, expect=200))["status"]["phase"] == "Available"
    tasks = await cloud.call("GET", f"{path}/operation/upgrade/tasks", expect=200)
    assert tasks["items"] == []


@pytest.mark.usefixtures("old_host")
async def test_only_versions_that_the_driver_can_run_are_offered(cloud: Cloud, path: str) -> None:
    info = await cloud.call("GET", f"{path}/upgradeinfo", expect=200)
    check = hop("PreCheckTask", "v1.33")
    task = await cloud.call("POST", f"{path}/operation/precheck", check, expect=200)

    assert info["spec"]["versionInfo"]["targetVersions"] == ["v1.32"]
    assert task["status"]["phase"] == "Failed"
    begun = hop("WorkFlowTask", "v1.33", clusterID=path.rpartition("/")[2])
    refusal = await cloud.call("POST", f"{path}/operation/upgradeworkflows", begun, expect=400)
    assert refusal["errorCode"] == "CCE.01400015"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"metadata": {"apiVersion": "v3", "kind": "UpgradeTask"}},
        asked("1.32"),
        asked(type="blueGreen"),
        asked(inPlaceRollingUpdate={"userDefinedStep": 121}),
        asked(inPlaceRollingUpdate={}),
        asked(inPlaceRollingUpdate=None),
        asked("v1.32.٣"),
    ],
    ids=range(8),
)
async def test_a_bad_request_to_upgrade_is_refused(
    cloud: Cloud, path: str, body: dict[str, Any]
) -> None:
    await cloud.call("POST", f"{path}/operation/upgrade", body, expect=400)


async def test_a_paused_upgrade_waits_until_it_may_go_on(
    cloud: Cloud, path: str, trouble: Trouble
) -> None:
    await trouble.arm("CheckMaster", Kind.UNAVAILABLE)
    task = await upgrade(cloud, path)
    await cloud.until(task, "status.phase", "Running")

    await cloud.call("POST", f"{path}/operation/upgrade/pause", expect=200)
    await trouble.clear()
    paused = await cloud.call("GET", task, expect=200)
    again = await cloud.call("POST", f"{path}/operation/upgrade/pause", expect=403)

    assert (paused["status"]["phase"], paused["status"]["progress"]) == ("Pause", "10")
    assert "completionTime" not in paused["status"]
    assert again["errorCode"] == "CCE.01403004"
    assert (await cloud.call("GET", path, expect=200))["status"]["phase"] == "Upgrading"

    await cloud.call("POST", f"{path}/operation/upgrade/continue", expect=200)
    await cloud.until(task, "status.phase", "Success")
    await cloud.call("POST", f"{path}/operation/upgrade/continue", expect=403)
    await cloud.call("POST", f"{path}/operation/upgrade/pause", expect=403)
    await cloud.call("POST", f"{path}/operation/upgrade/retry", expect=403)


async def test_a_failed_upgrade_can_be_tried_again_under_the_same_task(
    cloud: Cloud, path: str, trouble: Trouble
) -> None:
    await trouble.arm("UpgradeMaster", Kind.ERROR, times=1)
    task = await upgrade(cloud, path)
    failed = await cloud.until(task, "status.phase", "Failed")
    broken = await cloud.call("GET", path, expect=200)

    assert failed["status"]["completionTime"]
    assert (broken["status"]["phase"], broken["status"]["reason"]) == ("Error", "Out of order.")
    assert broken["spec"]["version"] == "v1.31"

    await cloud.call("POST", f"{path}/operation/upgrade/retry", expect=200)
    await cloud.until(task, "status.phase", "Success")
    mended = await cloud.until(path, "status.phase", "Available")
    assert (mended["spec"]["version"], mended["status"].get("reason")) == ("v1.32", None)


async def test_an_upgrading_cluster_can_be_deleted(
    cloud: Cloud, path: str, trouble: Trouble
) -> None:
    await trouble.arm("CheckMaster", Kind.UNAVAILABLE)
    await upgrade(cloud, path)

    await cloud.call("DELETE", path, expect=200)

    await cloud.until_gone(path)


async def test_there_is_nothing_to_pause_or_to_retry_without_an_upgrade(
    cloud: Cloud, path: str
) -> None:
    for verb in ("pause", "continue", "retry"):
        await cloud.call("POST", f"{path}/operation/upgrade/{verb}", expect=403)


async def test_an_upgrade_needs_an_available_cluster(cloud: Cloud, path: str) -> None:
    await cloud.call("POST", f"{path}/operation/hibernate", expect=200)
    await cloud.until(path, "status.phase", "Hibernation")

    await cloud.call("POST", f"{path}/operation/upgrade", asked(), expect=403)


@pytest.mark.parametrize(
    ("target", "phase", "failed"),
    [("v1.32", "Success", set()), ("v1.34", "Failed", {"UpgradePath"})],
)
async def test_a_check_before_an_upgrade_tells_what_it_has_found_and_is_kept(
    cloud: Cloud, path: str, target: str, phase: str, failed: set[str]
) -> None:
    body = hop("PreCheckTask", target, clusterID=path.rpartition("/")[2], clusterVersion="v1.31")
    made = await cloud.call("POST", f"{path}/operation/precheck", body, expect=200)

    items = made["status"]["clusterCheckStatus"]["itemsStatus"]
    assert made["status"]["phase"] == phase
    assert {item["name"] for item in items} == {"ClusterPhase", "UpgradePath", "ControlPlane"}
    assert {item["name"] for item in items if item["phase"] == "Failed"} == failed
    assert made["spec"] == body["spec"]
    tasks = f"{path}/operation/precheck/tasks"
    assert (await cloud.call("GET", tasks, expect=200))["items"] == [made]
    assert await cloud.call("GET", f"{tasks}/{made['metadata']['uid']}", expect=200) == made


@pytest.mark.parametrize(("target", "phase"), [("v1.31", "Success"), ("v1.32", "Failed")])
async def test_a_check_after_an_upgrade_compares_the_version(
    cloud: Cloud, path: str, target: str, phase: str
) -> None:
    made = await cloud.call(
        "POST", f"{path}/operation/postcheck", hop("PostCheckTask", target), expect=200
    )

    assert made["status"] == {"phase": phase}


async def test_a_check_of_another_cluster_than_the_path_names_is_refused(
    cloud: Cloud, path: str
) -> None:
    body = hop("PreCheckTask", clusterID="another")

    await cloud.call("POST", f"{path}/operation/precheck", body, expect=400)


async def test_snapshots_are_listed_newest_first(cloud: Cloud, path: str) -> None:
    snapshot = f"{path.replace('/v3/', '/v3.1/')}/operation/snapshot"
    empty = await cloud.call("GET", f"{snapshot}/tasks", expect=200)
    made = [(await cloud.call("POST", snapshot, expect=200))["uid"] for _ in range(2)]
    listed = await cloud.call("GET", f"{snapshot}/tasks", expect=200)

    assert (empty["items"], empty["status"]) == ([], {})
    assert [item["metadata"]["uid"] for item in listed["items"]] == made[::-1]
    assert listed["items"][0]["status"]["phase"] == "Success"
    assert listed["status"]["latestBackupTime"].endswith(" +0000 UTC")


async def test_a_workflow_tells_how_far_its_tasks_are(cloud: Cloud, path: str) -> None:
    workflows = f"{path}/operation/upgradeworkflows"
    made = await cloud.call("POST", workflows, workflow(path), expect=200)
    one = f"{workflows}/{made['metadata']['uid']}"

    assert made["status"]["phase"] == "Init"
    assert {point["status"] for point in made["status"]["pointStatuses"]} == {"Init"}
    await cloud.call("POST", workflows, workflow(path), expect=409)

    await cloud.call("POST", f"{path}/operation/precheck", hop("PreCheckTask"), expect=200)
    running = await cloud.call("GET", one, expect=200)
    assert running["status"]["phase"] == "Running"

    task = await upgrade(cloud, path)
    await cloud.until(task, "status.phase", "Success")
    await cloud.call("POST", f"{path}/operation/postcheck", hop("PostCheckTask"), expect=200)
    ended = await cloud.call("GET", one, expect=200)
    points = {point["taskType"]: point["status"] for point in ended["status"]["pointStatuses"]}
    assert ended["status"]["phase"] == "Success"
    assert points == {
        "PreCheck": "Success",
        "Snapshot": "Init",
        "Cluster": "Success",
        "PostCheck": "Success",
    }
    assert (await cloud.call("GET", workflows, expect=200))["items"] == [ended]
    await cloud.call("PATCH", one, {"status": {"phase": "Cancel"}}, expect=403)


async def test_a_workflow_tells_the_version_that_the_cluster_has(cloud: Cloud, path: str) -> None:
    body = workflow(path, clusterVersion="")

    made = await cloud.call("POST", f"{path}/operation/upgradeworkflows", body, expect=200)

    cluster = await cloud.call("GET", path, expect=200)
    assert made["spec"]["clusterVersion"] == cluster["spec"]["version"]
    assert made["spec"]["clusterID"] == cluster["metadata"]["uid"]


@pytest.mark.parametrize("named", [{}, {"clusterID": ""}, {"clusterID": "another"}], ids=str)
async def test_a_workflow_must_name_the_cluster_of_its_path(
    cloud: Cloud, path: str, named: dict[str, str]
) -> None:
    body = hop("WorkFlowTask", **named)

    refusal = await cloud.call("POST", f"{path}/operation/upgradeworkflows", body, expect=400)

    assert refusal["message"].startswith("spec.clusterID: ")


async def test_an_upgrade_to_a_patch_tells_it_beside_the_version(cloud: Cloud, path: str) -> None:
    for target, legacy in (("v1.32.5-r0", "v1.32.5-r0"), ("v1.33", None)):
        await cloud.until(await upgrade(cloud, path, target), "status.phase", "Success")

        found = await cloud.until(path, "status.phase", "Available")

        assert found["spec"]["version"] == target[:5]
        assert found["spec"].get("legacyVersion") == legacy


async def test_a_cancelled_workflow_makes_room_for_another(cloud: Cloud, path: str) -> None:
    workflows = f"{path}/operation/upgradeworkflows"
    made = await cloud.call("POST", workflows, workflow(path), expect=200)
    one = f"{workflows}/{made['metadata']['uid']}"

    await cloud.call("PATCH", one, {"status": {"phase": "Success"}}, expect=400)
    cancelled = [
        await cloud.call("PATCH", one, {"status": {"phase": "Cancel"}}, expect=200)
        for _ in range(2)
    ]

    assert [each["status"]["phase"] for each in cancelled] == ["Cancel", "Cancel"]
    await cloud.call("POST", workflows, workflow(path), expect=200)


async def test_the_info_of_a_cluster_names_its_versions_and_its_last_upgrade(
    cloud: Cloud, path: str
) -> None:
    before = await cloud.call("GET", f"{path}/upgradeinfo", expect=200)
    task = await upgrade(cloud, path)
    await cloud.until(task, "status.phase", "Success")
    after = await cloud.call("GET", f"{path}/upgradeinfo", expect=200)

    versions = before["spec"]["versionInfo"]
    assert (versions["release"], versions["targetVersions"]) == ("v1.31", ["v1.32", "v1.33"])
    assert before["spec"]["lastUpgradeInfo"] == {}
    assert after["spec"]["versionInfo"]["release"] == "v1.32"
    assert after["spec"]["lastUpgradeInfo"]["phase"] == "Success"


async def test_every_version_but_the_newest_leads_to_newer_ones(cloud: Cloud) -> None:
    listed = await cloud.call("GET", "/api/v3/clusterupgradepaths", expect=200)

    paths = {path["version"]: path["targetVersions"] for path in listed["upgradePaths"]}
    assert paths["v1.31"] == ["v1.32", "v1.33"]
    assert [version for version, targets in paths.items() if not targets] == ["v1.34"]


async def test_feature_gates_are_words(cloud: Cloud) -> None:
    listed = await cloud.call("GET", "/api/v3/clusterupgradefeaturegates", expect=200)

    assert set(listed["upgradeFeatureGates"].values()) <= {"Support", "Disable", "Default"}


@pytest.mark.parametrize(
    "suffix",
    [
        "operation/upgrade/tasks/unknown",
        "operation/precheck/tasks/unknown",
        "operation/upgradeworkflows/unknown",
    ],
)
async def test_an_unknown_task_is_not_found(cloud: Cloud, path: str, suffix: str) -> None:
    await cloud.call("GET", f"{path}/{suffix}", expect=404)


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("POST", "operation/upgrade", asked()),
        ("POST", "operation/upgrade/pause", None),
        ("POST", "operation/upgrade/continue", None),
        ("POST", "operation/upgrade/retry", None),
        ("GET", "operation/upgrade/tasks", None),
        ("GET", "operation/upgrade/tasks/unknown", None),
        ("POST", "operation/precheck", hop("PreCheckTask")),
        ("GET", "operation/precheck/tasks", None),
        ("POST", "operation/postcheck", hop("PostCheckTask")),
        ("POST", "operation/upgradeworkflows", workflow("/unknown")),
        ("GET", "operation/upgradeworkflows", None),
        ("PATCH", "operation/upgradeworkflows/unknown", {"status": {"phase": "Cancel"}}),
        ("GET", "upgradeinfo", None),
    ],
)
async def test_a_cluster_that_the_project_has_not_is_not_found(
    cloud: Cloud, method: str, suffix: str, body: Any
) -> None:
    await cloud.call(method, f"{cloud.project}/clusters/unknown/{suffix}", body, expect=404)
