"""The one door from rows to drivers: a cluster as drivers know it."""

from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.store import Cluster
from clusterwright.drivers import contract
from clusterwright.drivers.contract import Driver, DriverError
from clusterwright.jobs.context import StepContext


def blueprint(cluster: Cluster) -> contract.Cluster:
    """The cluster as drivers know it."""
    spec = cluster.spec
    network = spec["containerNetwork"]
    return contract.Cluster(
        uid=cluster.uid,
        project_id=cluster.project_id,
        name=cluster.name,
        version=cluster.version,
        masters=tuple(cluster.masters),
        service_cidr=spec["serviceNetwork"]["IPv4CIDR"],
        container_cidrs=tuple(entry["cidr"] for entry in network.get("cidrs", ())),
        vpc=spec["hostNetwork"]["vpc"],
        subnet=spec["hostNetwork"]["subnet"],
        custom_san=(*spec.get("customSan", ()), *([cluster.eip["address"]] if cluster.eip else ())),
        credentials=cluster.credentials,
    )


async def subject(ctx: StepContext) -> tuple[Driver, contract.Cluster]:
    """The driver and the blueprint of the job's cluster."""
    async with ctx.database.reading() as tx:
        cluster = await store.get(tx, ctx.job.cluster_uid, project_id=ctx.job.project_id)
    if cluster is None:
        raise DriverError(f"Cluster {ctx.job.cluster_uid} does not exist any more.")
    return ctx.driver(cluster.driver), blueprint(cluster)
