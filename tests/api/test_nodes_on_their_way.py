"""Nodes while they are on their way: what clients see that ask at the right moment."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, open_cloud, unique
from tests.api.cloud import cluster as cluster_body
from tests.api.nodes_examples import node

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite, slow enough to watch."""
    async with open_cloud(tmp_path_factory.mktemp("cloud"), pace=4) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(cloud: Cloud) -> str:
    """The URL of an available cluster that no other test knows."""
    return f"{cloud.project}/clusters/{await cloud.cluster()}"


async def test_a_node_is_found_by_the_way_of_the_telekom_provider(
    cloud: Cloud, cluster: str
) -> None:

    made = await cloud.call("POST", f"{cluster}/nodes", node(), expect=201)
    jobs = f"{cloud.project}/jobs"
    top = await cloud.call("GET", f"{jobs}/{made['status']['jobID']}", expect=200)
    sub_job = top["spec"]["subJobs"][0]
    running = await cloud.until(f"{jobs}/{sub_job['metadata']['uid']}", "status.phase", "Running")
    steps = {step["spec"]["type"]: step["spec"] for step in running["spec"]["subJobs"]}
    url = f"{cluster}/nodes/{steps['CreateNodeVM']['resourceID']}"
    early = await cloud.call("GET", url, expect=200)
    await cloud.until(url, "status.phase", "Active")
    await cloud.call("DELETE", url, expect=200)
    late = await cloud.call("GET", url, expect=200)
    await cloud.until_gone(url)

    assert sub_job["spec"]["type"] == "CreateNode"
    assert sub_job["status"]["phase"] in ("Initializing", "Running")
    assert early["status"]["phase"] in ("Build", "Installing")
    assert early["status"]["jobID"] == made["status"]["jobID"]
    assert late["status"]["phase"] == "Deleting"


async def test_while_a_node_is_made_neither_it_nor_its_cluster_can_be_deleted(
    cloud: Cloud, cluster: str
) -> None:

    made = await cloud.call("POST", f"{cluster}/nodes", node(), expect=201)
    url = f"{cluster}/nodes/{made['metadata']['uid']}"
    shown = await cloud.call("GET", cluster, expect=200)
    refused = await cloud.call("DELETE", url, expect=403)
    forbidden = await cloud.call("DELETE", cluster, expect=400)
    await cloud.until(url, "status.phase", "Active")
    await cloud.until(cluster, "status.phase", "Available")
    answer = await cloud.call("DELETE", url, expect=200)
    again = await cloud.call("DELETE", url, expect=200)
    shrinking = await cloud.call("GET", cluster, expect=200)

    assert shown["status"]["phase"] == "ScalingUp"
    assert refused["error_code"] == "CCE_CM.0002"
    assert forbidden["errorCode"] == "CCE.01400024"
    assert shrinking["status"]["phase"] == "ScalingDown"
    assert answer["status"]["jobID"] == again["status"]["jobID"]


async def test_a_cluster_to_which_nodes_migrate_cannot_be_deleted_before_they_are_there(
    cloud: Cloud, cluster: str
) -> None:
    made = await cloud.call("POST", f"{cluster}/nodes", node(), expect=201)
    uid = made["metadata"]["uid"]
    await cloud.until(f"{cluster}/nodes/{uid}", "status.phase", "Active")
    await cloud.until(cluster, "status.phase", "Available")
    target = f"{cloud.project}/clusters/{await cloud.cluster()}"
    body = {"spec": {"os": "EulerOS 2.9", "login": {"sshKey": "kp"}, "nodes": [{"uid": uid}]}}

    path = f"{cluster}/nodes/operation/migrateto/{target.rpartition('/')[2]}"
    await cloud.call("PUT", path, body, expect=200)
    await cloud.until(target, "status.phase", "ScalingUp")
    refused = await cloud.call("DELETE", target, expect=400)
    await cloud.until(f"{target}/nodes/{uid}", "status.phase", "Active")

    assert refused["errorCode"] == "CCE.01400024"
    await cloud.until(target, "status.phase", "Available")
    await cloud.until(cluster, "status.phase", "Available")


async def test_a_cluster_that_is_not_ready_takes_no_nodes(cloud: Cloud) -> None:
    made = await cloud.call(
        "POST", f"{cloud.project}/clusters", cluster_body(unique("new")), expect=201
    )
    url = f"{cloud.project}/clusters/{made['metadata']['uid']}"

    refusal = await cloud.call("POST", f"{url}/nodes", node(), expect=403)

    assert "Creating" in refusal["message"]
