"""How the jobs of add-ons are submitted on a bench, resources and all."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from clusterwright.cce.addons import operations
from clusterwright.cce.addons.templates import TEMPLATES
from clusterwright.cce.addons.wire import AddonToInstall, AddonToUpdate
from tests.jobs.node_jobs import CALLER, cluster, parsed

if TYPE_CHECKING:
    from clusterwright.cce.addons.store import Addon
    from tests.jobs.bench import Bench

NAME = "metrics-server"
NEWEST, OLDER = (each.version for each in TEMPLATES[NAME].versions)


async def installed(bench: "Bench", cluster_uid: str) -> None:
    """Install the older version in a cluster."""
    addon = await _install(bench, cluster_uid, OLDER)
    await bench.run(addon.job_uid)


async def _install(bench: "Bench", uid: str, version: str) -> "Addon":
    asked = {"clusterID": uid, "addonTemplateName": NAME, "version": version}
    async with bench.database.transaction() as tx:
        addon, _ = await operations.install(tx, CALLER, parsed(AddonToInstall, {"spec": asked}))
    return addon


async def _upgrade(bench: "Bench") -> "Addon":
    addon = await _install(bench, await cluster(bench), OLDER)
    await bench.run(addon.job_uid)
    asked = {"clusterID": addon.cluster_uid, "addonTemplateName": NAME, "version": NEWEST}
    async with bench.database.transaction() as tx:
        changed, _ = await operations.update(
            tx, CALLER, addon.uid, parsed(AddonToUpdate, {"spec": asked})
        )
    return changed


async def install(bench: "Bench") -> str:
    return (await _install(bench, await cluster(bench), NEWEST)).job_uid


async def upgrade(bench: "Bench") -> str:
    return (await _upgrade(bench)).job_uid


async def rollback(bench: "Bench") -> str:
    addon = await _upgrade(bench)
    await bench.run(addon.job_uid)
    async with bench.database.transaction() as tx:
        changed, _ = await operations.rollback(tx, CALLER, addon.uid, cluster_uid=addon.cluster_uid)
    return changed.job_uid


async def uninstall(bench: "Bench") -> str:
    addon = await _install(bench, await cluster(bench), NEWEST)
    await bench.run(addon.job_uid)
    async with bench.database.transaction() as tx:
        await operations.uninstall(tx, CALLER, addon.uid)
        return (await operations.show(tx, CALLER, addon.uid)).job_uid


SUBMISSIONS: Mapping[str, Callable[["Bench"], Awaitable[str]]] = {
    "InstallAddon": install,
    "UpgradeAddon": upgrade,
    "RollbackAddon": rollback,
    "UninstallAddon": uninstall,
}
"""How each job type of add-ons is submitted."""
