"""How the jobs of whole clusters are submitted on a bench, resources and all."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from clusterwright.cce.lifecycle import operations
from clusterwright.cce.lifecycle.wire import ClusterToResize, CredentialsToRotate
from clusterwright.cce.nodepools import configurations
from clusterwright.cce.nodepools.wire import Configuration
from clusterwright.cce.offers import VERSIONS
from clusterwright.cce.upgrades import operations as upgrades
from clusterwright.cce.upgrades.wire import ClusterToUpgrade
from clusterwright.jobs import store as jobs
from tests.jobs import addon_jobs
from tests.jobs.node_jobs import CALLER, cluster, parsed, pool

if TYPE_CHECKING:
    from tests.jobs.bench import Bench


async def hibernate(bench: "Bench") -> str:
    uid = await cluster(bench)
    async with bench.database.transaction() as tx:
        return await operations.hibernate(tx, CALLER, uid)


async def awake(bench: "Bench") -> str:
    await bench.run(await hibernate(bench))
    async with bench.database.transaction() as tx:
        return await operations.awake(tx, CALLER, bench.clusters[-1])


async def resize(bench: "Bench") -> str:
    uid = await cluster(bench)
    asked = parsed(ClusterToResize, {"flavorResize": "cce.s2.large"})
    async with bench.database.transaction() as tx:
        return await operations.resize(tx, CALLER, uid, asked)


async def rotate(bench: "Bench") -> str:
    uid = await cluster(bench)
    asked = parsed(CredentialsToRotate, {"component": "all"})
    async with bench.database.transaction() as tx:
        return await operations.rotate(tx, CALLER, uid, asked)


async def configure(bench: "Bench") -> str:
    return await _configured(bench, await cluster(bench), "master", "kube-scheduler")


async def configure_pool(bench: "Bench") -> str:
    return await _configured(bench, *await pool(bench), "kubelet")


async def _configured(bench: "Bench", uid: str, pool_uid: str, component: str) -> str:
    item = {"name": "kube-api-qps", "value": 50}
    packages = [{"name": component, "configurations": [item]}]
    body = {"kind": "Configuration", "apiVersion": "v3", "spec": {"packages": packages}}
    async with bench.database.transaction() as tx:
        await configurations.update(tx, CALLER, uid, pool_uid, parsed(Configuration, body))
        newest = jobs.newest(tx, project_id=CALLER.project_id, limit=1)
        [document] = [json.loads(each) async for each in newest]
    job_uid = document["metadata"]["uid"]
    assert isinstance(job_uid, str)
    return job_uid


async def upgrade(bench: "Bench") -> str:
    uid = await cluster(bench)
    step = {"userDefinedStep": 20}
    strategy = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": step}
    await addon_jobs.installed(bench, uid)
    addon = {"addonTemplateName": addon_jobs.NAME, "version": addon_jobs.NEWEST}
    action = {"targetVersion": "v1.34", "strategy": strategy, "addons": [addon]}
    asked = parsed(
        ClusterToUpgrade,
        {
            "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
            "spec": {"clusterUpgradeAction": action},
        },
    )
    async with bench.database.transaction() as tx:
        task = await upgrades.upgrade(tx, CALLER, uid, asked, runnable=VERSIONS)
        return task.job_uid


SUBMISSIONS: Mapping[str, Callable[["Bench"], Awaitable[str]]] = {
    "HibernateCluster": hibernate,
    "AwakeCluster": awake,
    "ResizeCluster": resize,
    "RotateCredentials": rotate,
    "ConfigureCluster": configure,
    "ConfigureNodePool": configure_pool,
    "UpgradeCluster": upgrade,
}
"""How each of these job types is submitted."""
