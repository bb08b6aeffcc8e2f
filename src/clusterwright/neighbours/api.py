"""Routes of other services, on the same server: ECS, VPC, EVS and enterprise projects.

Servers are those of nodes, security groups and public addresses those of clusters: nothing else
exists. Networks are taken on trust, here as in a request to create a cluster, because the
OpenTelekomCloud provider looks them up before it plans its first cluster (client notes, B9).
"""

from ipaddress import IPv4Address
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from starlette.responses import Response

from clusterwright import errors
from clusterwright.cce import offers
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import store as nodes
from clusterwright.cce.nodes.store import Node
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Anyone, Member
from clusterwright.iam.caller import Caller
from clusterwright.neighbours import documents
from clusterwright.neighbours.wire import TagAction
from clusterwright.storage import limits
from clusterwright.storage.database import Database, Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, json_response

router = Router(tags=["Neighbour"])

Network = Annotated[str, Path(max_length=64)]

_SERVER = "/v1/{project_id}/cloudservers/{server_id}"


async def _node(tx: Tx, who: Caller, server_id: str) -> Node:
    found = await nodes.on_server(tx, server_id, project_id=who.project_id)
    if found is None:
        raise _unknown("server", server_id)
    return found


async def _clusters(data: Database, who: Caller) -> list[Cluster]:
    async with data.reading() as tx:
        return await clusters.find(tx, project_id=who.project_id)


def _unknown(kind: str, id: str) -> ApiError:
    return ApiError(errors.NOT_FOUND, f"There is no {kind} {id[:64]} in this project.")


def _found(kind: str, id: str, document: dict[str, Any] | None) -> Response:
    if document is None:
        raise _unknown(kind, id)
    return json_response(document)


@router.get(
    _SERVER, operation_id="EcsShowServer", summary="Show a node's server", **described(None)
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
    **described(None),
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
        node = await _node(tx, who, server_id)
        kept = {tag["key"]: tag["value"] for tag in documents.tags(node)}
        for tag in asked.tags:
            if asked.action == "create":
                kept[tag.key] = tag.value
            else:
                kept.pop(tag.key, None)
        if len(kept) > limits.MOST_TAGS:
            raise ApiError(
                errors.INVALID_REQUEST,
                f"tags: A server has at most {limits.MOST_TAGS}. Remove some first.",
            )
        changed = [{"key": key, "value": value} for key, value in kept.items()]
        await nodes.update(tx, [node.uid], spec=node.spec | {"userTags": changed})
    return Response(status_code=204)


@router.get(
    "/v1/{project_id}/vpcs/{vpc_id}",
    operation_id="VpcShowVpc",
    summary="Show a VPC",
    **described(None),
)
async def show_vpc(who: Member, vpc_id: Network) -> Response:
    """The VPC of that id."""
    return json_response(documents.vpc(vpc_id))


@router.get(
    "/v1/{project_id}/subnets/{subnet_id}",
    operation_id="VpcShowSubnet",
    summary="Show a subnet",
    **described(None),
)
async def show_subnet(who: Member, data: Data, subnet_id: Network) -> Response:
    """The subnet of that id."""
    return json_response(documents.subnet(await _clusters(data, who), subnet_id))


@router.get(
    "/v1/{project_id}/security-groups/{group_id}",
    operation_id="VpcShowSecurityGroup",
    summary="Show the security group of a cluster",
    **described(None),
)
async def show_security_group(who: Member, data: Data, group_id: str) -> Response:
    """The security group, if a cluster of the project has it."""
    groups = documents.security_groups(await _clusters(data, who), who.project_id)
    found = next((group for group in groups if group["id"] == group_id), None)
    return _found("security group", group_id, found and {"security_group": found})


@router.get(
    "/v2.0/security-groups",
    operation_id="NeutronListSecurityGroups",
    summary="List the security groups of clusters",
    **described(None),
)
async def list_security_groups(who: Anyone, data: Data, id: str = "", name: str = "") -> Response:
    """The security groups that the project's clusters have."""
    groups = documents.security_groups(await _clusters(data, who), who.project_id)
    found = [g for g in groups if id in ("", g["id"]) and name in ("", g["name"])]
    return json_response({"security_groups": found})


@router.get(
    "/v1/{project_id}/publicips",
    operation_id="VpcListPublicips",
    summary="List the public addresses of clusters",
    **described(None),
)
async def list_public_addresses(
    who: Member,
    data: Data,
    public_ip_address: Annotated[list[IPv4Address] | None, Query()] = None,
) -> Response:
    """The public addresses asked for, or those that are bound to the project's clusters."""
    asked = [str(address) for address in public_ip_address or ()]
    found = documents.public_addresses(await _clusters(data, who), asked, who.project_id)
    return json_response({"publicips": found})


@router.get(
    "/v2/{project_id}/types",
    operation_id="EvsListVolumeTypesV2",
    summary="List the types of volume",
    **described(None),
)
@router.get(
    "/v3/{project_id}/types",
    operation_id="EvsListVolumeTypes",
    summary="List the types of volume",
    **described(None),
)
async def list_volume_types(who: Member, setup: Setup) -> Response:
    """The types of volume that nodes may have, and the zones that have them."""
    zones = offers.zones(setup.region)
    return json_response({"volume_types": documents.volume_types(zones)})


@router.get(
    "/v1.0/enterprise-projects",
    operation_id="EpsListEnterpriseProjects",
    summary="List enterprise projects",
    **described(None),
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
    **described(None),
)
async def show_enterprise_project(who: Anyone, id: str) -> Response:
    """The default one."""
    known = documents.DEFAULT_ENTERPRISE_PROJECT
    return _found(
        "enterprise project", id, {"enterprise_project": known} if id == known["id"] else None
    )
