"""Updating, listing, deleting; and what other projects see of it."""

import asyncio
import re
from typing import Any

import pytest
import pytest_asyncio

from clusterwright.iam import store
from clusterwright.ids import new_id
from clusterwright.storage.database import Database
from tests.api.cloud import TURBO, Cloud, cluster, sign_in, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOREIGN = "f" * 32
NOBODY = "1df09f9a-0000-11f0-8f52-0255ac10003e"


async def listed(cloud: Cloud, query: str = "") -> list[dict[str, Any]]:
    """The clusters that a list shows."""
    found = await cloud.call("GET", f"{cloud.project}/clusters{query}", expect=200)
    items: list[dict[str, Any]] = found["items"]
    return items


def path_of(cloud: Cloud, uid: str) -> str:
    return f"{cloud.project}/clusters/{uid}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def steady(shared_cloud: Cloud) -> str:
    """The path of a cluster that tests change back and forth, or fail to."""
    return path_of(shared_cloud, await shared_cloud.cluster())


async def second_project(cloud: Cloud, database_url: str) -> tuple[str, str]:
    """Another project of the account: its path, and a token for it."""
    project = store.Project(
        id=new_id(), domain_id=cloud.account["domain_id"], name=unique("project")
    )
    database = Database(database_url)
    async with database.transaction() as tx:
        await store.add(tx, project)
    await database.dispose()
    token = ""
    async with asyncio.timeout(10):
        while not token:  # the server looks for new projects twice a second
            await asyncio.sleep(0.05)
            token = await sign_in(cloud.client, {**cloud.account, "project_id": project.id})
    return f"/api/v3/projects/{project.id}", token


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("description", "plain text"),
        ("description", ""),
        ("customSan", ["a.test", "10.0.0.1"]),
        ("deletionProtection", False),
        ("agencyName", "agency"),
    ],
)
async def test_a_field_that_may_change_is_changed_alone(
    shared_cloud: Cloud, steady: str, field: str, value: Any
) -> None:
    before = await shared_cloud.call("GET", steady, expect=200)

    await shared_cloud.call("PUT", steady, {"spec": {field: value}}, expect=200)

    after = await shared_cloud.call("GET", steady, expect=200)
    assert after["spec"] == before["spec"] | {field: value}
    assert after["metadata"]["creationTimestamp"] == before["metadata"]["creationTimestamp"]


async def test_an_empty_update_changes_nothing(shared_cloud: Cloud, steady: str) -> None:
    before = await shared_cloud.call("GET", steady, expect=200)

    bodies: list[dict[str, Any]] = [{}, {"spec": {}}, {"metadata": {}}, {"spec": None}]
    for body in bodies:
        await shared_cloud.call("PUT", steady, body, expect=200)

    after = await shared_cloud.call("GET", steady, expect=200)
    assert after["spec"] == before["spec"]
    assert after["metadata"]["alias"] == before["metadata"]["alias"]


async def test_pods_of_a_turbo_cluster_get_more_subnets(shared_cloud: Cloud) -> None:
    path = path_of(shared_cloud, await shared_cloud.cluster(**TURBO))
    subnets = [*TURBO["eniNetwork"]["subnets"], {"subnetID": "s"}]

    await shared_cloud.call("PUT", path, {"spec": {"eniNetwork": {"subnets": subnets}}}, expect=200)

    after = await shared_cloud.call("GET", path, expect=200)
    assert after["spec"]["eniNetwork"]["subnets"] == subnets


