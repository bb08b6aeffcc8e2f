"""The routes of upkeep: they translate and commit, and decide nothing."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.nodes.wire import keepable
from clusterwright.cce.upkeep import operations
from clusterwright.cce.upkeep.wire import (
    CertificatesToRotate,
    HyperNode,
    InPlaceAnswer,
    InPlaceTask,
    LabelsDocument,
    NodesToPrepay,
    Order,
)
from clusterwright.iam.auth import Member
from clusterwright.web.openapi import Nothing, described
from clusterwright.web.routes import Body, Data, Router, Whole, json_response

router = Router(prefix="/api/v3/projects/{project_id}/clusters/{cluster_id}", tags=["Node"])


@router.post(
    "/nodes/rotate-cert",
    operation_id="RotateNodeCert",
    summary="Renew the certificates of nodes",
    **described(Nothing),
)
async def rotate_certificates(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[CertificatesToRotate, Depends(Body(CertificatesToRotate))],
) -> Response:
    """Promise that nodes work with the certificates that their cluster has now."""
    uids = [item.node_id for item in asked.node_list]
    async with data.transaction() as tx:
        await operations.rotate_certificates(tx, caller, cluster_id, uids)
    return json_response({})


@router.post(
    "/nodes/operation/in-place-migrateto/{target_cluster_id}",
    operation_id="InplaceMigrateNode",
    summary="Move nodes to another cluster as they are",
    **described(InPlaceAnswer),
)
async def migrate_in_place(
    caller: Member,
    data: Data,
    cluster_id: str,
    target_cluster_id: str,
    asked: Annotated[InPlaceTask, Depends(Body(InPlaceTask))],
) -> Response:
    """Promise to move nodes that keep their system; ``status.jobID`` tells which job does it."""
    async with data.transaction() as tx:
        job_uid = await operations.migrate_in_place(
            tx, caller, cluster_id, target_cluster_id, asked
        )
    return json_response(
        {
            "kind": asked.kind,
            "apiVersion": asked.api_version,
            "spec": keepable(asked.spec),
            "status": {"jobID": job_uid},
        }
    )


@router.post(
    "/nodes/toperiod",
    operation_id="BatchChangeNodeToPeriod",
    summary="Pay for nodes in advance",
    **described(Order),
)
async def prepay(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[NodesToPrepay, Depends(Body(NodesToPrepay))],
) -> Response:
    """There is no billing here: no node can be prepaid, and for no node there is no order."""
    async with data.reading() as tx:
        await operations.prepay(tx, caller, cluster_id, asked.node_list)
    return json_response({"orderId": ""})


@router.get(
    "/hypernodes",
    operation_id="ListHyperNodes",
    summary="List hyper nodes",
    **described(list[HyperNode]),
)
async def list_hyper_nodes(
    caller: Member,
    data: Data,
    cluster_id: str,
    _limit: Annotated[Whole, Query(alias="limit", ge=1, le=1000)] = 100,
    _offset: Annotated[Whole, Query(alias="offset", ge=0)] = 0,
) -> Response:
    """The groups of servers that are bought as one; no pool here is made of any."""
    async with data.reading() as tx:
        await clusters.show(tx, caller, cluster_id)
    return json_response([])


@router.get(
    "/labels",
    operation_id="GetLabels",
    summary="List the labels of nodes",
    **described(LabelsDocument),
)
async def list_labels(caller: Member, data: Data, cluster_id: str) -> Response:
    """The labels that nodes were given, by pool."""
    async with data.reading() as tx:
        found = await operations.labels(tx, caller, cluster_id)
    return json_response({"kind": "Labels", "apiVersion": "v3", "spec": found})
