"""What can be done with a whole cluster: one transaction each, refusals from the catalogue."""

from collections.abc import Collection, Mapping

from clusterwright import clock, errors
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.store import Cluster, ClusterPhase
from clusterwright.cce.clusters.wire import Tag
from clusterwright.cce.lifecycle.job_types import (
    AWAKE_CLUSTER,
    HIBERNATE_CLUSTER,
    RESIZE_CLUSTER,
    ROTATE_CREDENTIALS,
)
from clusterwright.cce.lifecycle.wire import INGRESS_CHECKER, ClusterToResize, CredentialsToRotate
from clusterwright.cce.offers import FLAVORS
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage import limits
from clusterwright.storage.database import Tx

ENTERPRISE_PROJECT = "_sys_enterprise_project_id"
"""The one tag that the system gives: which enterprise project a cluster is in; 0 is the default."""

_RUNNING = (ClusterPhase.AVAILABLE,)
_ASLEEP = (ClusterPhase.HIBERNATION, ClusterPhase.ERROR)
"""A cluster that failed to awake is in Error, and may be awoken again."""


async def hibernate(tx: Tx, caller: Caller, uid: str) -> str:
    """Promise that the cluster will sleep. Returns the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE.
    """
    cluster = await clusters.get_in_phase(tx, caller, uid, _RUNNING)
    return await clusters.begin(tx, cluster, HIBERNATE_CLUSTER, ClusterPhase.HIBERNATING)


async def awake(tx: Tx, caller: Caller, uid: str) -> str:
    """Promise that the cluster will be available again. Returns the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE.
    """
    cluster = await clusters.get_in_phase(tx, caller, uid, _ASLEEP)
    if not cluster.endpoint:
        raise ApiError(errors.WRONG_STATE, "The cluster was never Available. Delete it.")
    return await clusters.begin(tx, cluster, AWAKE_CLUSTER, ClusterPhase.AWAKING)


async def resize(tx: Tx, caller: Caller, uid: str, asked: ClusterToResize) -> str:
    """Promise a larger control plane. Returns the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for a flavor that is not a larger one
    of the same family.
    """
    skips = INGRESS_CHECKER in (asked.skipped_tasks or ())
    may_start = (*_RUNNING, ClusterPhase.UNAVAILABLE) if skips else _RUNNING
    cluster = await clusters.get_in_phase(tx, caller, uid, may_start)
    larger = larger_flavors(cluster.spec["flavor"])
    if asked.flavor_resize not in larger:
        choice = f"Choose one of {', '.join(larger)}" if larger else "There is no larger one"
        raise ApiError(
            errors.INVALID_REQUEST,
            f"flavorResize: {cluster.spec['flavor']} grows within its family. {choice}.",
        )
    arguments = {"flavor": asked.flavor_resize}
    return await clusters.begin(tx, cluster, RESIZE_CLUSTER, ClusterPhase.RESIZING, arguments)


def larger_flavors(flavor: str) -> list[str]:
    """The flavors that a cluster of this one may grow to: more nodes, as many masters."""
    family = flavor.rpartition(".")[0]
    return [
        name
        for name, size in FLAVORS.items()
        if name.startswith(f"{family}.") and size.nodes > FLAVORS[flavor].nodes
    ]


async def rotate(tx: Tx, caller: Caller, uid: str, asked: CredentialsToRotate) -> str:
    """Promise new credentials of one kind. Returns the job's uid.

    The kinds are the cluster's certificates, the keys of its service accounts, and those of its
    authenticating proxy.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for a proxy that the cluster has not,
    or whose new certificates are missing.
    """
    proxy = asked.cert_content
    if asked.component == "custom" and not (proxy and proxy.is_complete):
        raise ApiError(
            errors.INVALID_REQUEST, "certContent: The component custom needs ca, cert, privateKey."
        )
    cluster = await clusters.get_in_phase(tx, caller, uid, _RUNNING)
    mode = cluster.spec["authentication"]["mode"]
    if asked.component == "custom" and mode != "authenticating_proxy":
        raise ApiError(
            errors.INVALID_REQUEST,
            f"component: The cluster's authentication is {mode}, so it has no proxy of yours.",
        )
    # Of the cluster's own certificates the next generation is made; the others are not of them.
    generation = cluster.credentials + (asked.component == "all")
    return await clusters.submit(tx, cluster, ROTATE_CREDENTIALS, {"credentials": str(generation)})


async def set_tags(tx: Tx, caller: Caller, uid: str, tags: Collection[Tag]) -> None:
    """Add tags; a tag whose key exists gets the new value.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST when there would be too many.
    """
    cluster = await clusters.get_alive(tx, caller, uid)
    merged = _tags(cluster) | {tag.key: tag.value for tag in tags}
    if len(merged) > limits.MOST_TAGS:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"tags: A cluster has at most {limits.MOST_TAGS}. Remove some first.",
        )
    await _keep_tags(tx, cluster, merged)


async def remove_tags(tx: Tx, caller: Caller, uid: str, keys: Collection[str]) -> None:
    """Remove the tags with these keys; unknown keys are removed already.

    Raises ApiError: NOT_FOUND, WRONG_STATE.
    """
    cluster = await clusters.get_alive(tx, caller, uid)
    kept = {key: value for key, value in _tags(cluster).items() if key not in keys}
    await _keep_tags(tx, cluster, kept)


async def list_tags(tx: Tx, caller: Caller) -> dict[str, list[str]]:
    """The tags of the project's clusters: each key once, with all its values."""
    found: dict[str, dict[str, None]] = {}
    for cluster in await store.find(tx, project_id=caller.project_id):
        if cluster.autopilot is caller.autopilot:
            for key, value in _tags(cluster).items():
                found.setdefault(key, {})[value] = None
    return {key: sorted(values) for key, values in sorted(found.items())}


async def show_tags(tx: Tx, caller: Caller, uid: str) -> tuple[dict[str, str], dict[str, str]]:
    """A cluster's tags, and those that the system gives it. Raises ApiError NOT_FOUND."""
    cluster = await clusters.show(tx, caller, uid)
    project = cluster.spec.get("extendParam", {}).get("enterpriseProjectId", "")
    return _tags(cluster), {ENTERPRISE_PROJECT: project or "0"}


def _tags(cluster: Cluster) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in cluster.spec.get("clusterTags", ())}


async def _keep_tags(tx: Tx, cluster: Cluster, tags: Mapping[str, str]) -> None:
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    spec = cluster.spec | {"clusterTags": listed}
    await store.update(tx, cluster.uid, spec=spec, updated_at=clock.now())
