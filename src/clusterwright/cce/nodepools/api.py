"""The routes of ``…/clusters/{id}/nodepools``: they translate and commit, and decide nothing."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright.cce.catalog.wire import ComponentOptions
from clusterwright.cce.nodepools import configurations, members, operations
from clusterwright.cce.nodepools.wire import (
    Configuration,
    PoolDocument,
    PoolList,
    PoolNodes,
    PoolServers,
    PoolToCreate,
    PoolToScale,
    PoolToUpdate,
    PoolToUpgrade,
)
from clusterwright.cce.nodes.api import MachinesBody, Zone, empty
from clusterwright.cce.nodes.wire import JobReference
from clusterwright.iam.auth import Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, json_response

router = Router(
    prefix="/api/v3/projects/{project_id}/clusters/{cluster_id}/nodepools", tags=["Node pool"]
)
older = Router(
    prefix="/api/v3.1/projects/{project_id}/clusters/{cluster_id}/nodepool", tags=["Node pool"]
)
"""The one route of pools under another version."""


@router.post(
    "",
    operation_id="CreateNodePool",
    summary="Create a node pool",
    **described(PoolDocument, status=201),
)
async def create_node_pool(
    caller: Member,
    data: Data,
    az: Zone,
    setup: Setup,
    cluster_id: str,
    asked: Annotated[PoolToCreate, Depends(MachinesBody(PoolToCreate))],
) -> Response:
    """Add a pool; its nodes are made in the background, watched by ``status.phase``."""
    async with data.transaction() as tx:
        pool = await operations.create(
            tx,
            caller,
            cluster_id,
            asked,
            zone=az,
            quota=setup.node_pool_quota,
            trusting=setup.trust_networks,
        )
        document = await operations.render(tx, pool)
    return json_response(document, 201)


@router.get("", operation_id="ListNodePools", summary="List node pools", **described(PoolList))
async def list_node_pools(
    caller: Member,
    data: Data,
    cluster_id: str,
    with_default: Annotated[bool, Query(alias="showDefaultNodePool")] = False,
) -> Response:
    """The pools of the cluster, in the order of their creation."""
    async with data.reading() as tx:
        items = await operations.list_pools(tx, caller, cluster_id, with_default=with_default)
    return json_response({"kind": "List", "apiVersion": "v3", "items": items})


@router.get(
    "/{nodepool_id}",
    operation_id="ShowNodePool",
    summary="Show a node pool",
    **described(PoolDocument),
)
async def show_node_pool(caller: Member, data: Data, cluster_id: str, nodepool_id: str) -> Response:
    """One pool; an empty ``status.phase`` means ready."""
    async with data.reading() as tx:
        document = await operations.show(tx, caller, cluster_id, nodepool_id)
    return json_response(document)


@router.put(
    "/{nodepool_id}",
    operation_id="UpdateNodePool",
    summary="Update a node pool",
    **described(PoolDocument),
)
async def update_node_pool(
    caller: Member,
    data: Data,
    az: Zone,
    setup: Setup,
    cluster_id: str,
    nodepool_id: str,
    asked: Annotated[PoolToUpdate, Depends(MachinesBody(PoolToUpdate))],
) -> Response:
    """Change a pool. A missing size means zero, unless ``ignoreInitialNodeCount`` is true."""
    async with data.transaction() as tx:
        pool = await operations.update(
            tx,
            caller,
            cluster_id,
            nodepool_id,
            asked,
            zone=az,
            trusting=setup.trust_networks,
        )
        document = await operations.render(tx, pool)
    return json_response(document)


@router.delete(
    "/{nodepool_id}",
    operation_id="DeleteNodePool",
    summary="Delete a node pool",
    **described(PoolDocument),
)
async def delete_node_pool(
    caller: Member, data: Data, cluster_id: str, nodepool_id: str
) -> Response:
    """Promise the end of a pool and its nodes; ``status.jobId`` tells which job brings it about."""
    async with data.transaction() as tx:
        pool = await operations.delete(tx, caller, cluster_id, nodepool_id)
        document = await operations.render(tx, pool)
    return json_response(document)


@router.post(
    "/{nodepool_id}/operation/scale",
    operation_id="ScaleNodePool",
    summary="Change the size of a node pool",
    **described(None),
)
async def scale_node_pool(
    caller: Member,
    data: Data,
    az: Zone,
    cluster_id: str,
    nodepool_id: str,
    asked: Annotated[PoolToScale, Depends(Body(PoolToScale))],
) -> Response:
    """Bring the pool to ``spec.desiredNodeCount`` nodes."""
    async with data.transaction() as tx:
        await operations.scale(tx, caller, cluster_id, nodepool_id, asked, zone=az)
    return empty()


@router.post(
    "/{nodepool_id}/operation/upgrade",
    operation_id="UpgradeNodePool",
    summary="Bring the nodes of a pool up to date with it",
    **described(JobReference),
)
async def upgrade_node_pool(
    caller: Member,
    data: Data,
    cluster_id: str,
    nodepool_id: str,
    asked: Annotated[PoolToUpgrade, Depends(Body(PoolToUpgrade))],
) -> Response:
    """Promise to install nodes again as the template is now; ``jobid`` tells which job does it."""
    async with data.transaction() as tx:
        job_uid = await members.upgrade(tx, caller, cluster_id, nodepool_id, asked)
    return json_response({"jobid": job_uid})


@older.put(
    "/{nodepool_id}/sync",
    operation_id="SyncNodePool",
    summary="Bring all nodes of a pool up to date with it",
    **described(str),
)
async def sync_node_pool(caller: Member, data: Data, cluster_id: str, nodepool_id: str) -> Response:
    """Promise what ``operation/upgrade`` does, for every node of the pool."""
    async with data.transaction() as tx:
        await members.upgrade(tx, caller, cluster_id, nodepool_id, PoolToUpgrade())
    return json_response("Start to sync nodepool")


@router.post(
    "/{nodepool_id}/nodes/add",
    operation_id="AddNodesToNodePool",
    summary="Accept existing servers into a pool",
    **described(JobReference),
)
async def add_nodes(
    caller: Member,
    data: Data,
    az: Zone,
    cluster_id: str,
    nodepool_id: str,
    asked: Annotated[PoolServers, Depends(Body(PoolServers))],
) -> Response:
    """Promise nodes of the pool on existing servers; ``jobid`` tells which job installs them."""
    async with data.transaction() as tx:
        job_uid = await members.add(tx, caller, cluster_id, nodepool_id, asked, zone=az)
    return json_response({"jobid": job_uid})


@router.put(
    "/{nodepool_id}/nodes/migrate",
    operation_id="MigrateToNodePool",
    summary="Move nodes of the cluster into a pool",
    **described(None),
)
async def migrate_nodes(
    caller: Member,
    data: Data,
    cluster_id: str,
    nodepool_id: str,
    asked: Annotated[PoolNodes, Depends(Body(PoolNodes))],
) -> Response:
    """Make nodes of the cluster the pool's."""
    async with data.transaction() as tx:
        await members.migrate(tx, caller, cluster_id, nodepool_id, asked)
    return empty()


