"""How releases read: the JSON objects of answers, in snake case (API reference, 12.2)."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.releases.store import Release, ReleaseStatus, Revision

Json = dict[str, Any]

_UNDER_WAY = {
    ReleaseStatus.PENDING_INSTALL: "Initial install underway",
    ReleaseStatus.PENDING_UPGRADE: "Preparing upgrade",
    ReleaseStatus.PENDING_ROLLBACK: "Preparing rollback",
    ReleaseStatus.DEPLOYED: "Release is deployed",
    ReleaseStatus.SUPERSEDED: "Another revision is deployed",
    ReleaseStatus.DELETING: "Deletion in progress",
}
"""What a status says of itself, where no job has said more."""


def release(
    found: Release, revision: Revision, cluster: Cluster, *, with_resources: bool = False
) -> Json:
    """A release as it is, or was, at one revision."""
    return {
        "chart_name": revision.chart_name,
        "chart_public": False,
        "chart_version": revision.chart_version,
        "cluster_id": found.cluster_uid,
        "cluster_name": cluster.name,
        "create_at": _moment(found.created_at),
        "description": revision.description,
        "name": found.name,
        "namespace": found.namespace,
        "parameters": _text(revision.parameters) if revision.parameters else "",
        "resources": revision.manifests if with_resources else "",
        "status": str(revision.status),
        "status_description": revision.reason or _UNDER_WAY.get(revision.status, ""),
        "update_at": _moment(revision.updated_at),
        "values": _text(revision.values),
        "version": revision.revision,
    }


def _text(value: Json) -> str:
    return msgspec.json.encode(value).decode()


def _moment(nanoseconds: int) -> str:
    """A time with its offset, which here is always that of UTC."""
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC).isoformat()
