"""Node documents: what may be asked, rule by rule, and how a node reads (API reference, 5)."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.document import Document

_CRYPT = re.compile(rb"\$6\$[^$]+\$.+", re.DOTALL)
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"


def _crypt_text(value: str) -> str:
    """A password as clients send it: empty, or base64 of a salted SHA-512 text."""
    try:
        plain = b64decode(value, validate=True)
    except (NotBase64, ValueError):
        plain = b"no base64"
    if value and not _CRYPT.fullmatch(plain):
        raise ValueError(
            "unexpected initial node password format:"
            " base64 of a SHA-512 crypt text such as $6$salt$hash is needed"
        )
    return value


def _own_key(value: str) -> str:
    if value.startswith(("CCE-", "__type_baremetal")):
        raise ValueError("the key must not start with CCE- or __type_baremetal")
    return value


NodeName = Annotated[str, Field(max_length=56, pattern=r"^[a-z]([a-z0-9.-]*[a-z0-9.])?$")]
NodeNameOrNone = Annotated[str, Field(max_length=56, pattern=r"^([a-z]([a-z0-9.-]*[a-z0-9.])?)?$")]
Id = Annotated[str, Field(min_length=1, max_length=64)]
Flavor = Annotated[str, Field(min_length=1, max_length=64)]
Short = Annotated[str, Field(max_length=64)]
LabelKey = Annotated[
    str, Field(max_length=317, pattern=rf"^([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL}$")
]
LabelValue = Annotated[str, Field(pattern=rf"^({_LABEL})?$")]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=20)]
Strings = dict[str, str]

MOST_NODES = 200
"""Nodes that one request may add, reset, remove or migrate (API reference, 9)."""


class UserPassword(Document):
    """Terraform sends both as empty strings beside an SSH key; never given back."""

    username: Short | None = None
    password: Annotated[str, AfterValidator(_crypt_text)] | None = None


class Login(Document):
    """How to log in to a node's server."""

    ssh_key: Annotated[str, Field(max_length=255)] | None = None
    user_password: UserPassword | None = None
    remove_user_password: bool | None = None
    remove_ssh_key: bool | None = Field(None, alias="removeSSHKey")


class RootVolume(Document):
    """The system disk."""

    size: Annotated[int, Field(ge=20, le=1024)]
    volumetype: Annotated[str, Field(alias="volumetype", min_length=1, max_length=64)]


class DataVolume(Document):
    """One data disk; with ``storage`` given, smaller ones are allowed."""

    size: Annotated[int, Field(ge=10, le=32768)]
    volumetype: Annotated[str, Field(alias="volumetype", min_length=1, max_length=64)]


class Nic(Document):
    """A network interface."""

    subnet_id: Short | None = None


class NodeNicSpec(Document):
    """The network interfaces; Terraform sends an empty primary one."""

    primary_nic: Nic | None = None
    ext_nics: list[Nic] | None = None


class Runtime(Document):
    """The container runtime."""

    name: Literal["docker", "containerd"] | None = None


class Taint(Document):
    """A Kubernetes taint."""

    key: LabelKey
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class UserTag(Document):
    """A tag of the node's server."""

    key: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_own_key)]
    value: Annotated[str, Field(max_length=255)] = ""


Taints = Annotated[list[Taint], Field(max_length=20)]
UserTags = Annotated[list[UserTag], Field(max_length=20)]


class NodeTemplate(Document):
    """What a node is made of, for one node and for the nodes of a pool."""

    flavor: Flavor
    az: Short = ""
    os: Short | None = None
    login: Login | None = None
    root_volume: RootVolume
    data_volumes: list[DataVolume] | None = None
    storage: dict[str, Any] | None = None
    node_nic_spec: NodeNicSpec | None = None
    public_ip: dict[str, Any] | None = Field(None, alias="publicIP")
    count: int | None = None
    billing_mode: int | None = None
    runtime: Runtime | None = None
    k8s_tags: Labels | None = None
    taints: Taints | None = None
    user_tags: UserTags | None = None
    extend_param: dict[str, Any] | None = None


class NodeSpec(NodeTemplate):
    """``spec`` of a request to create nodes."""

    count: Annotated[int, Field(ge=1, le=2000)]


class NodeMetadata(Document):
    """``metadata`` of a request to create; ids and times that clients send are the server's to
    set.
    """

    name: NodeNameOrNone = ""
    labels: Strings | None = None
    annotations: Strings | None = None


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


class RuntimeConfig(Document):
    """Wraps the runtime in requests about existing servers."""

    runtime: Runtime | None = None


class ServerConfig(Document):
    """The server's part in requests about existing servers."""

    user_tags: UserTags | None = None


class K8sOptions(Document):
    """Kubernetes' part in requests about existing servers."""

    labels: Labels | None = None
    taints: Taints | None = None
    max_pods: int | None = None


class ReinstallSpec(Document):
    """What an existing server becomes when it is accepted or reset."""

    os: Annotated[str, Field(min_length=1, max_length=64)]
    login: Login | None = None
    name: NodeNameOrNone | None = None
    runtime_config: RuntimeConfig | None = None
    server_config: ServerConfig | None = None
    k8s_options: K8sOptions | None = None
    extend_param: dict[str, Any] | None = None


class ServerToAdd(Document):
    """One server to accept."""

    server_id: Id = Field(alias="serverID")
    spec: ReinstallSpec


class ServersToAdd(Document):
    """The body of a request to accept existing servers."""

    node_list: Annotated[list[ServerToAdd], Field(min_length=1, max_length=MOST_NODES)]


class NodeToReset(Document):
    """One node to install again; the nodes of a pool follow their pool instead of ``spec``."""

    node_id: Id = Field(alias="nodeID")
    spec: ReinstallSpec | None = None


class NodesToReset(Document):
    """The body of a request to reset nodes."""

    node_list: Annotated[list[NodeToReset], Field(min_length=1, max_length=MOST_NODES)]


class NodeItem(Document):
    """A node of a task."""

    uid: Id


class RemovalSpec(Document):
    """``spec`` of a task that takes nodes out of a cluster."""

    login: Login | None = None
    nodes: Annotated[list[NodeItem], Field(min_length=1, max_length=MOST_NODES)]


class RemoveNodesTask(Document):
    """The body of a request to take nodes out of a cluster and to keep their servers."""

    spec: RemovalSpec


class MigrationSpec(RemovalSpec):
    """``spec`` of a task that moves nodes to another cluster."""

    os: Annotated[str, Field(min_length=1, max_length=64)]
    runtime: Runtime | None = None
    extend_param: dict[str, Any] | None = None


class MigrateNodesTask(Document):
    """The body of a request to move nodes to another cluster."""

    spec: MigrationSpec


class NodeUids(Document):
    """The body of a request that only names nodes."""

    node_list: Annotated[list[Id], Field(min_length=1, max_length=2000)]


def keepable(document: Document) -> dict[str, Any]:
    """``document`` as sent, without what must never be given back and so is never stored: the
    passwords.
    """
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
