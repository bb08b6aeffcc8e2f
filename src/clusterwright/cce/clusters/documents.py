"""How a cluster reads (API reference, 4.4-4.6)."""

from typing import Any

from clusterwright import clock
from clusterwright.cce.clusters.extensions import Counts
from clusterwright.cce.clusters.store import Cluster, ClusterPhase
from clusterwright.cce.clusters.wire import DRIVER_ANNOTATION, MASTERS_ANNOTATION

_TELLING_JOBS = (ClusterPhase.CREATING, ClusterPhase.DELETING, ClusterPhase.ERROR)
"""Phases that are a job's doing, which clients look up."""
_RUN_ONE = ("local",)
"""Drivers that run one master whatever the flavor (docs/decisions/0012)."""


def cluster(
    found: Cluster, *, detail: Counts | None = None, job_uid: str | None = None
) -> dict[str, Any]:
    """The cluster as clients read it. ``job_uid`` overrides the job that the phase would show."""
    annotations = {DRIVER_ANNOTATION: found.driver}
    if found.driver in _RUN_ONE and len(found.masters) > 1:
        annotations[MASTERS_ANNOTATION] = "1"
    shown = job_uid or (found.job_uid if found.phase in _TELLING_JOBS else "")
    status: dict[str, Any] = {"phase": found.phase}
    if shown:
        status["jobID"] = shown
        annotations["jobid"] = shown
    if found.reason:
        status |= {"reason": found.reason, "message": found.reason}
    if found.endpoint:
        status["endpoints"] = _endpoints(found.endpoint, found.public_endpoint)
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


def _endpoints(private: str, public: str) -> list[dict[str, str]]:
    """Where the API server answers, in the first element by the keys of OTC's clients too.

    These take what is there for the address that was asked for, so none is where none is bound.
    """
    first = {"url": private, "type": "Internal", "internal": private}
    if not public:
        return [first]
    return [
        first | {"external": public, "external_otc": public},
        {"url": public, "type": "External"},
    ]
