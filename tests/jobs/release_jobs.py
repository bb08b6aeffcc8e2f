"""How the jobs of releases are submitted on a bench, resources and all."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from clusterwright.cce.charts import operations as charts
from clusterwright.cce.charts.wire import UploadParameters
from clusterwright.cce.releases import operations
from clusterwright.cce.releases.operations import Found
from clusterwright.cce.releases.wire import ReleaseToCreate, ReleaseToUpdate
from tests import packages
from tests.jobs.node_jobs import CALLER, cluster, parsed

if TYPE_CHECKING:
    from tests.jobs.bench import Bench

NAMED = ("default", "web")


async def _upload(bench: "Bench", version: str) -> str:
    sent = charts.read(packages.chart("demo", version), UploadParameters(override=True))
    async with bench.database.transaction() as tx:
        return (await charts.upload(tx, CALLER, sent, quota=10)).uid


async def _install(bench: "Bench") -> Found:
    uid = await cluster(bench)
    namespace, name = NAMED
    asked = {
        "chart_id": await _upload(bench, "1.0.0"),
        "name": name,
        "namespace": namespace,
        "version": "1.0.0",
        "values": {"greeting": "hi"},
    }
    async with bench.database.transaction() as tx:
        return await operations.create(tx, CALLER, uid, parsed(ReleaseToCreate, asked))


async def _change(bench: "Bench", **asked: object) -> Found:
    async with bench.database.transaction() as tx:
        return await operations.update(
            tx, CALLER, bench.clusters[-1], *NAMED, parsed(ReleaseToUpdate, asked)
        )


async def _upgrade(bench: "Bench") -> Found:
    release, _, _ = await _install(bench)
    await bench.run(release.job_uid)
    return await _change(bench, action="upgrade", chart_id=await _upload(bench, "2.0.0"))


async def install(bench: "Bench") -> str:
    return (await _install(bench))[0].job_uid


async def upgrade(bench: "Bench") -> str:
    return (await _upgrade(bench))[0].job_uid


async def rollback(bench: "Bench") -> str:
    release, _, _ = await _upgrade(bench)
    await bench.run(release.job_uid)
    release, _, _ = await _change(bench, action="rollback", parameters={"release_version": 1})
    return release.job_uid


async def uninstall(bench: "Bench") -> str:
    release, _, found = await _install(bench)
    await bench.run(release.job_uid)
    async with bench.database.transaction() as tx:
        await operations.delete(tx, CALLER, found.uid, *NAMED)
        release, _, _ = await operations.show(tx, CALLER, found.uid, *NAMED)
    return release.job_uid


SUBMISSIONS: Mapping[str, Callable[["Bench"], Awaitable[str]]] = {
    "InstallRelease": install,
    "UpgradeRelease": upgrade,
    "RollbackRelease": rollback,
    "UninstallRelease": uninstall,
}
"""How each job type of releases is submitted."""
