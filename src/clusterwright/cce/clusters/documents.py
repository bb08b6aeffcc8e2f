"""How a cluster reads (API reference, 4.4-4.6)."""

from typing import Any

from clusterwright import clock
from clusterwright.cce.clusters.extensions import Counts
from clusterwright.cce.clusters.store import Cluster, ClusterPhase
from clusterwright.cce.clusters.wire import DRIVER_ANNOTATION, MASTERS_ANNOTATION

_RUN_ONE = ("local",)
"""Drivers that run one master whatever the flavor (docs/decisions/0012)."""


def cluster(
    found: Cluster, *, detail: Counts | None = None, job_uid: str | None = None
) -> dict[str, Any]:
    """The cluster as clients read it. ``job_uid`` overrides the job that the phase would show."""
    annotations = {DRIVER_ANNOTATION: found.driver}
    if found.driver in _RUN_ONE and len(found.masters) > 1:
        annotations[MASTERS_ANNOTATION] = "1"
    in_progress = found.phase in (ClusterPhase.CREATING, ClusterPhase.DELETING)
    shown = job_uid or (found.job_uid if in_progress else "")
    status: dict[str, Any] = {"phase": found.phase}
    if shown:
        status["jobID"] = shown
        annotations["jobid"] = shown
    if found.reason:
        status |= {"reason": found.reason, "message": found.reason}
    if found.endpoint:
        status["endpoints"] = [{"url": found.endpoint, "type": "Internal"}]
        if found.public_endpoint:
            status["endpoints"].append({"url": found.public_endpoint, "type": "External"})
    if detail is not None:
        annotations |= detail.annotations()
    return {
        "kind": "Cluster",
        "apiVersion": "v3",
        "metadata": {
            "name": found.name,
            "alias": found.alias,
            "uid": found.uid,
            "timezone": found.timezone,
            "creationTimestamp": clock.timestamp(found.created_at),
            "updateTimestamp": clock.timestamp(found.updated_at),
            "annotations": annotations,
        },
        "spec": found.spec,
        "status": status,
    }
