"""The routes of the catalog: they translate and commit, and decide nothing."""

from typing import Annotated, Literal

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright.cce import offers
from clusterwright.cce.catalog import documents, operations
from clusterwright.cce.catalog.wire import (
    ComponentOptions,
    FeatureGates,
    FlavorSpecifications,
    LogConfig,
    NestedQuotas,
    PartitionDocument,
    PartitionList,
    PartitionToCreate,
    PartitionToUpdate,
    QuotaList,
    ZoneDocument,
)
from clusterwright.cce.clusters import operations as clusters
from clusterwright.iam.auth import Anyone, Member
from clusterwright.storage import projects
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, json_response

router = Router(tags=["Catalog"])

PROJECT = "/api/v3/projects/{project_id}"
PARTITIONS = f"{PROJECT}/clusters/{{cluster_id}}/partitions"
LOGS = f"{PROJECT}/cluster/{{cluster_id}}/log-configs"
"""The one path with a singular ``cluster`` (API reference, 4)."""

ClusterType = Annotated[Literal["VirtualMachine", "ARM64"] | None, Query(alias="clusterType")]


@router.get(
    f"{PROJECT}/quotas",
    operation_id="ShowQuotas",
    summary="Show quotas",
    **described(QuotaList),
)
async def show_quotas(caller: Member, data: Data, setup: Setup) -> Response:
    """How many clusters the project may have, and has."""
    async with data.reading() as tx:
        used = await projects.clusters(tx, caller.project_id)
    quota = {
        "quotaKey": "cluster",
        "quotaLimit": setup.cluster_quota,
        "used": used,
        "unit": "count",
    }
    return json_response({"quotas": [quota]})


@router.get(
    "/cce/v1/projects/{project_id}/quota",
    operation_id="GetClusterQuota",
    summary="Show quotas in the older shape",
    **described(NestedQuotas),
)
async def show_nested_quotas(caller: Member, data: Data, setup: Setup) -> Response:
    """The same facts as ShowQuotas: clusters of both kinds share one quota."""
    async with data.reading() as tx:
        used = await projects.clusters(tx, caller.project_id)
    quota = setup.cluster_quota
    resources = [
        {"type": kind, "quota": quota, "used": used, "unit": "", "min": 0, "max": quota}
        for kind in ("cluster", "autopilot_cluster")
    ]
    return json_response({"quotas": {"resources": resources}})


@router.get(
    "/api/v2/flavor/specifications",
    operation_id="GetClusterFlavorSpecs",
    summary="List sizes of clusters",
    **described(FlavorSpecifications),
)
async def list_flavors(
    _caller: Anyone, setup: Setup, _cluster_type: ClusterType = None
) -> Response:
    """The sizes of clusters; they are the same for both types."""
    return json_response({"clusterFlavorSpecs": documents.flavor_specifications(setup.region)})


@router.get(
    "/api/v2/availabilityZones",
    operation_id="GetAvaliableZone",
    summary="List availability zones",
    **described(list[ZoneDocument]),
)
async def list_zones(_caller: Anyone, setup: Setup) -> Response:
    """The availability zones of the region."""
    return json_response(documents.zones(setup.region))


@router.get(
    "/api/v3.1/feature-gates",
    operation_id="ShowFeatureGates",
    summary="List what this server can do",
    **described(FeatureGates),
)
async def show_feature_gates(_caller: Anyone) -> Response:
    """The abilities of this server."""
    head = {"kind": "Configuration", "apiVersion": "v3.1"}
    return json_response(head | {"spec": dict(offers.FEATURE_GATES)})


@router.get(
    "/api/v3/clusters/configuration/detail",
    operation_id="ShowClusterSupportConfiguration",
    summary="List the options of components",
    **described(ComponentOptions),
)
async def show_options(
    caller: Anyone,
    data: Data,
    _cluster_type: ClusterType = None,
    version: Annotated[str, Query(alias="clusterVersion", max_length=32)] = "",
    cluster_id: Annotated[str, Query(alias="clusterID", max_length=64)] = "",
) -> Response:
    """The options of control-plane components; every cluster has the same ones."""
    if version:
        operations.check_version(version)
    if cluster_id:
        async with data.reading() as tx:
            await clusters.show(tx, caller, cluster_id)
    return json_response(documents.component_options(offers.CONTROL_PLANE))


