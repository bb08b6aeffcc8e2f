"""The routes of ``…/clusters/{id}/nodes``: they translate and commit, and decide nothing."""

from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Query, Request
from starlette.responses import Response

from clusterwright.cce import offers
from clusterwright.cce.nodes import batches, operations
from clusterwright.cce.nodes.batch_wire import (
    MigrateNodesTask,
    NodesToReset,
    NodeUids,
    RemoveNodesTask,
    ServersToAdd,
)
from clusterwright.cce.nodes.documents import render
from clusterwright.cce.nodes.spec import check_offered
from clusterwright.cce.nodes.wire import (
    JobReference,
    NodeDocument,
    NodeList,
    NodesTask,
    NodeToCreate,
    NodeToUpdate,
    keepable,
)
from clusterwright.document import Document
from clusterwright.iam.auth import Member
from clusterwright.storage import limits
from clusterwright.turns import unhurried
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, Whole, json_response, settings

router = Router(prefix="/api/v3/projects/{project_id}/clusters/{cluster_id}", tags=["Node"])
older = Router(prefix="/api/v2/projects/{project_id}/clusters/{cluster_id}", tags=["Node"])
"""The one route of nodes under another version."""

MOST_LISTED = 2000
_BATCH = 200
"""Nodes that are read at a time, so that few are read in vain when a page ends early."""


async def zone(request: Request) -> str:
    """The availability zone of nodes that do not ask for one."""
    return offers.zones((await settings(request)).region)[0]


def empty() -> Response:
    """A 200 without a body."""
    return Response(status_code=200, media_type="application/json")


Zone = Annotated[str, Depends(zone)]

D = TypeVar("D", bound=Document)


class MachinesBody(Body[D]):
    """The body of a request that says what nodes are made of.

    Zones, flavors and systems that are not listed are refused, if the server trusts none.
    """

    async def __call__(self, request: Request) -> D:
        """The document. Raises ApiError, naming field and rule."""
        asked = await super().__call__(request)
        chosen = await settings(request)
        if not chosen.trust_offers:
            check_offered(asked.as_sent(), offers.zones(chosen.region))
        return asked


@router.post(
    "/nodes",
    operation_id="CreateNode",
    summary="Create nodes",
    **described(NodeDocument, status=201),
)
async def create_node(
    caller: Member,
    data: Data,
    az: Zone,
    setup: Setup,
    cluster_id: str,
    asked: Annotated[NodeToCreate, Depends(MachinesBody(NodeToCreate))],
    scale_up: Annotated[str, Query(alias="nodepoolScaleUp", max_length=64)] = "",
) -> Response:
    """Promise ``spec.count`` nodes; ``status.jobID`` tells which job makes them."""
    async with data.transaction() as tx:
        node = await operations.create(
            tx,
            caller,
            cluster_id,
            asked,
            zone=az,
            trusting=setup.trust_networks,
            pool_expects=scale_up == "NodepoolScaleUp",
        )
        [document] = await render(tx, [node])
    return json_response(document, 201)


