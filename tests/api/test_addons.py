"""Add-ons: what can be installed, and an add-on's way from installing to gone."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, cluster, open_cloud, unique

ADDONS = "/api/v3/addons"
NAMED = ["coredns", "everest", "icagent", "npd"]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite for the tests of this file; ``broken`` takes no add-on once."""
    folder = tmp_path_factory.mktemp("cloud")
    faults = folder / "faults.yaml"
    faults.write_text("- {step: DeployAddon, cluster: broken, reason: No image.}")
    async with open_cloud(folder, faults=faults) as opened:
        yield opened


def wanted(cluster_id: str, name: str = "metrics-server", **spec: Any) -> dict[str, Any]:
    """The body that Terraform sends to install an add-on."""
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {"addon.install/type": "install"}},
        "spec": {"clusterID": cluster_id, "addonTemplateName": name} | spec,
    }


async def install(cloud: Cloud, cluster_id: str, **spec: Any) -> dict[str, Any]:
    """A running add-on."""
    made = await cloud.call("POST", ADDONS, wanted(cluster_id, **spec), expect=201)
    found: dict[str, Any] = await cloud.until(
        f"{ADDONS}/{made['metadata']['uid']}?cluster_id={cluster_id}", "status.status", "running"
    )
    return found


async def test_templates_tell_versions_and_which_clusters_can_have_them(cloud: Cloud) -> None:
    every = await cloud.call("GET", "/api/v3/addontemplates", expect=200)
    one = await cloud.call("GET", "/api/v3/addontemplates?addon_template_name=coredns", expect=200)

    assert {"coredns", "everest", "metrics-server"} <= {
        item["metadata"]["name"] for item in every["items"]
    }
    (coredns,) = one["items"]
    assert (coredns["kind"], coredns["apiVersion"]) == ("Addon", "v3")
    assert len(coredns["spec"]["versions"]) == 2
    for version in coredns["spec"]["versions"]:
        assert version["supportVersions"][0]["clusterVersion"][0].startswith(r"v1\.(")


async def test_an_add_on_has_the_names_that_clients_give_it(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    asked = wanted(uid)
    asked["metadata"] |= {"name": "mine", "alias": "my-own"}

    made = await cloud.call("POST", ADDONS, asked, expect=201)

    one = f"{ADDONS}/{made['metadata']['uid']}"
    found = await cloud.until(one, "status.status", "running")
    for told in (made, found):
        assert (told["metadata"]["name"], told["metadata"]["alias"]) == ("mine", "my-own")
        assert told["spec"]["addonTemplateName"] == "metrics-server"
    asked["metadata"] = {"alias": "another"}
    asked["spec"]["version"] = found["spec"]["version"]
    changed = await cloud.call("PUT", one, asked, expect=200)
    assert (changed["metadata"]["name"], changed["metadata"]["alias"]) == ("mine", "another")


async def test_a_new_cluster_has_the_built_in_add_ons_and_those_its_request_names(
    cloud: Cloud,
) -> None:
    body = cluster(unique("demo"))
    body["metadata"]["annotations"] = {
        "cluster.install.addons.external/install": '[{"addonTemplateName":"npd"},'
        '{"addonTemplateName":"icagent"}]'
    }

    made = await cloud.call("POST", f"{cloud.project}/clusters", body, expect=201)

    uid = made["metadata"]["uid"]
    listed = await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=200)
    assert [item["metadata"]["name"] for item in listed["items"]] == NAMED
    await cloud.until(f"{cloud.project}/clusters/{uid}", "status.phase", "Available")
    listed = await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=200)
    assert {item["status"]["status"] for item in listed["items"]} == {"running"}
    detailed = await cloud.call("GET", f"{cloud.project}/clusters/{uid}?detail=true", expect=200)
    told = json.loads(detailed["metadata"]["annotations"]["installedAddonInstances"])
    assert [addon["addonTemplateName"] for addon in told] == NAMED
    assert {addon["status"] for addon in told} == {"running"}


