"""Node pool documents: what may be asked, rule by rule, and how a pool reads (API reference, 6)."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.cce.clusters.values import Id, Short, Strings, each_once, matching
from clusterwright.cce.nodepools.groups import ScaleGroup
from clusterwright.cce.nodes.batch_wire import MOST_NODES, Batch, Lifecycle
from clusterwright.cce.nodes.disks import RootVolume, Volume
from clusterwright.cce.nodes.software import Login, Package, Price, Reinforcement, Scripts
from clusterwright.cce.nodes.wire import MOST_DISKS, NodeTemplate, TemplateSettings
from clusterwright.document import Document

PoolName = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$")]
Count = Annotated[int, Field(ge=0, le=2000)]
Policy = Literal["refresh", "ignore"]

_LONGEST = 2**31 - 1
MOST_MIGRATED = 50
"""Nodes that one request may move into a pool (API reference, 9)."""


def _share(value: float) -> float:
    if value < 0 and value != -1:
        raise ValueError("a share of 0 to 1 is needed, or -1 for the cluster's own")
    return value


class Autoscaling(Document):
    """When the pool may change its size by itself; kept for whoever scales."""

    enable: bool | None = None
    min_node_count: Count | None = None
    max_node_count: Count | None = None
    scale_down_cooldown_time: Annotated[int, Field(ge=0, le=_LONGEST)] | None = None
    priority: Annotated[int, Field(ge=-_LONGEST, le=_LONGEST)] | None = None
    scale_down_unneeded_time: Annotated[int, Field(ge=-1, le=_LONGEST)] | None = None
    scale_down_utilization_threshold: (
        Annotated[float, Field(ge=-1, le=1), AfterValidator(_share)] | None
    ) = None


class NodeManagement(Document):
    """Where the servers of the pool are placed; an empty reference takes them out of a group."""

    server_group_reference: Annotated[
        str, matching("[!-~]{0,64}", "the id of a server group is needed, or nothing")
    ] = ""


class RepairPolicy(Document):
    """What is done about nodes that fail."""

    enable: bool | None = None
    policy: str | None = None

    @model_validator(mode="after")
    def _says_what_to_do(self) -> Self:
        if self.enable and self.policy != "restartNode":
            raise ValueError("the policy must be restartNode where enable is true")
        return self


class SecurityGroup(Document):
    """A security group of pods."""

    id: Id | None = None


class PoolMetadata(Document):
    """``metadata`` of a request to create; ids and times are the server's to set."""

    name: PoolName
    uid: Short | None = None
    annotations: Strings | None = None
    creation_timestamp: str | None = None
    update_timestamp: str | None = None
    resource_version: int | None = None


def _unique(groups: list[ScaleGroup]) -> list[ScaleGroup]:
    names = [group.metadata.name for group in groups]
    if len(set(names)) < len(names):
        raise ValueError("every group needs a name of its own")
    return groups


class PoolSettings(Document):
    """What requests to create and to update have in common."""

    autoscaling: Autoscaling | None = None
    repair_policy: RepairPolicy | None = None
    custom_security_groups: Annotated[list[Id], each_once()] | None = None
    taint_policy_on_existing_nodes: Policy | None = None
    label_policy_on_existing_nodes: Policy | None = None
    user_tags_policy_on_existing_nodes: Policy | None = None
    extension_scale_groups: (
        Annotated[list[ScaleGroup], Field(max_length=50), AfterValidator(_unique)] | None
    ) = None


class PoolVolumeConfig(Document):
    """What becomes of the disks of a node that is installed again."""

    volume_reset_policy: Literal["", "reset_managed_volumes", "retain_custom_volumes"] | None = None


class PoolTemplate(NodeTemplate):
    """``nodeTemplate`` of a request to create."""

    volume_config: PoolVolumeConfig | None = None
    configurations_override: (
        Annotated[list[Package], Field(max_length=50), each_once("name")] | None
    ) = None


class PoolSpec(PoolSettings):
    """``spec`` of a request to create."""

    type: Literal["vm", "ElasticBMS", "pm"] | None = None
    node_template: PoolTemplate
    initial_node_count: Count = 0
    node_management: NodeManagement | None = None
    pod_security_groups: (
        Annotated[list[SecurityGroup], Field(max_length=5), each_once("id")] | None
    ) = None


class PoolToCreate(Document):
    """The body of a request to create a pool."""

    kind: Literal["NodePool", "nodepool"]
    api_version: Literal["v3"]
    metadata: PoolMetadata
    spec: PoolSpec


class NicToUpdate(Document):
    """The primary interface of a pool's later nodes."""

    subnet_id: Id | None = None
    subnet_list: Annotated[list[Id], Field(max_length=20), each_once()] | None = None


class NicSpecToUpdate(Document):
    """The network interfaces of a pool's later nodes."""

    primary_nic: NicToUpdate | None = None


class ExtendParamToUpdate(Scripts):
    """``extendParam`` of a pool's later nodes; the rest of it is fixed at the creation."""

    agency_name: Short | None = Field(None, alias="agency_name")
    spot_price: Price | None = None
    security_reinforcement_type: Reinforcement | None = None
    image_id: Id | None = Field(None, alias="alpha.cce/NodeImageID")


