"""The routes of ``…/clusters``: they translate and commit, and decide nothing."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.cce.clusters import documents, operations, store
from clusterwright.cce.clusters.extensions import Counts, Extensions
from clusterwright.cce.clusters.operations import DELETE_CHOICES, AlreadyDeleting
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.cce.clusters.wire import (
    DRIVER_ANNOTATION,
    ClusterDocument,
    ClusterList,
    ClusterToCreate,
    ClusterToUpdate,
)
from clusterwright.cce.offers import VERSIONS
from clusterwright.drivers.contract import Drivers
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, array, json_response
from clusterwright.web.server import given

router = Router(prefix="/api/v3/projects/{project_id}/clusters", tags=["Cluster"])
AllDrivers = Annotated[Drivers, Depends(given(Drivers))]
Extended = Annotated[Extensions, Depends(given(Extensions))]

_STORAGE_OPTIONS = ("evs", "obs", "sfs", "sfs30", "efs", "eni", "net")
_LOG_STREAMS = ("Delete_Log_Group", "Delete_Master_Log_Stream", "Retain")
"""What becomes of log streams, in the words of Terraform and of clusters without nodes."""
_POLICIES = {
    "ondemand_node_policy": ("delete", "reset", "retain"),
    "periodic_node_policy": ("reset", "retain"),
    "lts_reclaim_policy": (*DELETE_CHOICES, *_LOG_STREAMS),
    "tobedeleted": ("true", "false"),
}
DELETE_OPTIONS: dict[str, tuple[str, ...]] = {
    f"delete_{kind}": DELETE_CHOICES for kind in _STORAGE_OPTIONS
} | _POLICIES
"""The query parameters of a deletion and their values (API reference, 4.7)."""


async def runnable(drivers: Drivers, name: str) -> Sequence[str]:
    """The versions that a driver can run now. Raises ApiError for a driver that there is not."""
    if name not in drivers.names:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"metadata.annotations.{DRIVER_ANNOTATION}: must be one of {', '.join(drivers.names)}.",
        )
    return await drivers.get(name).versions(VERSIONS)


@router.post(
    "",
    operation_id="CreateCluster",
    summary="Create a cluster",
    **described(ClusterDocument, status=201),
)
async def create_cluster(
    caller: Member,
    data: Data,
    drivers: AllDrivers,
    setup: Setup,
    asked: Annotated[ClusterToCreate, Depends(Body(ClusterToCreate))],
    extended: Extended,
) -> Response:
    """Promise a new cluster; ``status.jobID`` tells which job makes it."""
    annotations = asked.metadata.annotations or {}
    driver = annotations.get(DRIVER_ANNOTATION, setup.driver)
    versions = await runnable(drivers, driver)
    async with data.transaction() as tx:
        cluster = await operations.create(
            tx,
            caller,
            asked,
            driver=driver,
            versions=versions,
            quota=setup.cluster_quota,
            trusting=setup.trust_networks,
        )
        if cluster.eip:
            field = "spec.extendParam.clusterExternalIP"
            await operations.check_address(
                tx, cluster, cluster.eip["id"], extended.address_holder, field
            )
        await extended.on_create(tx, cluster, annotations)
    return json_response(documents.cluster(cluster), 201)


@router.get("", operation_id="ListClusters", summary="List clusters", **described(ClusterList))
async def list_clusters(
    caller: Member,
    data: Data,
    extended: Extended,
    detail: bool = False,
    status: ClusterPhase | None = None,
    type: Annotated[Literal["VirtualMachine", "ARM64"] | None, Query()] = None,
    version: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """The clusters of the project, in the order of their creation."""
    async with data.reading() as tx:
        found = await store.listed(
            tx,
            project_id=caller.project_id,
            autopilot=caller.autopilot,
            phase=status or "",
            type=type or "",
            version=version,
        )
        uids = [cluster.uid for cluster in found] if detail else []
        counts = await extended.census(tx, uids, project_id=caller.project_id)
    items = (
        documents.cluster(cluster, detail=counts.get(cluster.uid, Counts()) if detail else None)
        for cluster in found
    )
    return json_response({"kind": "Cluster", "apiVersion": "v3", "items": await array(items)})


@router.get(
    "/{cluster_id}",
    operation_id="ShowCluster",
    summary="Show a cluster",
    **described(ClusterDocument),
)
async def show_cluster(
    caller: Member,
    data: Data,
    extended: Extended,
    cluster_id: str,
    detail: bool = False,
) -> Response:
    """One cluster, with counts in its annotations where ``detail`` is asked for."""
    async with data.reading() as tx:
        cluster = await operations.show(tx, caller, cluster_id)
        uids = [cluster_id] if detail else []
        counts = await extended.census(tx, uids, project_id=caller.project_id)
    return json_response(
        documents.cluster(cluster, detail=counts.get(cluster_id, Counts()) if detail else None)
    )


@router.put(
    "/{cluster_id}",
    operation_id="UpdateCluster",
    summary="Update a cluster",
    **described(ClusterDocument),
)
async def update_cluster(
    caller: Member,
    data: Data,
    setup: Setup,
    cluster_id: str,
    asked: Annotated[ClusterToUpdate, Depends(Body(ClusterToUpdate))],
) -> Response:
    """Change the alias and the few fields of the spec that may change."""
    async with data.transaction() as tx:
        cluster = await operations.update(
            tx,
            caller,
            cluster_id,
            asked,
            trusting=setup.trust_networks,
        )
    return json_response(documents.cluster(cluster))


async def delete_options(request: Request) -> dict[str, str]:
    """The deletion's options as sent. Raises ApiError for a value that is not documented."""
    sent = {key: value for key, value in request.query_params.items() if key in DELETE_OPTIONS}
    for key, value in sent.items():
        if value.lower() not in map(str.lower, DELETE_OPTIONS[key]):
            allowed = ", ".join(DELETE_OPTIONS[key])
            raise ApiError(errors.INVALID_REQUEST, f"query.{key}: must be one of {allowed}.")
    return {key: value.lower() for key, value in sent.items()}


_DELETE_PARAMETERS: list[dict[str, Any]] = [
    {"name": key, "in": "query", "schema": {"type": "string", "enum": list(values)}}
    for key, values in DELETE_OPTIONS.items()
]


@router.delete(
    "/{cluster_id}",
    operation_id="DeleteCluster",
    summary="Delete a cluster",
    **described(ClusterDocument) | {"openapi_extra": {"parameters": _DELETE_PARAMETERS}},
)
async def delete_cluster(
    caller: Member,
    data: Data,
    cluster_id: str,
    options: Annotated[dict[str, str], Depends(delete_options)],
    extended: Extended,
) -> Response:
    """Promise the cluster's end; ``status.jobID`` tells which job brings it about."""
    try:
        async with data.transaction() as tx:
            cluster, job_uid = await operations.delete(tx, caller, cluster_id, options=options)
            await extended.on_delete(tx, cluster, options)
    except AlreadyDeleting as known:
        cluster, job_uid = known.cluster, known.cluster.job_uid
    return json_response(documents.cluster(cluster, job_uid=job_uid))
