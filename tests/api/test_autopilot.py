"""Clusters without nodes: the same code on paths of their own."""

import re
from typing import Any

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from clusterwright.cce.autopilot.api import KIND, TWINS, router
from tests.api.cloud import Cloud, cluster, unique
from tests.architecture.routes import ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


OF_A_CLUSTER = [
    (method, route)
    for route in router.routes
    if "{cluster_id}" in route.path
    for method in sorted(route.methods or ())
]
BODIES: dict[str, Any] = {
    "clustercert": {"duration": 1},
    "mastereip": {"spec": {"action": "bind", "spec": {"id": "192.0.2.1"}}},
    "tags/create": {"tags": [{"key": "a", "value": "b"}]},
    "tags/delete": {"tags": [{"key": "a"}]},
    "maintenancewindows": {
        "weekly_period": "Sunday",
        "start_time": "01:00:00",
        "duration_hours": 1,
    },
}


def body_for(path: str, uid: str) -> Any:
    """A good body for a request about this cluster."""
    hop = {"clusterID": uid, "clusterVersion": "v1.31", "targetVersion": "v1.32"}
    kinds = {
        "operation/precheck": "PreCheckTask",
        "operation/postcheck": "PostCheckTask",
        "operation/upgradeworkflows": "WorkFlowTask",
    }
    for ending, kind in kinds.items():
        if path.endswith(ending):
            return {"kind": kind, "apiVersion": "v3", "spec": hop}
    if path.endswith("operation/upgrade"):
        return upgrade_to("v1.32", "clusterUpgradeAction")
    if "upgradeplans/" in path:
        return {"notBefore": "2030-01-01T00:00:00Z"}
    if "upgradeworkflows/" in path:
        return {"status": {"phase": "Cancel"}}
    return next((body for ending, body in BODIES.items() if path.endswith(ending)), {"spec": {}})


def upgrade_to(version: str, action: str) -> dict[str, Any]:
    """The body of a request to upgrade, the action under a name."""
    strategy = {
        "type": "inPlaceRollingUpdate",
        "inPlaceRollingUpdate": {"userDefinedStep": 20},
    }
    return {
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {action: {"targetVersion": version, "strategy": strategy}},
    }


@pytest.mark.parametrize(
    ("method", "route"), OF_A_CLUSTER, ids=[route.operation_id for _, route in OF_A_CLUSTER]
)
async def test_an_operation_knows_its_own_kind_of_cluster_only(
    cloud: Cloud, method: str, route: APIRoute, kinds: dict[str, str]
) -> None:
    cases = {"/autopilot/": kinds["plain"]}
    if route.operation_id in TWINS:
        cases["/api/"] = kinds["pilot"]
    for prefix, other in cases.items():
        path = prefix + route.path.removeprefix("/autopilot/").format(
            project_id=cloud.account["project_id"],
            cluster_id=other,
            task_id="t",
            upgrade_workflow_id="w",
            upgrade_plan_id="p",
        )
        body = body_for(path, other) if method not in ("GET", "DELETE") else None

        answer = await cloud.call(method, path, body, expect=404)

        assert f"no cluster {other}" in answer["message"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kinds(cloud: Cloud) -> dict[str, str]:
    """A cluster of each kind."""
    return {"pilot": await create(cloud), "plain": await cloud.cluster()}


async def test_every_twin_repeats_a_route_under_its_own_name() -> None:
    by_name = {route.operation_id: route for route in ROUTES}

    for name in TWINS:
        twin, ordinary = by_name[name], by_name[name.replace(KIND, "", 1)]
        assert twin.endpoint is ordinary.endpoint
        assert twin.path == re.sub("^/api", "/autopilot", ordinary.path)


async def test_it_can_be_reached_tagged_and_given_an_address(cloud: Cloud) -> None:
    where = f"{autopilot(cloud)}/{await create(cloud)}"
    bind = {"spec": {"action": "bind", "spec": {"id": "192.0.2.77"}}}

    await cloud.call("PUT", f"{where}/mastereip", bind, expect=200)
    await cloud.call("POST", f"{where}/tags/create", BODIES["tags/create"], expect=204)
    addresses = await cloud.call("GET", f"{where}/openapi", expect=200)
    config = await cloud.call("POST", f"{where}/clustercert", {"duration": 1}, expect=200)
    logs = await cloud.call(
        "GET", where.replace("/clusters/", "/cluster/") + "/log-configs", expect=200
    )
    shown = await cloud.call("GET", where, expect=200)

    assert addresses["status"]["publicEndpoint"].startswith("https://192.0.2.77:")
    assert config["current-context"] == "external"
    assert {entry["name"] for entry in logs["log_configs"]} >= {"audit", "kube-apiserver"}
    assert shown["spec"]["clusterTags"] == [{"key": "a", "value": "b"}]
    await cloud.call("POST", f"{where}/tags/delete", BODIES["tags/delete"], expect=204)
    assert (await cloud.call("GET", where, expect=200))["spec"]["clusterTags"] == []


@pytest.mark.parametrize("action", ["clusterUpgradeAction", "autopilotClusterUpgradeAction"])
async def test_it_is_upgraded_in_a_workflow(cloud: Cloud, action: str) -> None:
    uid = await create(cloud, version="v1.31")
    where = f"{autopilot(cloud)}/{uid}"
    snapshots = f"{where}/operation/snapshot".replace("/v3/", "/v3.1/")

    async def post(ending: str, status: int = 200) -> Any:
        path = f"{where}/operation/{ending}"
        return await cloud.call("POST", path, body_for(path, uid), expect=status)

    flow = await post("upgradeworkflows", 201)
    check = await post("precheck")
    kept = await cloud.call("POST", snapshots, expect=200)
    promised = await cloud.call(
        "POST", f"{where}/operation/upgrade", upgrade_to("v1.32", action), expect=200
    )
    task = f"{where}/operation/upgrade/tasks/{promised['metadata']['uid']}"
    await cloud.until(task, "status.phase", "Success")
    after = await post("postcheck")
    ended = f"{where}/operation/upgradeworkflows/{flow['metadata']['uid']}"
    info = await cloud.call("GET", f"{where}/upgradeinfo", expect=200)

    assert check["status"]["phase"] == after["status"]["phase"] == "Success"
    listed = await cloud.call("GET", f"{snapshots}/tasks", expect=200)
    assert [item["metadata"]["uid"] for item in listed["items"]] == [kept["uid"]]
    await cloud.until(ended, "status.phase", "Success")
    assert (await cloud.call("GET", where, expect=200))["spec"]["version"].startswith("v1.32")
    assert info["spec"]["lastUpgradeInfo"]["phase"] == "Success"


async def test_an_upgrade_names_its_action(cloud: Cloud, kinds: dict[str, str]) -> None:
    where = f"{autopilot(cloud)}/{kinds['pilot']}/operation/upgrade"
    body = upgrade_to("v1.32", "clusterUpgradeAction") | {"spec": {}}

    answer = await cloud.call("POST", where, body, expect=400)

    assert answer["message"].startswith("spec: ClusterUpgradeAction is needed")


async def test_its_add_ons_are_those_that_need_no_nodes(cloud: Cloud) -> None:
    uid = await create(cloud)
    templates = await cloud.call("GET", "/autopilot/v3/addontemplates", expect=200)
    wanted_add_on: dict[str, Any] = {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {"addon.install/type": "install"}},
        "spec": {"clusterID": uid, "addonTemplateName": "metrics-server", "values": {}},
    }

    at_first = await cloud.call("GET", f"/autopilot/v3/addons?cluster_id={uid}", expect=200)
    made = await cloud.call("POST", "/autopilot/v3/addons", wanted_add_on, expect=201)
    path = f"/autopilot/v3/addons/{made['metadata']['uid']}"
    shown = await cloud.until(path, "status.status", "running")

    for template in templates["items"]:
        for version in template["spec"]["versions"]:
            for support in version["supportVersions"]:
                assert "Autopilot" in support["category"]
    assert [item["metadata"]["name"] for item in at_first["items"]] == ["coredns"]
    assert shown["spec"]["clusterID"] == uid
    await cloud.call("GET", path.replace("/autopilot/", "/api/"), expect=404)
    await cloud.call("DELETE", path.replace("/autopilot/", "/api/"), expect=404)
    wanted_add_on["spec"]["addonTemplateName"] = "npd"
    refused = await cloud.call("POST", "/autopilot/v3/addons", wanted_add_on, expect=400)
    assert "npd is not one of" in refused["message"]
    await cloud.call("DELETE", path, expect=200)
    await cloud.until_gone(path)