@router.get("/nodes", operation_id="ListNodes", summary="List nodes", **described(NodeList))
async def list_nodes(
    caller: Member,
    data: Data,
    cluster_id: str,
    limit: Annotated[Whole, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
    marker: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """A page of the cluster's nodes, in the order of their creation.

    Nodes with large specs make it end before ``limit``; ``nextMarker`` tells that more follow.
    """
    items: list[msgspec.Raw] = []
    size, more = 0, True
    async with data.reading() as tx:
        last = await operations.get_marked(tx, caller, cluster_id, marker)
        while more and len(items) < limit and size < limits.LIST:
            nodes, more = await operations.list_page(
                tx, caller, cluster_id, limit=min(limit - len(items), _BATCH), after=last
            )
            async for document in unhurried(await render(tx, nodes)):
                items.append(msgspec.Raw(msgspec.json.encode(document)))
                size += len(items[-1])
            last = nodes[-1] if nodes else last
    page: dict[str, Any] = {"currentCount": len(items)}
    if more and last is not None:
        page["nextMarker"] = last.uid
    return json_response({"kind": "List", "apiVersion": "v3", "items": items, "pageInfo": page})


@router.post(
    "/nodes/add",
    operation_id="AddNode",
    summary="Accept existing servers as nodes",
    **described(JobReference),
)
async def add_node(
    caller: Member,
    data: Data,
    az: Zone,
    setup: Setup,
    cluster_id: str,
    asked: Annotated[ServersToAdd, Depends(MachinesBody(ServersToAdd))],
) -> Response:
    """Promise nodes on existing servers; ``jobid`` tells which job installs them."""
    async with data.transaction() as tx:
        job_uid = await batches.add(
            tx, caller, cluster_id, asked, zone=az, trusting=setup.trust_networks
        )
    return json_response({"jobid": job_uid})


@router.post(
    "/nodes/reset",
    operation_id="ResetNode",
    summary="Install nodes again",
    **described(JobReference),
)
async def reset_node(
    caller: Member,
    data: Data,
    setup: Setup,
    cluster_id: str,
    asked: Annotated[NodesToReset, Depends(MachinesBody(NodesToReset))],
) -> Response:
    """Promise to install nodes again on their servers; ``jobid`` tells which job does it."""
    async with data.transaction() as tx:
        job_uid = await batches.reset(tx, caller, cluster_id, asked, trusting=setup.trust_networks)
    return json_response({"jobid": job_uid})


@router.post(
    "/nodes/sync", operation_id="BatchSyncNodes", summary="Look after all nodes", **described(str)
)
async def sync_nodes(caller: Member, data: Data, cluster_id: str) -> Response:
    """Promise to ask how every node is."""
    async with data.transaction() as tx:
        await batches.sync(tx, caller, cluster_id)
    return json_response("Start to batch sync nodes")


@router.post(
    "/nodes/locknodescaledown",
    operation_id="LockNodepoolNodeScaleDown",
    summary="Keep nodes when their pool shrinks",
    **described(None),
)
async def lock_scale_down(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[NodeUids, Depends(Body(NodeUids))],
) -> Response:
    """Keep these nodes from being chosen when their pool shrinks."""
    async with data.transaction() as tx:
        await batches.lock_scale_down(tx, caller, cluster_id, asked.node_list, locked=True)
    return empty()


@router.post(
    "/nodes/unlocknodescaledown",
    operation_id="UnlockNodepoolNodeScaleDown",
    summary="Let nodes go when their pool shrinks",
    **described(None),
)
async def unlock_scale_down(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[NodeUids, Depends(Body(NodeUids))],
) -> Response:
    """Let these nodes be chosen again when their pool shrinks."""
    async with data.transaction() as tx:
        await batches.lock_scale_down(tx, caller, cluster_id, asked.node_list, locked=False)
    return empty()


@router.put(
    "/nodes/operation/remove",
    operation_id="RemoveNode",
    summary="Take nodes out of the cluster",
    **described(NodesTask),
)
async def remove_node(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[RemoveNodesTask, Depends(Body(RemoveNodesTask))],
) -> Response:
    """Promise to take nodes out of the cluster; ``status.jobID`` tells which job does it."""
    uids = [item.uid for item in asked.spec.nodes]
    async with data.transaction() as tx:
        job_uid = await batches.remove(tx, caller, cluster_id, uids)
    return _task("RemoveNodesTask", keepable(asked.spec), job_uid)


@router.put(
    "/nodes/operation/migrateto/{target_cluster_id}",
    operation_id="MigrateNode",
    summary="Move nodes to another cluster",
    **described(NodesTask),
)
async def migrate_node(
    caller: Member,
    data: Data,
    setup: Setup,
    cluster_id: str,
    target_cluster_id: str,
    asked: Annotated[MigrateNodesTask, Depends(MachinesBody(MigrateNodesTask))],
) -> Response:
    """Promise to move nodes to another cluster; ``status.jobID`` tells which job does it."""
    async with data.transaction() as tx:
        job_uid = await batches.migrate(
            tx, caller, cluster_id, target_cluster_id, asked, trusting=setup.trust_networks
        )
    return _task("MigrateNodesTask", keepable(asked.spec), job_uid)


def _task(kind: str, spec: dict[str, Any], job_uid: str) -> Response:
    status = {"jobID": job_uid}
    return json_response({"kind": kind, "apiVersion": "v3", "spec": spec, "status": status})


@router.get(
    "/nodes/{node_id}", operation_id="ShowNode", summary="Show a node", **described(NodeDocument)
)
async def show_node(caller: Member, data: Data, cluster_id: str, node_id: str) -> Response:
    """One node."""
    async with data.reading() as tx:
        node = await operations.show(tx, caller, cluster_id, node_id)
        [document] = await render(tx, [node])
    return json_response(document)


@router.put(
    "/nodes/{node_id}",
    operation_id="UpdateNode",
    summary="Rename a node",
    **described(NodeDocument),
)
async def update_node(
    caller: Member,
    data: Data,
    cluster_id: str,
    node_id: str,
    asked: Annotated[NodeToUpdate, Depends(Body(NodeToUpdate))],
) -> Response:
    """Give a node another name."""
    async with data.transaction() as tx:
        node = await operations.rename(tx, caller, cluster_id, node_id, asked.metadata.name)
        [document] = await render(tx, [node])
    return json_response(document)


@router.delete(
    "/nodes/{node_id}",
    operation_id="DeleteNode",
    summary="Delete a node",
    **described(NodeDocument),
)
async def delete_node(
    caller: Member,
    data: Data,
    az: Zone,
    cluster_id: str,
    node_id: str,
    scale_down: Annotated[str, Query(alias="nodepoolScaleDown", max_length=64)] = "",
) -> Response:
    """Promise the node's end; ``status.jobID`` tells which job brings it about."""
    async with data.transaction() as tx:
        done = await operations.delete(
            tx,
            caller,
            cluster_id,
            node_id,
            zone=az,
            replaced=scale_down == "NoScaleDown",
        )
        [document] = await render(tx, [done.node])
    document["status"] |= {
        "jobID": done.job_uid,
        "deleteStatus": {
            "previous_total": done.before,
            "current_total": done.after,
            "updated": 0,
            "added": 0,
            "deleted": done.before - done.after,
        },
    }
    return json_response(document)


@older.get(
    "/nodes/{node_id}/sync", operation_id="SyncNode", summary="Look after a node", **described(str)
)
async def sync_node(caller: Member, data: Data, cluster_id: str, node_id: str) -> Response:
    """Promise to ask how the node is."""
    async with data.transaction() as tx:
        await batches.sync(tx, caller, cluster_id, uid=node_id)
    return json_response("Sync node success")
