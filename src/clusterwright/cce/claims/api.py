"""The routes of claims: they translate and commit, and decide nothing.

Their paths name no cluster; a header does, or the host ``{cluster_id}.{host}``.
"""

import re
from typing import Annotated, Literal

from fastapi import Depends, Header, Query, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.cce.claims import documents, operations
from clusterwright.cce.claims.wire import ClaimDocument, ClaimToCreate, StorageType
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Anyone
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, json_response

router = Router(
    prefix="/api/v1/namespaces/{namespace}/cloudpersistentvolumeclaims", tags=["Volume claim"]
)

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def named_cluster(
    request: Request,
    header: Annotated[str, Header(alias="X-Cluster-ID", max_length=64)] = "",
) -> str:
    """The id of the cluster that a request is about. Raises ApiError INVALID_REQUEST."""
    first = request.headers.get("host", "").partition(".")[0]
    if uid := header or (first if _UID.fullmatch(first) else ""):
        return uid
    raise ApiError(errors.INVALID_REQUEST, "header.X-Cluster-ID: Send the id of the cluster.")


NamedCluster = Annotated[str, Depends(named_cluster)]


@router.post(
    "",
    operation_id="CreateCloudPersistentVolumeClaims",
    summary="Claim a volume of the cloud",
    **described(ClaimDocument, status=201),
)
async def create_claim(
    caller: Anyone,
    data: Data,
    cluster_id: NamedCluster,
    namespace: str,
    asked: Annotated[ClaimToCreate, Depends(Body(ClaimToCreate))],
) -> Response:
    """Keep a claim of a volume that exists."""
    async with data.transaction() as tx:
        claim = await operations.create(tx, caller, cluster_id, namespace, asked)
    return json_response(documents.claim(claim), 201)


@router.delete(
    "/{name}",
    operation_id="DeleteCloudPersistentVolumeClaims",
    summary="Give a volume of the cloud back",
    **described(ClaimDocument),
)
async def delete_claim(
    caller: Anyone,
    data: Data,
    cluster_id: NamedCluster,
    namespace: str,
    name: str,
    delete_volume: Annotated[Literal["true", "false"] | None, Query(alias="deleteVolume")] = None,
    storage_type: Annotated[StorageType | None, Query(alias="storageType")] = None,
) -> Response:
    """Forget a claim. The volume is another service's: it stays, whatever is asked."""
    if (delete_volume is None) is not (storage_type is None):
        raise ApiError(
            errors.INVALID_REQUEST, "query.storageType: Send deleteVolume and this, or neither."
        )
    async with data.transaction() as tx:
        claim = await operations.delete(tx, caller, cluster_id, namespace, name)
    return json_response(documents.claim(claim))