async def test_both_kinds_share_one_quota(cloud: Cloud) -> None:
    await create(cloud)

    mine = await cloud.call("GET", autopilot(cloud, "quotas"), expect=200)
    plain = await cloud.call("GET", f"{cloud.project}/quotas", expect=200)

    assert mine == plain


WINDOW: dict[str, Any] = {
    "weekly_period": "Friday,Saturday",
    "start_time": "16:00:00",
    "duration_hours": 3,
    "upgrade_scope": "OnlyPatchVersion",
}


async def test_a_maintenance_window_is_kept_changed_and_forgotten(cloud: Cloud) -> None:
    where = f"{autopilot(cloud)}/{await create(cloud)}"
    path = f"{where}/maintenancewindows"
    other = WINDOW | {"weekly_period": "Sunday", "start_time": "04:30"}

    await cloud.call("GET", path, expect=404)
    await cloud.call("PUT", path, WINDOW, expect=404)
    made = await cloud.call("POST", path, WINDOW, expect=201)
    await cloud.call("POST", path, WINDOW, expect=409)
    changed = await cloud.call("PUT", path, other, expect=200)
    shown = await cloud.call("GET", path, expect=200)
    gone = await cloud.call("DELETE", path, expect=200)

    assert made == WINDOW
    assert changed == shown == gone == other
    await cloud.call("DELETE", path, expect=404)


@pytest.mark.parametrize(
    "changed",
    [
        {"weekly_period": ""},
        {"weekly_period": "friday"},
        {"weekly_period": "Friday, Saturday"},
        {"weekly_period": "Friday,Friday"},
        {"start_time": "24:00:00"},
        {"start_time": "4"},
        {"duration_hours": 0},
        {"duration_hours": 25},
        {"duration_hours": "3"},
        {"upgrade_scope": "Everything"},
    ],
)
async def test_a_bad_window_is_refused(
    cloud: Cloud, kinds: dict[str, str], changed: dict[str, Any]
) -> None:
    path = f"{autopilot(cloud)}/{kinds['pilot']}/maintenancewindows"

    answer = await cloud.call("POST", path, WINDOW | changed, expect=400)

    assert answer["message"].startswith(next(iter(changed)))
    await cloud.call("GET", path, expect=404)


async def test_no_upgrade_is_planned(cloud: Cloud, kinds: dict[str, str]) -> None:
    path = f"{autopilot(cloud)}/{kinds['pilot']}/upgradeplans"

    listed = await cloud.call("GET", path, expect=200)

    assert listed == {"kind": "List", "apiVersion": "v3"}
    later = {"notBefore": "2030-01-01T00:00:00Z"}
    await cloud.call("PUT", f"{path}/nobody", later, expect=404)
    await cloud.call("PUT", f"{path}/nobody", {"notBefore": "soon"}, expect=400)
