"""How the job of an image cache is submitted on a bench, resources and all."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.wire import ClusterToCreate
from clusterwright.cce.imagecaches import operations
from clusterwright.cce.imagecaches.wire import CacheToCreate
from tests.jobs.node_jobs import CALLER, parsed
from tests.kit import cluster_body

if TYPE_CHECKING:
    from tests.jobs.bench import Bench

PILOT = replace(CALLER, autopilot=True)


async def create(bench: "Bench") -> str:
    body = cluster_body(
        f"pilot-{len(bench.clusters) + 1}",
        flavor="cce.autopilot.cluster",
        containerNetwork={"mode": "eni"},
        eniNetwork={"subnets": [{"subnetID": "a-subnet"}]},
    )
    async with bench.database.transaction() as tx:
        made = await clusters.create(
            tx, PILOT, parsed(ClusterToCreate, body), driver="simulated", quota=50, trusting=True
        )
    bench.clusters.append(made.uid)
    await bench.run(made.job_uid)
    asked = {
        "name": f"images-{len(bench.clusters)}",  # the project's, not the cluster's
        "images": ["nginx"],
        "building_config": {"cluster": made.uid},
    }
    async with bench.database.transaction() as tx:
        return (await operations.create(tx, CALLER, parsed(CacheToCreate, asked))).job_uid


SUBMISSIONS: Mapping[str, Callable[["Bench"], Awaitable[str]]] = {"CreateImageCache": create}
"""How this job type is submitted."""
