"""Nodes tell whether what their pool says of components is in force on them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.cloud import Cloud, cluster, open_cloud
from tests.api.nodes_examples import add_nodes, add_pool, job, members

FAULTS = "- {step: ConfigureNodes, cluster: refuses, reason: No., times: 1}"


@pytest.fixture
async def cloud(tmp_path: Path, database_url: str) -> AsyncIterator[Cloud]:
    """A server where nodes of a cluster named refuses are not configured the first time."""
    faults = tmp_path / "faults.yaml"
    faults.write_text(FAULTS)
    async with open_cloud(tmp_path, database=database_url, faults=faults) as cloud:
        yield cloud


async def test_a_node_is_up_to_date_when_its_components_run_with_the_options_of_its_pool(
    cloud: Cloud,
) -> None:
    pool = await add_pool(cloud, await a_cluster(cloud, "refuses"), size=2)
    at_first = await in_force(cloud, pool)

    await configure(cloud, pool, 7, ends="Failed")
    while_it_is_not = await in_force(cloud, pool)
    await configure(cloud, pool, 7)
    when_it_is = await in_force(cloud, pool)
    await configure(cloud, pool, 5)
    after_another = await in_force(cloud, pool)

    assert at_first == ([True, True], 2)
    assert while_it_is_not == ([False, False], 0)
    assert when_it_is == after_another == ([True, True], 2)


async def test_a_node_that_joins_a_pool_of_other_options_is_not_up_to_date_until_it_has_them(
    cloud: Cloud,
) -> None:
    where = await a_cluster(cloud, "moves")
    pool = await add_pool(cloud, where, size=1)
    await configure(cloud, pool, 7)
    added = await add_nodes(cloud, where)
    [node] = [each for each in added if "ownerReferences" not in each["metadata"]]
    moved = {"nodeList": [{"nodeID": node["metadata"]["uid"]}]}
    await cloud.call("PUT", f"{pool}/nodes/migrate", moved, expect=200)
    joined = await in_force(cloud, pool)

    answer = await cloud.call("POST", f"{pool}/operation/upgrade", {"spec": {}}, expect=200)
    await job(cloud, answer["jobid"])

    assert joined == ([True, False], 1)
    assert await in_force(cloud, pool) == ([True, True], 2)


async def test_options_reach_nodes_while_their_cluster_hibernates(cloud: Cloud) -> None:
    where = await a_cluster(cloud, "sleeps")
    pool = await add_pool(cloud, where, size=1)
    await cloud.call("POST", f"{where}/operation/hibernate", expect=200)
    await cloud.until(where, "status.phase", "Hibernation")

    await configure(cloud, pool, 7)

    assert await in_force(cloud, pool) == ([True], 1)


async def a_cluster(cloud: Cloud, name: str) -> str:
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster(name), expect=201)
    path = f"{cloud.project}/clusters/{made['metadata']['uid']}"
    await cloud.until(path, "status.phase", "Available")
    return path


async def configure(cloud: Cloud, pool: str, rate: int, *, ends: str = "Success") -> None:
    """Set an option of the pool's kubelets, and wait for the job that passes it on."""
    items = [{"name": "event-qps", "value": rate}]
    packages = [{"name": "kubelet", "configurations": items}]
    body = {"kind": "Configuration", "apiVersion": "v3", "spec": {"packages": packages}}
    before = await passing_on(cloud)
    await cloud.call("PUT", f"{pool}/configuration", body, expect=200)
    [new] = await passing_on(cloud) - before
    await cloud.until(f"{cloud.project}/jobs/{new}", "status.phase", ends)


async def passing_on(cloud: Cloud) -> set[str]:
    """The jobs that pass options of pools on."""
    jobs = await cloud.call("GET", f"{cloud.project.replace('/v3/', '/v2/')}/jobs", expect=200)
    return {one["metadata"]["uid"] for one in jobs if one["spec"]["type"] == "ConfigureNodePool"}


async def in_force(cloud: Cloud, pool: str) -> tuple[list[bool], int]:
    """Of each node of a pool whether it is up to date, and how many are."""
    nodes = [each["status"]["configurationUpToDate"] for each in await members(cloud, pool)]
    shown = await cloud.call("GET", pool, expect=200)
    return nodes, shown["status"]["configurationSyncedNodeCount"]