async def test_an_add_on_is_installing_and_then_running(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    values = {"basic": {"image_version": "1"}, "custom": {"replicas": 2}, "flavor": {}}

    made = await cloud.call("POST", ADDONS, wanted(uid, values=values), expect=201)

    assert made["status"]["status"] == "installing"
    where = f"{ADDONS}/{made['metadata']['uid']}?cluster_id={uid}"
    found = await cloud.until(where, "status.status", "running")
    assert found["spec"]["values"] == values
    assert found["spec"]["clusterID"] == uid
    assert found["metadata"]["annotations"] == {"addon.install/type": "install"}
    assert found["metadata"]["creationTimestamp"].endswith("Z")
    assert found["status"]["currentVersion"]["version"] == found["spec"]["version"]
    assert found["status"]["Reason"] == ""


async def test_an_upgrade_can_be_rolled_back_with_its_values(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    old = await install(cloud, uid, version="1.3.60", values={"custom": {"replicas": 1}})
    where = f"{ADDONS}/{old['metadata']['uid']}"
    assert old["status"]["targetVersions"] == ["1.3.104"]

    body = wanted(uid, version="1.3.104", values={"custom": {"replicas": 3}})
    body["metadata"]["annotations"] = {"addon.upgrade/type": "upgrade"}
    changed = await cloud.call("PUT", where, body, expect=200)

    assert (changed["status"]["status"], changed["spec"]["version"]) == ("upgrading", "1.3.104")
    newer = await cloud.until(where, "status.status", "running")
    assert (newer["status"]["isRollbackable"], newer["status"]["previousVersion"]) == (
        True,
        "1.3.60",
    )

    await cloud.call("POST", f"{where}/operation/rollback", {"clusterID": uid}, expect=200)

    again = await cloud.until(where, "status.status", "running")
    assert again["spec"]["version"] == again["status"]["currentVersion"]["version"] == "1.3.60"
    assert again["spec"]["values"] == {"custom": {"replicas": 1}}
    assert again["status"]["isRollbackable"] is False
    refused = {"clusterID": uid}
    await cloud.call("POST", f"{where}/operation/rollback", refused, expect=403)


async def test_an_uninstalled_add_on_is_deleting_and_then_gone(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    addon = await install(cloud, uid)
    where = f"{ADDONS}/{addon['metadata']['uid']}?cluster_id={uid}"

    answer = await cloud.call("DELETE", where, expect=200)

    assert answer["metadata"]["uid"] == addon["metadata"]["uid"]
    assert answer["status"]["status"] == "deleting"
    await cloud.until_gone(where)
    await cloud.call("DELETE", where, expect=404)


async def test_an_add_on_that_could_not_be_installed_says_why_and_can_be_uninstalled(
    cloud: Cloud,
) -> None:
    uid = await cloud.cluster("broken")

    made = await cloud.call("POST", ADDONS, wanted(uid), expect=201)

    where = f"{ADDONS}/{made['metadata']['uid']}"
    failed = await cloud.until(where, "status.status", "installFailed")
    assert failed["status"]["Reason"] == "No image."
    assert "currentVersion" not in failed["status"]
    await cloud.call("PUT", where, wanted(uid, version="1.3.104"), expect=403)
    await cloud.call("DELETE", where, expect=200)
    await cloud.until_gone(where)


async def test_add_ons_go_with_their_cluster(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    where = f"{ADDONS}/{(await install(cloud, uid))['metadata']['uid']}"

    await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)

    await cloud.until_gone(f"{cloud.project}/clusters/{uid}")
    await cloud.call("GET", where, expect=404)
    await cloud.call("GET", f"{ADDONS}?cluster_id={uid}", expect=404)


async def test_a_check_tells_what_is_wrong_and_can_be_listed(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    addon = await install(cloud, uid)
    checks = f"{cloud.project}/clusters/{uid}/addons/precheck"
    mine = {"addonInstanceID": addon["metadata"]["uid"], "addonTemplateName": "metrics-server"}
    asked = [
        mine | {"type": "addonStatic"},
        # The Go SDK sends an empty name when none is meant.
        mine | {"addonTemplateName": "", "type": "addonUpgrade", "targetVersion": "0.0.1"},
    ]

    answer = await cloud.call(
        "POST", checks, {"spec": {"clusterID": uid, "addonList": asked}}, expect=201
    )

    assert [task["status"]["status"] for task in answer["status"]["items"]] == ["Success", "Failed"]
    assert answer["status"]["phase"] == "Failed"
    failed = answer["status"]["items"][1]["metadata"]["taskID"]
    for query, count in (("", 2), ("?type=addonUpgrade", 1), (f"?task_id={failed}", 1)):
        listed = await cloud.call("GET", f"{checks}/tasks{query}", expect=200)
        assert listed["pageInfo"]["currentCount"] == len(listed["items"]) == count


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"clusterID": "no-such-cluster"}, 404, "CCE.03404001"),
        ({"addonTemplateName": "no-such-add-on"}, 400, "CCE.03400001"),
        ({"version": "0.0.1"}, 400, "CCE.03400001"),
        ({"addonTemplateName": "coredns"}, 409, "CCE.03409001"),
        ({"addonTemplateName": 7}, 400, "CCE.01400001"),
        ({"values": []}, 400, "CCE.01400001"),
    ],
)
async def test_what_cannot_be_installed_is_refused(
    cloud: Cloud, change: dict[str, Any], status: int, code: str
) -> None:
    uid = await cloud.cluster()

    answer = await cloud.call("POST", ADDONS, wanted(uid, **change), expect=status)

    assert (answer["code"], answer["errorCode"]) == (status, code)


async def test_an_older_version_or_another_name_is_no_update(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    addon = await install(cloud, uid)
    where = f"{ADDONS}/{addon['metadata']['uid']}"

    for spec in ({"version": "1.3.60"}, {"version": "1.3.104", "addonTemplateName": "npd"}):
        await cloud.call("PUT", where, wanted(uid, **spec), expect=400)
    await cloud.call("PUT", where, wanted("another", version="1.3.104"), expect=404)


async def test_nothing_is_installed_before_the_cluster_is_available(cloud: Cloud) -> None:
    body = cluster(unique("demo"))
    made = await cloud.call("POST", f"{cloud.project}/clusters", body, expect=201)

    await cloud.call("POST", ADDONS, wanted(made["metadata"]["uid"]), expect=403)


async def test_an_annotation_that_is_no_list_of_names_is_refused(cloud: Cloud) -> None:
    body = cluster(unique("demo"))
    body["metadata"]["annotations"] = {"cluster.install.addons.external/install": "[7]"}

    await cloud.call("POST", f"{cloud.project}/clusters", body, expect=400)

    listed = await cloud.call("GET", f"{cloud.project}/clusters", expect=200)
    names = [item["metadata"]["name"] for item in listed["items"]]
    assert body["metadata"]["name"] not in names


async def test_a_list_needs_a_cluster(cloud: Cloud) -> None:
    await cloud.call("GET", ADDONS, expect=400)


async def test_add_ons_answer_on_the_host_name_of_their_cluster(cloud: Cloud) -> None:
    uid = await cloud.cluster()
    host = {"Host": f"{uid}.cce.example.test"}

    made = await cloud.call("POST", ADDONS, wanted(uid), expect=201, headers=host)

    assert made["spec"]["clusterID"] == uid