@router.get(
    "/{nodepool_id}/configuration",
    operation_id="ShowNodePoolConfigurations",
    summary="Show how the components of a pool are configured",
    **described(Configuration),
)
async def show_configuration(
    caller: Member, data: Data, cluster_id: str, nodepool_id: str
) -> Response:
    """The settings of kubelet and its companions; of the control plane for the pool ``master``."""
    async with data.reading() as tx:
        found = await configurations.show(tx, caller, cluster_id, nodepool_id)
    return json_response(found)


@router.put(
    "/{nodepool_id}/configuration",
    operation_id="UpdateNodePoolConfiguration",
    summary="Configure the components of a pool",
    **described(Configuration),
)
async def update_configuration(
    caller: Member,
    data: Data,
    cluster_id: str,
    nodepool_id: str,
    asked: Annotated[Configuration, Depends(Body(Configuration))],
) -> Response:
    """Set what is sent and leave the rest."""
    async with data.transaction() as tx:
        kept = await configurations.update(tx, caller, cluster_id, nodepool_id, asked)
    return json_response(kept)


@router.get(
    "/{nodepool_id}/configuration/detail",
    operation_id="ShowNodePoolConfigurationDetails",
    summary="Show what can be configured",
    **described(ComponentOptions),
)
async def show_configuration_details(
    caller: Member, data: Data, cluster_id: str, nodepool_id: str
) -> Response:
    """The settings of each component with their defaults."""
    async with data.reading() as tx:
        found = await configurations.detail(tx, caller, cluster_id, nodepool_id)
    return json_response(found)
