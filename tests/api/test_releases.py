"""Releases on simulated clusters: from a chart to what is deployed, back, and gone."""

import asyncio
import json
from typing import Any

import pytest
import pytest_asyncio

from clusterwright.drivers.helm import Helm
from tests import packages
from tests.api.cloud import Cloud, stranger, unique
from tests.api.test_autopilot import autopilot, wanted
from tests.api.test_charts import CHARTS, send

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = {
    "chart_name", "chart_public", "chart_version", "cluster_id", "cluster_name", "create_at",
    "description", "name", "namespace", "parameters", "resources", "status", "status_description",
    "update_at", "values", "version",
}  # fmt: skip


def place(cluster: str, name: str = "", namespace: str = "default", *, pilot: bool = False) -> str:
    """The path of a release, or of all of a cluster."""
    begin = f"/{'autopilot' if pilot else 'cce'}/cam/v3/clusters/{cluster}"
    return f"{begin}/namespace/{namespace}/releases/{name}" if name else f"{begin}/releases"


async def chart(cloud: Cloud, name: str, version: str = "1.0.0") -> str:
    """The id of a new chart."""
    made = await send(cloud, packages.chart(name, version), expect=201)
    uid: str = made["id"]
    return uid


def asked(chart_id: str, name: str = "web", **more: Any) -> dict[str, Any]:
    """The body of a request to install, as Terraform sends it."""
    return {
        "chart_id": chart_id,
        "name": name,
        "namespace": "default",
        "version": "1.0.0",
        "description": "",
        "values": {"greeting": "hi"},
        "parameters": {},
    } | more


@pytest_asyncio.fixture(loop_scope="module")
async def installed(shared_cloud: Cloud) -> tuple[str, str, str]:
    """A cluster with a deployed release ``web``, its chart's name and its chart's id."""
    name = unique("demo")
    uid, chart_id = await shared_cloud.cluster(), await chart(shared_cloud, name)
    await shared_cloud.call("POST", place(uid), asked(chart_id), expect=201)
    await shared_cloud.until(place(uid, "web"), "status", "DEPLOYED")
    return uid, name, chart_id


async def test_a_release_is_pending_at_once_and_then_deployed(shared_cloud: Cloud) -> None:
    uid, name = await shared_cloud.cluster(), unique("demo")
    chart_id = await chart(shared_cloud, name)

    made = await shared_cloud.call("POST", place(uid), asked(chart_id), expect=201)

    assert made.keys() == KEYS
    assert (made["status"], made["version"]) == ("PENDING_INSTALL", 1)
    assert (made["chart_name"], made["chart_version"]) == (name, "1.0.0")
    assert json.loads(made["values"]) == {"greeting": "hi"}
    assert (made["parameters"], made["resources"], made["chart_public"]) == ("", "", False)
    assert made["create_at"].endswith("+00:00")
    where = place(uid, "web")
    # Terraform reads right away and keeps what it sees.
    assert (await shared_cloud.call("GET", where, expect=200))["name"] == "web"
    found = await shared_cloud.until(where, "status", "DEPLOYED")
    for query in ("", "?namespace=default", f"?chart_id={chart_id}", "?namespace=&chart_id="):
        assert await shared_cloud.call("GET", f"{place(uid)}{query}", expect=200) == [found]
    for query in ("?namespace=other", "?chart_id=other"):
        assert await shared_cloud.call("GET", f"{place(uid)}{query}", expect=200) == []


async def test_upgrades_and_rollbacks_are_revisions(
    shared_cloud: Cloud, installed: tuple[str, str, str]
) -> None:
    uid, name, _ = installed
    where = place(uid, "web")
    newer = await chart(shared_cloud, name, "2.0.0")

    body = {"chart_id": newer, "action": "upgrade", "values": {"a": {"b": 1}}, "parameters": {}}
    changed = await shared_cloud.call("PUT", where, body, expect=200)
    await shared_cloud.until(where, "status", "DEPLOYED")
    body = {"chart_id": newer, "action": "rollback", "parameters": {"release_version": 1}}
    back = await shared_cloud.call("PUT", where, body, expect=200)
    await shared_cloud.until(where, "status", "DEPLOYED")

    assert (changed["status"], changed["version"]) == ("PENDING_UPGRADE", 2)
    assert (changed["chart_version"], json.loads(changed["values"])) == ("2.0.0", {"a": {"b": 1}})
    assert (back["status"], back["version"]) == ("PENDING_ROLLBACK", 3)
    assert (back["chart_version"], json.loads(back["values"])) == ("1.0.0", {"greeting": "hi"})
    history = await shared_cloud.call("GET", f"{where}/history", expect=200)
    assert [(each["version"], each["status"]) for each in history] == [
        (3, "DEPLOYED"),
        (2, "SUPERSEDED"),
        (1, "SUPERSEDED"),
    ]
    assert all(each.keys() == KEYS for each in history)


