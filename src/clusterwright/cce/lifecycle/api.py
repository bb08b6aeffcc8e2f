"""The routes of the lifecycle: they translate and commit, and decide nothing."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from clusterwright.cce.lifecycle import operations
from clusterwright.cce.lifecycle.wire import (
    ClusterToResize,
    CredentialsToRotate,
    ResizeAnswer,
    RotationAnswer,
    TagsToRemove,
    TagsToSet,
)
from clusterwright.iam.auth import Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, json_response

router = Router(prefix="/api/v3/projects/{project_id}/clusters/{cluster_id}", tags=["Lifecycle"])


@router.post(
    "/operation/hibernate",
    operation_id="HibernateCluster",
    summary="Hibernate a cluster",
    **described(None),
)
async def hibernate_cluster(caller: Member, data: Data, cluster_id: str) -> Response:
    """Promise that the cluster will sleep; its phase tells when it does."""
    async with data.transaction() as tx:
        await operations.hibernate(tx, caller, cluster_id)
    return Response()


@router.post(
    "/operation/awake",
    operation_id="AwakeCluster",
    summary="Awake a cluster",
    **described(None),
)
async def awake_cluster(caller: Member, data: Data, cluster_id: str) -> Response:
    """Promise that the cluster will be available; its phase tells when it is."""
    async with data.transaction() as tx:
        await operations.awake(tx, caller, cluster_id)
    return Response()


@router.post(
    "/operation/resize",
    operation_id="ResizeCluster",
    summary="Resize a cluster",
    **described(ResizeAnswer, status=201),
)
async def resize_cluster(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[ClusterToResize, Depends(Body(ClusterToResize))],
) -> Response:
    """Promise a larger control plane."""
    async with data.transaction() as tx:
        job_uid = await operations.resize(tx, caller, cluster_id, asked)
    return json_response({"jobID": job_uid}, 201)


@router.post(
    "/rotatecredentials",
    operation_id="RotateClusterCredentials",
    summary="Rotate the credentials of a cluster",
    **described(RotationAnswer),
)
async def rotate_credentials(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[CredentialsToRotate, Depends(Body(CredentialsToRotate))],
) -> Response:
    """Promise new certificates."""
    async with data.transaction() as tx:
        job_uid = await operations.rotate(tx, caller, cluster_id, asked)
    return json_response({"jobid": job_uid})


@router.post(
    "/tags/create",
    operation_id="BatchCreateClusterTags",
    summary="Set tags of a cluster",
    **described(None, status=204),
)
async def create_tags(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[TagsToSet, Depends(Body(TagsToSet))],
) -> Response:
    """Add tags, or give those that exist new values."""
    async with data.transaction() as tx:
        await operations.set_tags(tx, caller, cluster_id, asked.tags)
    return Response(status_code=204)


@router.post(
    "/tags/delete",
    operation_id="BatchDeleteClusterTags",
    summary="Remove tags of a cluster",
    **described(None, status=204),
)
async def delete_tags(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[TagsToRemove, Depends(Body(TagsToRemove))],
) -> Response:
    """Remove tags by their keys."""
    async with data.transaction() as tx:
        await operations.remove_tags(tx, caller, cluster_id, {tag.key for tag in asked.tags})
    return Response(status_code=204)
