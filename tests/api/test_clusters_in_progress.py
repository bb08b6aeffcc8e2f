"""Clusters whose jobs take long: quota, repeated deletions and what is refused meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.cloud import Cloud, cluster, open_cloud, unique

QUOTA = 3


@pytest.fixture
async def cloud(database_url: str, tmp_path: Path) -> AsyncIterator[Cloud]:
    """A server whose jobs take minutes, for few clusters, on each database."""
    async with open_cloud(
        tmp_path, database=database_url, pace=0.01, cluster_quota=QUOTA
    ) as opened:
        yield opened


async def test_the_quota_holds_under_twenty_creations_at_once(cloud: Cloud) -> None:
    answers = await asyncio.gather(
        *(
            cloud.client.post(f"{cloud.project}/clusters", json=cluster(unique("demo")))
            for _ in range(20)
        )
    )

    refused = [answer.json() for answer in answers if answer.status_code != 201]
    assert len(refused) == 20 - QUOTA
    assert {each["errorCode"] for each in refused} == {"CCE.01400007"}
    assert {each["code"] for each in refused} == {400}
    listed = await cloud.call("GET", f"{cloud.project}/clusters", expect=200)
    assert len(listed["items"]) == QUOTA


async def test_a_refused_creation_does_not_use_up_the_quota(cloud: Cloud) -> None:
    body = cluster(unique("demo"))
    await cloud.call("POST", f"{cloud.project}/clusters", body, expect=201)
    for _ in range(QUOTA):
        await cloud.call("POST", f"{cloud.project}/clusters", body, expect=409)

    for _ in range(QUOTA - 1):
        await cloud.call("POST", f"{cloud.project}/clusters", cluster(unique("demo")), expect=201)


async def test_deleting_again_answers_the_same_job(cloud: Cloud) -> None:
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster("demo"), expect=201)
    path = f"{cloud.project}/clusters/{made['metadata']['uid']}"

    first = await cloud.call("DELETE", path, expect=200)
    again = await cloud.call("DELETE", path, expect=200)

    found = await cloud.call("GET", path, expect=200)
    assert first["status"]["jobID"] != made["status"]["jobID"]
    assert again["status"]["jobID"] == first["status"]["jobID"] == found["status"]["jobID"]
    assert found["status"]["phase"] == "Deleting"


async def test_deleting_a_cluster_that_is_being_created_fails_its_creation(cloud: Cloud) -> None:
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster("demo"), expect=201)
    creation = f"{cloud.project}/jobs/{made['status']['jobID']}"
    await cloud.until(creation, "status.phase", "Running")

    await cloud.call("DELETE", f"{cloud.project}/clusters/{made['metadata']['uid']}", expect=200)

    job = await cloud.until(creation, "status.phase", "Failed")
    assert job["status"]["reason"] == "The cluster is being deleted."


async def test_the_spec_of_a_cluster_in_progress_cannot_change_but_its_alias_can(
    cloud: Cloud,
) -> None:
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster("demo"), expect=201)
    path = f"{cloud.project}/clusters/{made['metadata']['uid']}"

    refused = await cloud.call("PUT", path, {"spec": {"description": "new"}}, expect=403)
    renamed = await cloud.call("PUT", path, {"metadata": {"alias": "renamed"}}, expect=200)

    assert refused["errorCode"] == "CCE.01403004"
    assert "Creating" in refused["message"]
    assert renamed["metadata"]["alias"] == "renamed"
    await cloud.call("DELETE", path, expect=200)
    await cloud.call("PUT", path, {"metadata": {"alias": "too-late"}}, expect=403)
