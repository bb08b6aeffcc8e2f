"""The routes of the lifecycle: they translate and commit, and decide nothing."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import Depends, Path
from starlette.responses import Response

from clusterwright.cce.lifecycle import operations
from clusterwright.cce.lifecycle.wire import (
    ChangeOfTags,
    ClusterToResize,
    CredentialsToRotate,
    ResizeAnswer,
    RotationAnswer,
    TagsOfProject,
    TagsOfResource,
    TagsToRemove,
    TagsToSet,
)
from clusterwright.iam.auth import Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, json_response

router = Router(prefix="/api/v3/projects/{project_id}/clusters/{cluster_id}", tags=["Lifecycle"])
resources = Router(prefix="/cce/v1/{project_id}/{resource_type}", tags=["Lifecycle"])
"""Tags as the tag service asks for them."""

Clusters = Annotated[Literal["cce-cluster"], Path(alias="resource_type")]
"""The one type of resources that has tags."""


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


@resources.get(
    "/tags",
    operation_id="GetCustomizeTags",
    summary="List the tags of all clusters",
    **described(TagsOfProject),
)
async def list_tags(caller: Member, data: Data, _resource_type: Clusters) -> Response:
    """The keys of tags in the project, each with all its values."""
    async with data.reading() as tx:
        found = await operations.list_tags(tx, caller)
    return json_response({"tags": [{"key": k, "values": values} for k, values in found.items()]})


@resources.get(
    "/{resource_id}/tags",
    operation_id="GetResourceTags",
    summary="List the tags of a cluster",
    **described(TagsOfResource),
)
async def show_tags(
    caller: Member, data: Data, _resource_type: Clusters, resource_id: str
) -> Response:
    """The tags of one cluster, and those that the system gives it."""
    async with data.reading() as tx:
        own, given = await operations.show_tags(tx, caller, resource_id)
    return json_response({"tags": _listed(own), "sys_tags": _listed(given)})


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


@resources.post(
    "/{resource_id}/tags/action",
    operation_id="BatchCreateDeleteResourceTags",
    summary="Set or remove tags of a cluster",
    **described(None),
)
async def change_tags(
    caller: Member,
    data: Data,
    _resource_type: Clusters,
    resource_id: str,
    asked: Annotated[ChangeOfTags, Depends(Body(ChangeOfTags))],
) -> Response:
    """Set tags, or remove them by their keys. What the system gives stays as it is."""
    async with data.transaction() as tx:
        if asked.action == "create":
            await operations.set_tags(tx, caller, resource_id, asked.tags)
        else:
            keys = {tag.key for tag in asked.tags}
            await operations.remove_tags(tx, caller, resource_id, keys)
    return Response(media_type="application/json")