@router.get(
    f"{PROJECT}/clusters/{{cluster_id}}/configuration/detail",
    operation_id="ShowClusterConfigurationDetails",
    summary="List the options of a cluster's components",
    **described(ComponentOptions),
)
async def show_cluster_options(caller: Member, data: Data, cluster_id: str) -> Response:
    """The options of one cluster's components."""
    async with data.reading() as tx:
        await clusters.show(tx, caller, cluster_id)
    return json_response(documents.component_options(offers.CONTROL_PLANE))


@router.get(
    LOGS,
    operation_id="ShowClusterConfig",
    summary="Show which logs are collected",
    **described(LogConfig),
)
async def show_logs(
    caller: Member,
    data: Data,
    cluster_id: str,
    type: Literal["", "control", "audit", "system-addon"] = "",
) -> Response:
    """The log configuration of a cluster."""
    async with data.reading() as tx:
        config = await operations.show_log_config(tx, caller, cluster_id, type=type)
    return json_response(config)


@router.put(
    LOGS,
    operation_id="UpdateClusterLogConfig",
    summary="Choose which logs are collected",
    **described(LogConfig),
)
async def update_logs(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[LogConfig, Depends(Body(LogConfig))],
) -> Response:
    """Change the log configuration of a cluster."""
    async with data.transaction() as tx:
        config = await operations.update_log_config(tx, caller, cluster_id, asked)
    return json_response(config)


@router.get(
    PARTITIONS,
    operation_id="ListPartitions",
    summary="List partitions",
    **described(PartitionList),
)
async def list_partitions(caller: Member, data: Data, cluster_id: str) -> Response:
    """The partitions of a cluster."""
    async with data.reading() as tx:
        found = await operations.list_partitions(tx, caller, cluster_id)
    items = [documents.partition_document(partition) for partition in found]
    return json_response({"kind": "List", "apiVersion": "v3", "items": items})


@router.post(
    PARTITIONS,
    operation_id="CreatePartition",
    summary="Create a partition",
    **described(PartitionDocument, status=201),
)
async def create_partition(
    caller: Member,
    data: Data,
    setup: Setup,
    cluster_id: str,
    asked: Annotated[PartitionToCreate, Depends(Body(PartitionToCreate))],
) -> Response:
    """Keep a new partition; Terraform takes nothing but 201 for it."""
    async with data.transaction() as tx:
        partition = await operations.create_partition(
            tx, caller, cluster_id, asked, trusting=setup.trust_networks
        )
    return json_response(documents.partition_document(partition), 201)


@router.get(
    f"{PARTITIONS}/{{partition_name}}",
    operation_id="ShowPartition",
    summary="Show a partition",
    **described(PartitionDocument),
)
async def show_partition(
    caller: Member, data: Data, cluster_id: str, partition_name: str
) -> Response:
    """One partition."""
    async with data.reading() as tx:
        partition = await operations.show_partition(tx, caller, cluster_id, partition_name)
    return json_response(documents.partition_document(partition))


@router.put(
    f"{PARTITIONS}/{{partition_name}}",
    operation_id="UpdatePartition",
    summary="Change a partition",
    **described(PartitionDocument),
)
async def update_partition(
    caller: Member,
    data: Data,
    setup: Setup,
    cluster_id: str,
    partition_name: str,
    asked: Annotated[PartitionToUpdate, Depends(Body(PartitionToUpdate))],
) -> Response:
    """Change the spec of a partition."""
    async with data.transaction() as tx:
        partition = await operations.update_partition(
            tx, caller, cluster_id, partition_name, asked, trusting=setup.trust_networks
        )
    return json_response(documents.partition_document(partition))
