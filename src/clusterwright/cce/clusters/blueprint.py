"""The one door from rows to drivers: a cluster as drivers know it."""

from typing import Any

from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.offers import CONTROL_PLANE
from clusterwright.drivers import causes, contract
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
        flavor=spec["flavor"],
        options=_options(cluster),
    )


def _options(cluster: Cluster) -> dict[str, dict[str, str]]:
    """The options of components that this server offers, among whatever clients have sent."""
    sent = {
        (str(package.get("name")), one.get("name")): one.get("value")
        for package in objects(cluster.spec.get("configurationsOverride"))
        for one in objects(package.get("configurations"))
    }
    for component, values in cluster.configuration.items():
        sent |= {(component, name): value for name, value in values.items()}
    found: dict[str, dict[str, str]] = {}
    for component, options in CONTROL_PLANE.items():
        for option in options:
            if (component, option.name) in sent:
                value = str(sent[component, option.name])
                found.setdefault(component, {})[option.name] = value
    return found


def objects(sent: Any) -> list[dict[str, Any]]:
    """The objects of a list; nothing of what is none."""
    return [one for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []


async def subject(ctx: StepContext) -> tuple[Driver, contract.Cluster]:
    """The driver and the blueprint of the job's cluster."""
    async with ctx.database.reading() as tx:
        cluster = await store.get(tx, ctx.job.cluster_uid, project_id=ctx.job.project_id)
    if cluster is None:
        raise DriverError(f"Cluster {ctx.job.cluster_uid} does not exist any more.", causes.GONE)
    return ctx.driver(cluster.driver), blueprint(cluster)