@pytest.mark.parametrize(
    ("parameters", "values", "kept"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({}, {}, {"greeting": "hi"}),
        ({"replace": True}, {"a": 1}, {"greeting": "hi", "a": 1}),
        ({"reset_values": True}, {}, {}),
        ({"reset_values": True, "replace": True}, {"a": 1}, {"a": 1}),
    ],
)
async def test_an_upgrade_keeps_the_values_that_it_should(
    shared_cloud: Cloud,
    installed: tuple[str, str, str],
    parameters: dict[str, bool],
    values: dict[str, Any],
    kept: dict[str, Any],
) -> None:
    uid, _, chart_id = installed
    # Terraform leaves the action out, or empty.
    body = {"chart_id": chart_id, "action": "", "values": values, "parameters": parameters}

    changed = await shared_cloud.call("PUT", place(uid, "web"), body, expect=200)

    assert json.loads(changed["values"]) == kept


async def test_only_the_newest_revisions_are_kept(
    shared_cloud: Cloud, installed: tuple[str, str, str]
) -> None:
    uid, _, chart_id = installed
    where = place(uid, "web")
    for revision in range(2, 13):
        body = {"chart_id": chart_id, "values": {"revision": revision}}
        await shared_cloud.call("PUT", where, body, expect=200)
        await shared_cloud.until(where, "status", "DEPLOYED")

    history = await shared_cloud.call("GET", f"{where}/history", expect=200)

    assert [each["version"] for each in history] == list(range(12, 2, -1))
    gone = {"action": "rollback", "parameters": {"release_version": 2}}
    refused = await shared_cloud.call("PUT", where, gone, expect=400)
    assert "parameters.release_version" in refused["error_msg"]


async def test_a_deleted_release_can_be_read_until_it_is_gone(
    shared_cloud: Cloud, installed: tuple[str, str, str]
) -> None:
    uid, _, chart_id = installed
    where = place(uid, "web")

    answer = await shared_cloud.call("DELETE", where, expect=200)

    assert answer == "Delete release web successfully."
    await shared_cloud.until_gone(where)
    assert await shared_cloud.call("GET", place(uid), expect=200) == []
    await shared_cloud.call("DELETE", where, expect=404)
    await shared_cloud.call("POST", place(uid), asked(chart_id), expect=201)


async def test_a_deleted_chart_leaves_its_releases(
    shared_cloud: Cloud, installed: tuple[str, str, str]
) -> None:
    uid, name, chart_id = installed
    where = place(uid, "web")
    newer = await chart(shared_cloud, name, "2.0.0")
    await shared_cloud.call("PUT", where, {"chart_id": newer}, expect=200)
    await shared_cloud.until(where, "status", "DEPLOYED")

    await shared_cloud.call("DELETE", f"{CHARTS}/{chart_id}", expect=200)

    back = {"action": "rollback", "parameters": {"release_version": 1}}
    await shared_cloud.call("PUT", where, back, expect=200)
    found = await shared_cloud.until(where, "status", "DEPLOYED")
    assert (found["chart_name"], found["chart_version"]) == (name, "1.0.0")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Web"}, "name"),
        ({"name": "1web"}, "name"),
        ({"name": "web-"}, "name"),
        ({"name": "w" * 54}, "name"),
        ({"name": "--kubeconfig=x"}, "name"),
        ({"namespace": "-x"}, "namespace"),
        ({"namespace": "a/b"}, "namespace"),
        ({"version": "9.9.9"}, "version"),
        ({"values": [1]}, "values"),
        ({"values": {"a": "x" * 70_000}}, "values"),
        ({"description": "x" * 2000}, "description"),
        ({"parameters": {"dry_run": "yes"}}, "parameters.dry_run"),
        ({"parameters": {"release_version": -1}}, "parameters.release_version"),
        ({"chart_id": 7}, "chart_id"),
        ({"chart_id": None}, "chart_id"),
    ],
)
async def test_a_wrong_field_is_refused_by_its_name(
    shared_cloud: Cloud, installed: tuple[str, str, str], change: dict[str, Any], field: str
) -> None:
    uid, _, chart_id = installed

    refused = await shared_cloud.call(
        "POST", place(uid), asked(chart_id, "other") | change, expect=400
    )

    assert refused["errorCode"] == "CCE.01400001"
    assert field in refused["error_msg"]
    assert len(await shared_cloud.call("GET", place(uid), expect=200)) == 1


