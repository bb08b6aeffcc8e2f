"""Faults that users arm: they strike jobs of their own project, and only as often as asked."""

from typing import Any

import pytest

from clusterwright.drivers import faults
from clusterwright.drivers.causes import Blame
from clusterwright.drivers.faults import FaultRequest
from clusterwright.storage import limits
from clusterwright.storage.database import Database
from tests.api.cloud import Cloud, cluster, stranger, unique
from tests.api.test_live import extension

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def listed(cloud: Cloud) -> Any:
    """What the project's users read of faults."""
    return await cloud.call("GET", f"{extension(cloud)}/faults", expect=200)


async def test_an_armed_fault_fails_its_step_and_is_used_up(shared_cloud: Cloud) -> None:
    cloud, name = shared_cloud, unique("faulty")
    asked = {"step": "InstallMaster", "cluster": name, "reason": "No zone.", "class": "capacity"}

    armed = await cloud.call("POST", f"{extension(cloud)}/faults", asked, expect=201)
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster(name), expect=201)
    job = made["status"]["jobID"]
    await cloud.until(f"{cloud.project}/jobs/{job}", "status.phase", "Failed")

    assert armed == asked | {
        "id": armed["id"],
        "kind": "error",
        "remaining": 1,
        "scope": "project",
    }
    found = await cloud.call("GET", f"{extension(cloud)}/jobs/{job}", expect=200)
    assert (found["cause"]["message"], found["cause"]["class"]) == ("No zone.", "capacity")
    [mine] = [one for one in (await listed(cloud))["faults"] if one["id"] == armed["id"]]
    assert mine["remaining"] == 0
    path = f"{extension(cloud)}/faults/{armed['id']}"
    await cloud.call("DELETE", path, expect=204)
    await cloud.call("DELETE", path, expect=404)
    assert armed["id"] not in [one["id"] for one in (await listed(cloud))["faults"]]


async def test_faults_of_the_operator_are_told_and_not_cleared(
    shared_cloud: Cloud, shared_database: str
) -> None:
    cloud = shared_cloud
    database = Database(shared_database)
    async with database.transaction() as tx:
        armed = await faults.add(tx, FaultRequest(step="InstallMaster", cluster="nobody-s"))
    try:
        [told] = [one for one in (await listed(cloud))["faults"] if one["id"] == str(armed.id)]
        await cloud.call("DELETE", f"{extension(cloud)}/faults/{armed.id}", expect=404)
        await cloud.call("DELETE", f"{extension(cloud)}/faults", expect=204)

        async with database.reading() as tx:
            still = await faults.find_all(tx)
    finally:
        async with database.transaction() as tx:
            await faults.clear(tx, armed.id)
        await database.dispose()
    assert told["scope"] == "server"
    assert armed in still


async def test_nobody_sees_or_clears_the_faults_of_another_project(
    shared_cloud: Cloud, shared_database: str
) -> None:
    cloud = shared_cloud
    armed = await cloud.call(
        "POST", f"{extension(cloud)}/faults", {"step": "CreateNodeVM", "cluster": "x"}, expect=201
    )

    async with stranger(cloud, shared_database) as other:
        seen = (await listed(other))["faults"]
        await other.call("DELETE", f"{extension(other)}/faults/{armed['id']}", expect=404)
        await other.call("DELETE", f"{extension(other)}/faults", expect=204)
        await other.call("GET", f"{extension(cloud)}/faults", expect=403)

    assert armed["id"] not in [one["id"] for one in seen]
    assert armed["id"] in [one["id"] for one in (await listed(cloud))["faults"]]
    await cloud.call("DELETE", f"{extension(cloud)}/faults", expect=204)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "step"),
        ({"step": "Nowhere"}, "step"),
        ({"step": "CreateNodeVM", "times": 0}, "times"),
        ({"step": "CreateNodeVM", "kind": "sometimes"}, "kind"),
        ({"step": "CreateNodeVM", "class": "nobody"}, "class"),
        ({"step": "CreateNodeVM", "cluster": "x" * 129}, "cluster"),
        ({"step": "CreateNodeVM", "reason": "x" * 1001}, "reason"),
    ],
)
async def test_a_wrong_fault_is_refused_by_its_field(
    shared_cloud: Cloud, body: Any, field: str
) -> None:
    refused = await shared_cloud.call("POST", f"{extension(shared_cloud)}/faults", body, expect=400)

    assert f"{field}: " in refused["error_msg"]


async def test_every_class_can_be_asked_for_and_there_is_a_bound(shared_cloud: Cloud) -> None:
    cloud, path = shared_cloud, f"{extension(shared_cloud)}/faults"
    for blame in Blame:
        asked = {"step": "CreateNodeVM", "cluster": "x", "class": blame.value}
        assert (await cloud.call("POST", path, asked, expect=201))["class"] == blame
    asked = {"step": "CreateNodeVM", "cluster": "x"}
    for _ in range(limits.MOST_FAULTS - len(Blame)):
        await cloud.call("POST", path, asked, expect=201)

    refused = await cloud.call("POST", path, asked, expect=400)

    assert "Clear some first" in refused["error_msg"]
    await cloud.call("DELETE", path, expect=204)
    assert (await listed(cloud))["faults"] == []