class TemplateToUpdate(TemplateSettings):
    """``nodeTemplate`` of a request to update; an absent key leaves, an empty list clears."""

    flavor: Short | None = None
    az: Short | None = None
    root_volume_update: RootVolume | None = None
    data_volumes_update: Annotated[list[Volume], Field(max_length=MOST_DISKS)] | None = None
    node_nic_spec_update: NicSpecToUpdate | None = None
    extend_param: ExtendParamToUpdate | None = None


class PoolSpecToUpdate(PoolSettings):
    """``spec`` of a request to update. A missing size means zero, unless it is to be ignored."""

    node_template: TemplateToUpdate | None = None
    initial_node_count: Count = 0
    ignore_initial_node_count: bool = False
    node_management_update: NodeManagement | None = None


class PoolMetadataToUpdate(Document):
    """``metadata`` of a request to update: only the name can change."""

    name: PoolName | None = None


class PoolToUpdate(Document):
    """The body of a request to update a pool."""

    metadata: PoolMetadataToUpdate = Field(default_factory=PoolMetadataToUpdate)
    spec: PoolSpecToUpdate


class ScaleExtendParam(Document):
    """How long prepaid nodes are paid for."""

    period_num: Annotated[int, Field(ge=0, le=9)] | None = None
    period_type: Literal["", "month", "year"] | None = None
    is_auto_renew: bool | None = None
    is_auto_pay: bool | None = None


class BillingOverride(Document):
    """How new nodes are paid for."""

    billing_mode: Annotated[int, Field(ge=0, le=1)] | None = None
    extend_param: ScaleExtendParam | None = None


class ScaleOptions(Document):
    """How a pool scales."""

    scalable_checking: Literal["", "instant", "async"] | None = None
    scale_policy: Literal["", "AZBalance", "Random"] | None = None
    billing_config_override: BillingOverride | None = None


class ScaleSpec(Document):
    """``spec`` of a request to scale: the size to reach; missing means zero."""

    desired_node_count: Count = 0
    scale_groups: Annotated[list[Id], Field(max_length=51), each_once()] | None = None
    options: ScaleOptions | None = None


class PoolToScale(Batch):
    """The body of a request to scale a pool."""

    spec: ScaleSpec


class PoolServer(Document):
    """One server to accept."""

    server_id: Id = Field(alias="serverID")


class PoolServers(Batch):
    """The body of a request to accept existing servers into a pool."""

    node_list: Annotated[
        list[PoolServer], Field(min_length=1, max_length=MOST_NODES), each_once("server_id")
    ]


class PoolNode(Document):
    """One node to move."""

    node_id: Id = Field(alias="nodeID")


class PoolNodes(Batch):
    """The body of a request to move nodes into a pool."""

    node_list: Annotated[
        list[PoolNode], Field(min_length=1, max_length=MOST_MIGRATED), each_once("node_id")
    ]


class UpgradeTemplate(Document):
    """How nodes are installed again."""

    life_cycle: Lifecycle | None = None
    login: Login | None = None
    volume_config: PoolVolumeConfig | None = None


class UpgradeSpec(Document):
    """``spec`` of a request to bring nodes up to date with their pool."""

    max_unavailable: Annotated[int, Field(ge=1, le=20)] | None = None
    force: bool | None = None
    retry_times: Count | None = None
    skipped_nodes: Annotated[list[Id], each_once()] | None = None
    node_ids: Annotated[list[Id], each_once()] | None = Field(None, alias="nodeIDs")
    node_pool_id: Id | None = Field(None, alias="nodePoolID")
    node_template: UpgradeTemplate | None = None


class UpgradeMetadata(Document):
    """``metadata`` of a request to bring nodes up to date; the pool is named in the path."""

    name: Short | None = None
    uid: Short | None = None
    annotations: Strings | None = None
    creation_timestamp: str | None = None
    update_timestamp: str | None = None
    resource_version: int | None = None


class PoolToUpgrade(Batch):
    """The body of a request to bring nodes up to date with their pool."""

    metadata: UpgradeMetadata | None = None
    spec: UpgradeSpec = Field(default_factory=UpgradeSpec)


class ConfigurationMetadata(Document):
    """``metadata`` of a configuration; clients may send what they read."""

    name: Short | None = None
    labels: Strings | None = None


class ConfigurationSpec(Document):
    """``spec`` of a configuration."""

    packages: Annotated[list[Package], Field(max_length=50), each_once("name")]


class Configuration(Document):
    """The settings of the components on the nodes of a pool, or of the control plane."""

    kind: Literal["Configuration", "configuration"]
    api_version: Literal["v3"]
    metadata: ConfigurationMetadata | None = None
    spec: ConfigurationSpec


class PoolStatus(Document):
    """``status`` of a pool; an empty phase means ready."""

    current_node: int
    creating_node: int
    deleting_node: int
    phase: str
    job_id: str | None = None


class PoolDocument(Document):
    """A pool as clients read it; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: PoolStatus


class PoolList(Document):
    """The pools of a cluster."""

    kind: str
    api_version: str
    items: list[PoolDocument]


POOL_LABEL = "cce.cloud.com/cce-nodepool"