async def test_new_container_ranges_are_added_to_the_old_ones(shared_cloud: Cloud) -> None:
    elsewhere = {"vpc": unique("vpc"), "subnet": "s"}
    path = path_of(shared_cloud, await shared_cloud.cluster(hostNetwork=elsewhere))
    change = {"spec": {"containerNetwork": {"cidrs": [{"cidr": "10.1.0.0/16"}]}}}

    await shared_cloud.call("PUT", path, change, expect=200)
    after = await shared_cloud.call("PUT", path, change, expect=200)

    assert [each["cidr"] for each in after["spec"]["containerNetwork"]["cidrs"]] == [
        "172.16.0.0/16",
        "10.1.0.0/16",
    ]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"spec": {"description": "a<b"}}, "CCE.01400001", "spec.description"),
        ({"spec": {"description": "é" * 101}}, "CCE.01400001", "spec.description"),
        ({"spec": {"version": "v1.30"}}, "CCE.01400001", "spec.version"),
        ({"spec": {"flavor": "cce.s2.large"}}, "CCE.01400001", "spec.flavor"),
        (
            {"spec": {"eniNetwork": {"subnets": [{"subnetID": "s"}]}}},
            "CCE.01400001",
            "spec.eniNetwork",
        ),
        ({"spec": {"deletionProtection": "yes"}}, "CCE.01400001", "spec.deletionProtection"),
        ({"metadata": {"alias": "UPPER"}}, "CCE.01400001", "metadata.alias"),
        (
            {"spec": {"containerNetwork": {"cidrs": [{"cidr": "10.247.0.0/20"}]}}},
            "CCE.01400005",
            "spec.containerNetwork",
        ),
    ],
)
async def test_an_update_that_breaks_a_rule_changes_nothing(
    shared_cloud: Cloud, steady: str, body: Any, code: str, field: str
) -> None:
    before = await shared_cloud.call("GET", steady, expect=200)

    refused = await shared_cloud.call("PUT", steady, body, expect=400)

    assert refused["errorCode"] == code
    assert refused["message"].startswith(field)
    assert await shared_cloud.call("GET", steady, expect=200) == before


async def test_an_alias_is_free_again_when_it_is_given_up(shared_cloud: Cloud) -> None:
    first = path_of(shared_cloud, await shared_cloud.cluster())
    second = path_of(shared_cloud, await shared_cloud.cluster())
    alias = unique("alias")

    await shared_cloud.call("PUT", first, {"metadata": {"alias": alias}}, expect=200)
    taken = await shared_cloud.call("PUT", second, {"metadata": {"alias": alias}}, expect=409)
    await shared_cloud.call("PUT", first, {"metadata": {"alias": unique("other")}}, expect=200)
    await shared_cloud.call("PUT", second, {"metadata": {"alias": alias}}, expect=200)

    assert taken["errorCode"] == "CCE.01409001"


async def test_a_deleted_cluster_is_gone_its_job_stays_and_its_name_is_free(
    shared_cloud: Cloud,
) -> None:
    name = unique("demo")
    path = path_of(shared_cloud, await shared_cloud.cluster(name))

    deleting = await shared_cloud.call("DELETE", path, expect=200)
    job = f"{shared_cloud.project}/jobs/{deleting['status']['jobID']}"
    await shared_cloud.until(job, "status.phase", "Success")

    gone = await shared_cloud.call("GET", path, expect=404)
    assert (gone["errorCode"], gone["error_code"]) == ("CCE.01404001", "CCE_CM.0003")
    await shared_cloud.call("DELETE", path, expect=404)
    await shared_cloud.call("PUT", path, {"spec": {}}, expect=404)
    assert path.rpartition("/")[2] not in {e["metadata"]["uid"] for e in await listed(shared_cloud)}
    await shared_cloud.cluster(name)


async def test_a_protected_cluster_is_not_deleted(shared_cloud: Cloud) -> None:
    path = path_of(shared_cloud, await shared_cloud.cluster(deletionProtection=True))

    refused = await shared_cloud.call("DELETE", path, expect=400)
    found = await shared_cloud.call("GET", path, expect=200)
    await shared_cloud.call("PUT", path, {"spec": {"deletionProtection": False}}, expect=200)
    await shared_cloud.call("DELETE", path, expect=200)

    assert refused["errorCode"] == "CCE.01400034"
    assert found["status"]["phase"] == "Available"


@pytest.mark.parametrize(
    "query",
    [
        "?delete_evs=true&delete_eni=Block&ondemand_node_policy=retain&unknown=1",
        "?lts_reclaim_policy=Delete_Log_Group",
        "?lts_reclaim_policy=Delete_Master_Log_Stream",
        "?lts_reclaim_policy=Retain",
        "?lts_reclaim_policy=false",
    ],
)
async def test_documented_options_of_a_deletion_are_taken(shared_cloud: Cloud, query: str) -> None:
    path = path_of(shared_cloud, await shared_cloud.cluster())

    await shared_cloud.call("DELETE", path + query, expect=200)

    await shared_cloud.until_gone(path)


