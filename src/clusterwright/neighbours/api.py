"""Routes of other services: ECS, EVS, AOM, DNS, enterprise projects.

The Kubernetes node that the OpenTelekomCloud provider reads is here too.

Servers are those of nodes: nothing else exists.
"""

from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright import errors
from clusterwright.cce import offers
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.nodes import operations
from clusterwright.cce.nodes import store as nodes
from clusterwright.cce.nodes.store import Node
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Anyone, Member
from clusterwright.iam.caller import Caller
from clusterwright.neighbours import documents, tags
from clusterwright.neighbours.wire import Agent, PasswordToReset, TagAction
from clusterwright.storage.database import Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, Whole, array, json_response

router = Router(tags=["Neighbour"])

_SERVER = "/v1/{project_id}/cloudservers/{server_id}"


async def _node(tx: Tx, who: Caller, server_id: str) -> Node:
    found = await nodes.on_server(tx, server_id, project_id=who.project_id)
    if found is None:
        raise _unknown("server", server_id)
    return found


def _unknown(kind: str, id: str) -> ApiError:
    return ApiError(errors.NOT_FOUND, f"There is no {kind} {id[:64]} in this project.")


def _found(kind: str, id: str, document: dict[str, Any] | None) -> Response:
    if document is None:
        raise _unknown(kind, id)
    return json_response(document)


@router.get(
    "/v2.1/{project_id}/os-availability-zone",
    operation_id="NovaListAvailabilityZones",
    summary="List the availability zones",
    **described(dict[str, Any]),
)
async def list_zones(who: Member, setup: Setup) -> Response:
    """The zones that nodes may be in."""
    return json_response(documents.zones(setup.region))


