"""The older job operations: the same jobs in another dialect."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, cluster, open_cloud

UNKNOWN = "354331b2c-229a-11e8-9c75-0255ac100ceb"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite, which the tests of this file share; it never makes ``stuck``."""
    folder = tmp_path_factory.mktemp("cloud")
    faults = folder / "faults.yaml"
    faults.write_text("- {step: CreatePSMCert, cluster: stuck, kind: unavailable, times: 1000000}")
    async with open_cloud(folder, faults=faults) as opened:
        yield opened


PREFIXES = pytest.mark.parametrize("prefix", ["/api/v2", "/autopilot/v2"])


def jobs_path(cloud: Cloud, prefix: str) -> str:
    """The path of the list."""
    return f"{prefix}/projects/{cloud.account['project_id']}/jobs"


async def made(cloud: Cloud) -> tuple[str, str]:
    """A cluster and the job that has made it."""
    uid = await cloud.cluster()
    listed = await cloud.call("GET", jobs_path(cloud, "/api/v2"), expect=200)
    return uid, listed[0]["metadata"]["uid"]


def keys(document: Any) -> set[str]:
    """Every key of a document, those of string maps apart."""
    if isinstance(document, list):
        return {key for item in document for key in keys(item)}
    if not isinstance(document, dict):
        return set()
    inner = [keys(value) for key, value in document.items() if key != "extendparam"]
    return set(document).union(*inner)


@PREFIXES
async def test_jobs_are_listed_newest_first_in_the_older_dialect(cloud: Cloud, prefix: str) -> None:
    (first, _), (second, _) = await made(cloud), await made(cloud)

    listed = (await cloud.call("GET", jobs_path(cloud, prefix), expect=200))[:2]

    assert [job["spec"]["clusteruid"] for job in listed] == [second, first]
    assert keys(listed) == {
        *("kind", "apiVersion", "metadata", "spec", "status"),
        *("uid", "creationTimestamp", "updateTimestamp"),
        *("type", "clusteruid", "resourceid", "resourcename", "extendparam", "subjobs"),
        *("reason", "completionTime"),
    }
    assert {job["apiVersion"] for job in listed} == {"v2"}
    for job in listed:
        assert job["status"]["status"] == "Success"
        assert job["status"]["completionTime"] == job["metadata"]["updateTimestamp"]


async def test_one_job_and_its_sub_jobs_read_as_they_are_listed(cloud: Cloud) -> None:
    await made(cloud)
    path = jobs_path(cloud, "/api/v2")
    listed = (await cloud.call("GET", path, expect=200))[0]

    for job in (listed, *listed["spec"]["subjobs"]):
        assert await cloud.call("GET", f"{path}/{job['metadata']['uid']}", expect=200) == job


@PREFIXES
async def test_a_finished_job_can_be_deleted_and_no_dialect_knows_it_then(
    cloud: Cloud, prefix: str
) -> None:
    path = jobs_path(cloud, prefix)
    _, uid = await made(cloud)
    job = await cloud.call("GET", f"{path}/{uid}", expect=200)
    sub_job = job["spec"]["subjobs"][0]["metadata"]["uid"]

    refused = await cloud.call("DELETE", f"{path}/{sub_job}", expect=403)
    answer = await cloud.call("DELETE", f"{path}/{uid}", expect=204)

    assert uid in refused["message"]
    assert answer is None
    for gone in (uid, sub_job):
        await cloud.call("GET", f"{path}/{gone}", expect=404)
        await cloud.call("GET", f"{cloud.project}/jobs/{gone}", expect=404)
    await cloud.call("DELETE", f"{path}/{uid}", expect=404)


async def test_a_job_that_has_not_ended_has_no_completion_time_and_stays(cloud: Cloud) -> None:
    begun = await cloud.call("POST", f"{cloud.project}/clusters", cluster("stuck"), expect=201)
    where = f"{jobs_path(cloud, '/api/v2')}/{begun['status']['jobID']}"

    found = await cloud.until(where, "status.status", "Running")
    await cloud.call("DELETE", where, expect=403)

    assert "completionTime" not in found["status"]
    assert await cloud.call("GET", where, expect=200)


@PREFIXES
async def test_an_unknown_job_is_not_found(cloud: Cloud, prefix: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await cloud.call(method, f"{jobs_path(cloud, prefix)}/{UNKNOWN}", expect=404)

        assert answer["errorCode"] == "CCE.01404001"
