"""How upgrades and what goes with them are asked for, and how they are made to fail."""

from typing import Any

from clusterwright.cce.addons.templates import TEMPLATES
from clusterwright.drivers import faults
from clusterwright.drivers.faults import FaultRequest, Kind
from clusterwright.storage.database import Database
from tests.api.cloud import Cloud

COREDNS = TEMPLATES["coredns"].versions[0].version


class Trouble:
    """Faults of steps of any cluster."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def arm(self, step: str, kind: Kind, times: int = 1_000_000) -> None:
        async with self._database.transaction() as tx:
            asked = FaultRequest(step=step, reason="Out of order.", kind=kind, times=times)
            await faults.add(tx, asked)

    async def clear(self) -> None:
        async with self._database.transaction() as tx:
            await faults.clear(tx)


def asked(target: str = "v1.32", **strategy: Any) -> dict[str, Any]:
    how = {"type": "inPlaceRollingUpdate", "inPlaceRollingUpdate": {"userDefinedStep": 20}}
    return {
        "metadata": {"apiVersion": "v3", "kind": "UpgradeTask"},
        "spec": {
            "clusterUpgradeAction": {
                "targetVersion": target,
                "strategy": how | strategy,
                "addons": [{"addonTemplateName": "coredns", "version": COREDNS}],
            }
        },
    }


async def upgrade(cloud: Cloud, path: str, target: str = "v1.32") -> str:
    """A promised upgrade. Returns the path of its task."""
    made = await cloud.call("POST", f"{path}/operation/upgrade", asked(target), expect=200)
    return f"{path}/operation/upgrade/tasks/{made['metadata']['uid']}"


def hop(kind: str, target: str = "v1.32", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v3", "kind": kind, "spec": {"targetVersion": target} | spec}


def workflow(path: str, **spec: Any) -> dict[str, Any]:
    return hop("WorkFlowTask", clusterID=path.rpartition("/")[2], **spec)