@router.get(
    "/v1/{project_id}/cloudservers/flavors",
    operation_id="EcsListFlavors",
    summary="List the flavors of servers",
    **described(dict[str, Any]),
)
async def list_flavors(
    who: Member, setup: Setup, availability_zone: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """The flavors of a zone, or of all; clients choose among them."""
    zones = offers.zones(setup.region)
    if availability_zone:
        zones = tuple(zone for zone in zones if zone == availability_zone)
    return json_response({"flavors": documents.flavors(zones)})


@router.get(
    "/v1/{project_id}/cloudservers/detail",
    operation_id="EcsListServersDetails",
    summary="List the servers of nodes",
    **described(dict[str, Any]),
)
async def list_servers(
    who: Member,
    data: Data,
    setup: Setup,
    offset: Annotated[Whole, Query(ge=0)] = 1,
    limit: Annotated[Whole, Query(ge=1, le=1000)] = 100,
    name: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """A page of the servers.

    ``offset`` counts pages from 1, and clients ask until one is empty (client notes, B8).
    """
    found: list[Node] = []
    async with data.reading() as tx:
        for cluster in await clusters.find(tx, project_id=who.project_id):
            found += await nodes.find(tx, project_id=who.project_id, cluster_uid=cluster.uid)
    found = [node for node in found if node.server_id and name in node.name]
    first = max(offset - 1, 0) * limit
    page = (documents.server(node, setup.region)["server"] for node in found[first : first + limit])
    return json_response({"count": len(found), "servers": await array(page)})


@router.get(
    _SERVER,
    operation_id="EcsShowServer",
    summary="Show a node's server",
    **described(dict[str, Any]),
)
async def show_server(who: Member, data: Data, setup: Setup, server_id: str) -> Response:
    """The server of a node, with the node's key pair and tags."""
    async with data.reading() as tx:
        node = await _node(tx, who, server_id)
    return json_response(documents.server(node, setup.region))


@router.get(
    f"{_SERVER}/tags",
    operation_id="EcsShowServerTags",
    summary="Show the tags of a node's server",
    **described(dict[str, Any]),
)
async def show_server_tags(who: Member, data: Data, server_id: str) -> Response:
    """The node's ``userTags``."""
    async with data.reading() as tx:
        node = await _node(tx, who, server_id)
    return json_response({"tags": documents.tags(node)})


@router.post(
    f"{_SERVER}/tags/action",
    operation_id="EcsBatchChangeServerTags",
    summary="Change the tags of a node's server",
    **described(None, status=204),
)
async def change_server_tags(
    who: Member,
    data: Data,
    server_id: str,
    asked: Annotated[TagAction, Depends(Body(TagAction))],
) -> Response:
    """Set or remove some of the node's ``userTags``."""
    async with data.transaction() as tx:
        found = await _node(tx, who, server_id)
        # What was read without its lock may be another's to change by now.
        node = await operations.show(tx, who, found.cluster_uid, found.uid, lock=True)
        changed = tags.changed(documents.tags(node), asked)
        await nodes.update(tx, [node.uid], spec=node.spec | {"userTags": changed})
    return Response(status_code=204)


@router.put(
    f"{_SERVER}/os-reset-password",
    operation_id="EcsResetServerPassword",
    summary="Change the password of a node's server",
    **described(None, status=204),
)
async def reset_server_password(
    who: Member,
    data: Data,
    server_id: str,
    asked: Annotated[PasswordToReset, Depends(Body(PasswordToReset))],
) -> Response:
    """Take a new password for the server of a node. It is not kept, as none ever is."""
    async with data.reading() as tx:
        await _node(tx, who, server_id)
    return Response(status_code=204)


@router.post(
    "/svcstg/icmgr/v1/{project_id}/agents",
    operation_id="AomInstallAgent",
    summary="Collect logs of a cluster",
    **described(dict[str, Any]),
)
async def install_agent(
    who: Member, data: Data, asked: Annotated[Agent, Depends(Body(Agent))]
) -> Response:
    """Agree, and do nothing: there is no log service (docs/limits.md)."""
    if asked.cluster_id:
        async with data.reading() as tx:
            if not await clusters.get(tx, asked.cluster_id, project_id=who.project_id):
                raise _unknown("cluster", asked.cluster_id)
    return json_response({"clusterId": asked.cluster_id or "", "status": "success"})


@router.get(
    "/v2/nameservers",
    operation_id="DnsListNameServers",
    summary="List name servers",
    **described(dict[str, Any]),
)
async def list_name_servers(who: Anyone) -> Response:
    """None: subnets get the ones that clients choose."""
    return json_response({"nameservers": []})


@router.get(
    "/v2/{project_id}/types",
    operation_id="EvsListVolumeTypesV2",
    summary="List the types of volume",
    **described(dict[str, Any]),
)
@router.get(
    "/v3/{project_id}/types",
    operation_id="EvsListVolumeTypes",
    summary="List the types of volume",
    **described(dict[str, Any]),
)
async def list_volume_types(who: Member, setup: Setup) -> Response:
    """The types of volume that nodes may have, and the zones that have them."""
    zones = offers.zones(setup.region)
    return json_response({"volume_types": documents.volume_types(zones)})


@router.get(
    "/v1.0/enterprise-projects",
    operation_id="EpsListEnterpriseProjects",
    summary="List enterprise projects",
    **described(dict[str, Any]),
)
async def list_enterprise_projects(who: Anyone) -> Response:
    """The default one."""
    return json_response(
        {"enterprise_projects": [documents.DEFAULT_ENTERPRISE_PROJECT], "total_count": 1}
    )


@router.get(
    "/v1.0/enterprise-projects/{id}",
    operation_id="EpsShowEnterpriseProject",
    summary="Show an enterprise project",
    **described(dict[str, Any]),
)
async def show_enterprise_project(who: Anyone, id: str) -> Response:
    """The default one."""
    known = documents.DEFAULT_ENTERPRISE_PROJECT
    return _found(
        "enterprise project", id, {"enterprise_project": known} if id == known["id"] else None
    )