async def test_what_is_not_there_or_not_at_rest_is_refused(
    shared_cloud: Cloud, installed: tuple[str, str, str]
) -> None:
    uid, _, chart_id = installed
    other = await chart(shared_cloud, unique("other"))
    call = shared_cloud.call

    await call("POST", place("none"), asked(chart_id, "x"), expect=404)
    await call("POST", place(uid), asked("none", "x"), expect=404)
    used = await call("POST", place(uid), asked(chart_id), expect=409)
    for path in (place(uid, "none"), place(uid, "web", "none"), f"{place(uid, 'none')}/history"):
        await call("GET", path, expect=404)
    for body, field in (
        ({"action": "rollback"}, "release_version"),
        ({"action": "rollback", "parameters": {"release_version": 0}}, "release_version"),
        ({"action": "restart"}, "action"),
        ({"chart_id": other}, "chart_id"),
    ):
        refused = await call("PUT", place(uid, "web"), body, expect=400)
        assert field in refused["error_msg"]
    await call("DELETE", place(uid, "web"), expect=200)
    if (await shared_cloud.client.get(place(uid, "web"))).status_code == 200:
        assert used["errorCode"] == "CCE.01409001"


async def test_a_dry_run_keeps_nothing(
    shared_cloud: Cloud, installed: tuple[str, str, str]
) -> None:
    uid, _, chart_id = installed

    tried = asked(chart_id, "tried", parameters={"dry_run": True})
    answer = await shared_cloud.call("POST", place(uid), tried, expect=201)

    assert (answer["name"], answer["status"]) == ("tried", "PENDING_INSTALL")
    await shared_cloud.call("GET", place(uid, "tried"), expect=404)


async def test_nobody_waits_for_a_dry_run_under_a_key_while_it_is_rendered(
    shared_cloud: Cloud, installed: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, _, chart_id = installed
    rendering, written = asyncio.Event(), asyncio.Event()

    async def is_here(_: Helm) -> bool:
        return True

    async def render(*_: Any, **__: Any) -> str:
        rendering.set()
        await written.wait()
        return "kind: Nothing\n"

    monkeypatch.setattr(Helm, "is_here", is_here)
    monkeypatch.setattr(Helm, "render", render)
    body = asked(chart_id, "tried", parameters={"dry_run": True})
    key = {"Idempotency-Key": unique("key")}
    async with asyncio.TaskGroup() as group, asyncio.timeout(shared_cloud.patience):
        sent = group.create_task(shared_cloud.client.post(place(uid), json=body, headers=key))
        await rendering.wait()
        await shared_cloud.call("POST", place(uid), asked(chart_id, "other"), expect=201)
        written.set()
    again = await shared_cloud.client.post(place(uid), json=body, headers=key)

    assert sent.result().json()["resources"] == "kind: Nothing\n"
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (sent.result().json(), "true")


async def test_releases_of_autopilot_clusters_are_at_their_own_place(shared_cloud: Cloud) -> None:
    chart_id = await chart(shared_cloud, unique("demo"))
    made = await shared_cloud.call("POST", autopilot(shared_cloud), wanted(), expect=201)
    uid = made["metadata"]["uid"]
    await shared_cloud.until(
        autopilot(shared_cloud, f"clusters/{uid}"), "status.phase", "Available"
    )

    await shared_cloud.call("POST", place(uid, pilot=True), asked(chart_id), expect=201)

    await shared_cloud.until(place(uid, "web", pilot=True), "status", "DEPLOYED")
    await shared_cloud.call("GET", place(uid, "web"), expect=404)
    await shared_cloud.call("GET", place(uid), expect=404)


async def test_nobody_sees_the_releases_of_another_project(
    shared_cloud: Cloud, shared_database: str, installed: tuple[str, str, str]
) -> None:
    uid, _, chart_id = installed

    async with stranger(shared_cloud, shared_database) as other:
        mine = await chart(other, unique("mine"))
        for method, path, body in (
            ("GET", place(uid), None),
            ("GET", place(uid, "web"), None),
            ("GET", f"{place(uid, 'web')}/history", None),
            ("PUT", place(uid, "web"), {"chart_id": mine}),
            ("DELETE", place(uid, "web"), None),
            ("POST", place(uid), asked(mine, "x")),
        ):
            await other.call(method, path, body, expect=404)
        own = await other.cluster()
        await other.call("POST", place(own), asked(chart_id), expect=404)

    assert len(await shared_cloud.call("GET", place(uid), expect=200)) == 1
