"""What stands around an upgrade: the versions it may lead to, checks, snapshots and workflows."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
import pytest_asyncio

from clusterwright.drivers.simulated import SimulatedDriver
from tests.api.cloud import Cloud
from tests.api.upgrades_asked import asked, hop, upgrade, workflow

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def path(cloud: Cloud) -> str:
    """The path of an available cluster of version v1.31 that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster(f'c-{uuid4().hex}')}"


async def test_every_version_but_the_newest_leads_to_newer_ones(cloud: Cloud) -> None:
    listed = await cloud.call("GET", "/api/v3/clusterupgradepaths", expect=200)

    paths = {path["version"]: path["targetVersions"] for path in listed["upgradePaths"]}
    assert paths["v1.31"] == ["v1.32", "v1.33"]
    assert [version for version, targets in paths.items() if not targets] == ["v1.34"]


async def test_feature_gates_are_words(cloud: Cloud) -> None:
    listed = await cloud.call("GET", "/api/v3/clusterupgradefeaturegates", expect=200)

    assert set(listed["upgradeFeatureGates"].values()) <= {"Support", "Disable", "Default"}


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


@pytest.mark.parametrize("named", ["v1.30", "v1.3", "v1.31.99", "v1.31.99-r0", "v1.32"])
@pytest.mark.parametrize(
    ("operation", "kind"), [("precheck", "PreCheckTask"), ("upgradeworkflows", "WorkFlowTask")]
)
async def test_an_upgrade_begins_at_the_version_that_the_cluster_has(
    cloud: Cloud, path: str, operation: str, kind: str, named: str
) -> None:
    body = hop(kind, clusterID=path.rpartition("/")[2], clusterVersion=named)

    refusal = await cloud.call("POST", f"{path}/operation/{operation}", body, expect=400)

    assert refusal["message"].startswith("spec.clusterVersion: The cluster has v1.31")


async def test_the_version_of_a_cluster_may_be_named_as_far_as_one_likes(
    cloud: Cloud, path: str
) -> None:
    task = await upgrade(cloud, path, "v1.32.5-r0")
    await cloud.until(task, "status.phase", "Success")

    for named in ("", "v1.32", "v1.32.5", "v1.32.5-r0"):
        body = hop("PreCheckTask", "v1.33", clusterVersion=named)
        await cloud.call("POST", f"{path}/operation/precheck", body, expect=200)
    body = hop("PreCheckTask", "v1.33", clusterVersion="v1.32.6")
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
    made = await cloud.call("POST", workflows, workflow(path), expect=201)
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

    made = await cloud.call("POST", f"{path}/operation/upgradeworkflows", body, expect=201)

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


async def test_a_cancelled_workflow_makes_room_for_another(cloud: Cloud, path: str) -> None:
    workflows = f"{path}/operation/upgradeworkflows"
    made = await cloud.call("POST", workflows, workflow(path), expect=201)
    one = f"{workflows}/{made['metadata']['uid']}"

    await cloud.call("PATCH", one, {"status": {"phase": "Success"}}, expect=400)
    cancelled = [
        await cloud.call("PATCH", one, {"status": {"phase": "Cancel"}}, expect=200)
        for _ in range(2)
    ]

    assert [each["status"]["phase"] for each in cancelled] == ["Cancel", "Cancel"]
    await cloud.call("POST", workflows, workflow(path), expect=201)
