"""Node documents: what may be asked, rule by rule, and how a node reads (API reference, 5)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from clusterwright.cce.clusters.values import Id, Short, Strings
from clusterwright.cce.nodes.disks import RootVolume, Storage, Volume
from clusterwright.cce.nodes.network import NodeNicSpec, PublicIp
from clusterwright.cce.nodes.software import (
    Conditions,
    HostnameConfig,
    Labels,
    Login,
    NewLogin,
    NodeExtendParam,
    NodeNameTemplate,
    Runtime,
    System,
    Taints,
    UserTags,
)
from clusterwright.document import Document

NodeName = Annotated[str, Field(max_length=56, pattern=r"^[a-z]([a-z0-9.-]*[a-z0-9.])?$")]
NodeNameOrNone = Annotated[str, Field(max_length=56, pattern=r"^([a-z]([a-z0-9.-]*[a-z0-9.])?)?$")]
Flavor = Annotated[str, Field(max_length=64, pattern="^[A-Za-z0-9._-]+$")]
Zone = Annotated[str, Field(max_length=64, pattern="^[A-Za-z0-9._-]*$")]
MOST_DISKS = 16
"""Data disks of one server."""


class TemplateSettings(Document):
    """What nodes are made of, as far as a pool may change it later as well."""

    os: System | None = None
    login: Login | None = None
    storage: Storage | None = None
    public_ip: PublicIp | None = Field(None, alias="publicIP")
    runtime: Runtime | None = None
    taints: Taints | None = None
    wait_post_install_finish: bool | None = None
    k8s_tags: Labels | None = None
    ecs_group_id: Id | None = None
    user_tags: UserTags | None = None
    initialized_conditions: Conditions | None = None
    server_enterprise_project_id: Id | None = Field(None, alias="serverEnterpriseProjectID")
    node_name_template: NodeNameTemplate | None = None


class NodeTemplate(TemplateSettings):
    """What a node is made of, for one node and for the nodes of a pool."""

    flavor: Flavor
    az: Zone = ""
    login: NewLogin | None = None
    root_volume: RootVolume
    data_volumes: Annotated[list[Volume], Field(max_length=MOST_DISKS)] | None = None
    node_nic_spec: NodeNicSpec | None = None
    count: Annotated[int, Field(ge=0, le=2000)] | None = None
    billing_mode: Annotated[int, Field(ge=0, le=2)] | None = None
    dedicated_host_id: Id | None = None
    fault_domain: Id | None = None
    extend_param: NodeExtendParam | None = None
    hostname_config: HostnameConfig | None = None
    partition: Id | None = None


class NodeSpec(NodeTemplate):
    """``spec`` of a request to create nodes."""

    count: Annotated[int, Field(ge=1, le=2000)]


class OwnerReferences(Document):
    """The pool of a node; the server's to set."""

    nodepool_name: Short | None = None
    nodepool_id: Short | None = Field(None, alias="nodepoolID")
    hyper_node_name: Short | None = None
    hyper_node_id: Short | None = Field(None, alias="hyperNodeID")


class NodeMetadata(Document):
    """``metadata`` of a request to create; ids and times are the server's to set."""

    name: NodeNameOrNone = ""
    uid: Short | None = None
    labels: Strings | None = None
    annotations: Strings | None = None
    creation_timestamp: str | None = None
    update_timestamp: str | None = None
    owner_references: OwnerReferences | None = None


class NodeToCreate(Document):
    """The body of a request to create nodes."""

    kind: Literal["Node", "node", "Host"]
    api_version: Literal["v3"]
    metadata: NodeMetadata = Field(default_factory=NodeMetadata)
    spec: NodeSpec


class NewName(Document):
    """``metadata`` of a request to update: only the name can change."""

    name: NodeName


class NodeToUpdate(Document):
    """The body of a request to update a node."""

    metadata: NewName


def keepable(document: Document) -> dict[str, Any]:
    """``document`` as sent, without passwords: never given back, so never stored."""
    sent = document.as_sent()
    if "login" in sent:
        sent["login"] = {
            key: value
            for key, value in sent["login"].items()
            if key not in ("userPassword", "removeUserPassword", "removeSSHKey")
        }
    if "extendParam" in sent:
        sent["extendParam"].pop("init-node-password", None)
    return sent


class NodeStatus(Document):
    """``status`` of a node."""

    phase: str
    last_probe_time: str
    job_id: str | None = Field(None, alias="jobID")
    server_id: str | None = None
    private_ip: str | None = Field(None, alias="privateIP")
    public_ip: str | None = Field(None, alias="publicIP")
    delete_status: dict[str, int] | None = None
    configuration_up_to_date: bool | None = None


class NodeDocument(Document):
    """A node as clients read it; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: NodeStatus


class PageInfo(Document):
    """Where a page of nodes ends."""

    current_count: int
    next_marker: str | None = None


class NodeList(Document):
    """A page of the nodes of a cluster."""

    kind: str
    api_version: str
    items: list[NodeDocument]
    page_info: PageInfo


class JobReference(Document):
    """The answer of requests about existing servers; the key is lower-case."""

    jobid: str = Field(alias="jobid")


class TaskStatus(Document):
    """``status`` of a task."""

    job_id: str = Field(alias="jobID")


class NodesTask(Document):
    """A task as it was sent, with the job that does it."""

    kind: str
    api_version: str
    spec: dict[str, Any]
    status: TaskStatus