@pytest.mark.parametrize(
    ("query", "status", "name"),
    [
        ("?delete_evs=perhaps", 400, "delete_evs"),
        ("?delete_evs=Retain", 400, "delete_evs"),
        ("?lts_reclaim_policy=Delete", 400, "Delete_Log_Group"),
        ("?ondemand_node_policy=burn", 400, "ondemand_node_policy"),
        ("?tobedeleted=true", 501, "tobedeleted"),
    ],
)
async def test_other_options_of_a_deletion_are_refused(
    shared_cloud: Cloud, steady: str, query: str, status: int, name: str
) -> None:

    refused = await shared_cloud.call("DELETE", steady + query, expect=status)

    assert name in refused["message"]
    assert (await shared_cloud.call("GET", steady, expect=200))["status"]["phase"] == "Available"


async def test_lists_are_filtered_by_phase_type_and_version(shared_cloud: Cloud) -> None:
    uid = await shared_cloud.cluster(type="ARM64", version="v1.29")

    async def found(query: str) -> bool:
        return uid in {each["metadata"]["uid"] for each in await listed(shared_cloud, query)}

    assert await found("")
    assert await found("?status=Available&type=ARM64&version=v1.29")
    assert not await found("?status=Deleting")
    assert not await found("?type=VirtualMachine")
    assert not await found("?version=v1.2")
    assert not await found("?version=v1.2%25")


@pytest.mark.parametrize("query", ["?status=Sleeping", "?type=x86", "?detail=perhaps"])
async def test_an_unknown_filter_value_is_refused(shared_cloud: Cloud, query: str) -> None:
    refused = await shared_cloud.call("GET", f"{shared_cloud.project}/clusters{query}", expect=400)

    assert refused["errorCode"] == "CCE.01400001"
    assert query[1:].partition("=")[0] in refused["message"]


async def test_details_are_texts_and_only_shown_on_request(
    shared_cloud: Cloud, steady: str
) -> None:

    plain = await shared_cloud.call("GET", steady, expect=200)
    detailed = await shared_cloud.call("GET", f"{steady}?detail=true", expect=200)

    assert "totalNodesNumber" not in plain["metadata"]["annotations"]
    annotations = detailed["metadata"]["annotations"]
    assert annotations["totalNodesNumber"] == annotations["activeNodesNumber"] == "0"
    assert all(isinstance(value, str) for value in annotations.values())
    assert annotations["installedAddonInstances"].startswith("[")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("uid", [NOBODY, "no-uuid", "a%20b", "%3Cb%3E", "x" * 500])
async def test_an_unknown_cluster_is_not_found(shared_cloud: Cloud, method: str, uid: str) -> None:
    body: Any = {"spec": {}} if method == "PUT" else None

    refused = await shared_cloud.call(method, path_of(shared_cloud, uid), body, expect=404)

    assert refused["errorCode"] == "CCE.01404001"
    assert len(refused["message"]) < 200


async def test_a_cluster_is_not_found_from_another_project(
    shared_cloud: Cloud, shared_database: str, steady: str
) -> None:
    uid = steady.rpartition("/")[2]
    project, token = await second_project(shared_cloud, shared_database)
    headers = {"X-Auth-Token": token}

    asked: list[tuple[str, Any]] = [("GET", None), ("PUT", {"spec": {}}), ("DELETE", None)]
    for method, body in asked:
        path = f"{project}/clusters/{uid}"
        await shared_cloud.call(method, path, body, expect=404, headers=headers)
        await shared_cloud.call(method, steady, body, expect=403, headers=headers)

    others = await shared_cloud.call("GET", f"{project}/clusters", expect=200, headers=headers)
    assert others["items"] == []
    assert (await shared_cloud.call("GET", steady, expect=200))["status"]["phase"] == "Available"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_project_s_path_is_forbidden(shared_cloud: Cloud, method: str) -> None:
    body = cluster(unique("demo")) if method == "POST" else None

    refused = await shared_cloud.call(
        method, f"/api/v3/projects/{FOREIGN}/clusters", body, expect=403
    )

    assert re.fullmatch(r"CCE\.01403\d{3}", refused["errorCode"])
