"""Upgrades: tasks that can be paused and tried again, or end with the cluster that they are of."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from clusterwright.cce.addons.templates import TEMPLATES
from clusterwright.cce.upgrades import job_types
from clusterwright.drivers.faults import Kind
from clusterwright.storage.database import Database
from tests.api.cloud import Cloud, open_cloud
from tests.api.test_live import extension
from tests.api.upgrades_asked import COREDNS, Trouble, asked, hop, upgrade, workflow

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
async def trouble(cloud: Cloud, folder: Path) -> AsyncIterator[Trouble]:
    """Faults to arm; none is left afterwards."""
    database = Database(f"sqlite:///{folder}/data/clusterwright.db")
    armed = Trouble(database)
    yield armed
    await armed.clear()
    await database.dispose()


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


async def test_a_pause_in_the_last_moment_holds(
    cloud: Cloud, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def pausing(*asked: Any) -> None:
        """What confirming the version begins with, and somebody who pauses just then."""
        nonlocal looks
        await check_ready(*asked)
        looks += 1
        if looks == 2:
            await cloud.call("POST", f"{path}/operation/upgrade/pause", expect=200)

    check_ready = job_types._check_ready
    monkeypatch.setattr(job_types, "_check_ready", pausing)
    task = await upgrade(cloud, path)
    await cloud.until(task, "status.phase", "Pause")
    await asyncio.sleep(0.3)

    assert (await cloud.call("GET", path, expect=200))["spec"]["version"] == "v1.31"
    await cloud.call("POST", f"{path}/operation/upgrade/continue", expect=200)
    await cloud.until(task, "status.phase", "Success")


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


async def test_an_upgrade_to_a_patch_tells_it_beside_the_version(cloud: Cloud, path: str) -> None:
    for target, legacy in (("v1.32.5-r0", "v1.32.5-r0"), ("v1.33", None)):
        await cloud.until(await upgrade(cloud, path, target), "status.phase", "Success")

        found = await cloud.until(path, "status.phase", "Available")

        assert found["spec"]["version"] == target[:5]
        assert found["spec"].get("legacyVersion") == legacy


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


NAME = "metrics-server"
NEWEST, OLDER = (each.version for each in TEMPLATES[NAME].versions)


@pytest_asyncio.fixture(loop_scope="module")
async def addon(cloud: Cloud, path: str) -> str:
    """The path of an add-on of the cluster, in its older version."""
    spec = {"clusterID": path.rpartition("/")[2], "addonTemplateName": NAME, "version": OLDER}
    body = {"kind": "Addon", "apiVersion": "v3", "metadata": {}, "spec": spec}
    made = await cloud.call("POST", "/api/v3/addons", body, expect=201)
    url = f"/api/v3/addons/{made['metadata']['uid']}"
    await cloud.until(url, "status.status", "running")
    return url


def with_addons(*entries: dict[str, Any], target: str = "v1.32") -> dict[str, Any]:
    body = asked(target)
    body["spec"]["clusterUpgradeAction"]["addons"] = entries
    return body


def entry(name: str = NAME, version: str = NEWEST, **more: Any) -> dict[str, Any]:
    return {"addonTemplateName": name, "operation": "patch", "version": version} | more


async def test_add_ons_are_upgraded_with_their_cluster(
    cloud: Cloud, path: str, addon: str, trouble: Trouble
) -> None:
    await trouble.arm("DeployAddon", Kind.UNAVAILABLE)
    body = with_addons(entry(values={"custom": {"replicas": 2}}), entry("coredns", COREDNS))
    promised = await cloud.call("POST", f"{path}/operation/upgrade", body, expect=200)
    query = f"cluster_id={path.rpartition('/')[2]}&type=UpgradeCluster"
    listed = await cloud.call("GET", f"{extension(cloud)}/jobs?{query}", expect=200)
    [job] = [each["uid"] for each in listed["jobs"]]
    before = await cloud.call("GET", addon, expect=200)
    await trouble.clear()
    task = f"{path}/operation/upgrade/tasks/{promised['metadata']['uid']}"
    await cloud.until(task, "status.phase", "Success")

    after = await cloud.call("GET", addon, expect=200)
    assert before["status"]["status"] == "upgrading"
    assert (after["spec"]["version"], after["status"]["status"]) == (NEWEST, "running")
    assert after["status"]["currentVersion"]["version"] == NEWEST
    assert after["status"]["isRollbackable"] is True
    assert after["spec"]["values"]["custom"]["replicas"] == 2
    tree = await cloud.call("GET", f"{cloud.project}/jobs/{job}", expect=200)
    steps = [each["spec"] for each in tree["spec"]["subJobs"]]
    told = [(each["type"], each["resourceName"]) for each in steps]
    assert told[-2:] == [("DeployAddon", NAME), ("DeployAddon", "coredns")]


@pytest.mark.parametrize("again", ["retry", "resume"])
async def test_an_add_on_that_failed_with_its_cluster_is_upgraded_when_that_is_tried_again(
    cloud: Cloud, path: str, addon: str, trouble: Trouble, again: str
) -> None:
    await trouble.arm("CheckMaster", Kind.ERROR)
    promised = await cloud.call(
        "POST", f"{path}/operation/upgrade", with_addons(entry()), expect=200
    )
    task = f"{path}/operation/upgrade/tasks/{promised['metadata']['uid']}"
    await cloud.until(task, "status.phase", "Failed")
    failed = await cloud.call("GET", addon, expect=200)
    job = (await cloud.call("GET", path, expect=200))["status"]["jobID"]
    await trouble.clear()

    if again == "retry":
        await cloud.call("POST", f"{path}/operation/upgrade/retry", expect=200)
    else:
        await cloud.call("POST", f"{extension(cloud)}/jobs/{job}/resume", {}, expect=202)

    await cloud.until(task, "status.phase", "Success")
    mended = await cloud.call("GET", addon, expect=200)
    assert (failed["status"]["status"], failed["status"]["Reason"]) == (
        "upgradeFailed",
        "Out of order.",
    )
    assert failed["status"]["currentVersion"]["version"] == OLDER
    assert mended["status"]["status"] == "running"
    assert mended["status"]["currentVersion"]["version"] == NEWEST


@pytest.mark.parametrize(
    ("target", "given", "field", "rule"),
    [
        ("v1.32", entry("nothing"), "addonTemplateName", "The cluster has no add-on nothing."),
        ("v1.32", entry("autoscaler"), "addonTemplateName", "The cluster has no add-on"),
        ("v1.32", entry(version="1.0.0"), "version", "1.0.0 of metrics-server is not for v1.32"),
        ("v1.32", entry("everest", "2.4.92"), "version", "2.4.92 is older than"),
        ("v1.32", entry(values={"custom": 1}), "values.custom", "Send an object."),
    ],
    ids=str,
)
async def test_an_add_on_that_cannot_be_upgraded_refuses_the_whole_upgrade(
    cloud: Cloud, path: str, addon: str, target: str, given: dict[str, Any], field: str, rule: str
) -> None:
    body = with_addons(entry("coredns", COREDNS), given, target=target)

    refused = await cloud.call("POST", f"{path}/operation/upgrade", body, expect=400)

    assert f"spec.clusterUpgradeAction.addons.1.{field}: {rule}" in refused["message"]
    assert (await cloud.call("GET", path, expect=200))["status"]["phase"] == "Available"
    assert (await cloud.call("GET", addon, expect=200))["status"]["status"] == "running"


async def test_an_add_on_at_work_is_not_upgraded_with_its_cluster(
    cloud: Cloud, path: str, addon: str, trouble: Trouble
) -> None:
    await trouble.arm("DeployAddon", Kind.UNAVAILABLE)
    spec = {"clusterID": path.rpartition("/")[2], "addonTemplateName": NAME, "version": NEWEST}
    await cloud.call("PUT", addon, {"spec": spec}, expect=200)

    refused = await cloud.call(
        "POST", f"{path}/operation/upgrade", with_addons(entry()), expect=403
    )

    assert "The add-on is upgrading" in refused["message"]
