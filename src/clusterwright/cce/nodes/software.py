"""What runs on a node and who may log in (API reference, 5.1)."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clusterwright.cce.clusters.values import (
    Id,
    ServerTagKey,
    Short,
    TagValue,
    each_once,
    matching,
)
from clusterwright.document import Document

_CRYPT = re.compile(rb"\$6\$[^$]+\$.+", re.DOTALL)
_PART = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LVM_KEYS = ("userLV", "userPath", "diskType", "lvType", "dockerThinpool", "kubernetesLV")
MOST_SCRIPT = 10_240
"""Characters of a node's two scripts together (API reference, 9)."""
MOST_PODS = 256
MOST_SECURE_PODS = 1024
"""With the runtime class ``kuasar-vmm``."""


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


def _script(value: str) -> str:
    # The tool named base64 breaks its lines, and the public service's decoder passes over breaks.
    try:
        b64decode(re.sub("[\r\n]", "", value), validate=True)
    except (NotBase64, ValueError):
        raise ValueError("base64 of a script is needed") from None
    return value


def _own_key(value: str) -> str:
    if value.startswith(("CCE-", "__type_baremetal")):
        raise ValueError("the key must not start with CCE- or __type_baremetal")
    return value


def _prefix(key: str) -> str:
    if len(key.rpartition("/")[0]) > 253:
        raise ValueError("the prefix of a key has at most 253 characters")
    return key


def _base_size(value: int) -> int:
    if value != 0 and not 10 <= value <= 500:
        raise ValueError("0 for the default, or 10 to 500 GiB are needed")
    return value


LabelKey = Annotated[
    str,
    Field(max_length=317, pattern=rf"^({_PART}(\.{_PART})*/)?{_LABEL}$"),
    AfterValidator(_prefix),
]
LabelValue = Annotated[str, Field(pattern=rf"^({_LABEL})?$")]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=20)]
Script = Annotated[str, Field(max_length=MOST_SCRIPT), AfterValidator(_script)]
BaseSize = Annotated[int, AfterValidator(_base_size)]
MaxPods = Annotated[int, Field(ge=16, le=MOST_SECURE_PODS)]
LvmText = Annotated[
    str,
    Field(max_length=1024),
    matching(
        "(|({0})=[!-:<-~]+(;({0})=[!-:<-~]+)*;?)".format("|".join(_LVM_KEYS)),
        "settings such as dockerThinpool=vgpaas/90%VG;kubernetesLV=vgpaas/10%VG are needed",
    ),
]
Reserved = Annotated[int, Field(ge=0, le=2**31 - 1)]
ReservedPids = Annotated[int, Field(ge=0, le=2_097_152)]
Condition = Annotated[str, Field(pattern="^[A-Za-z0-9]{1,20}(:[0-9]{1,4}[smh])?$")]
Conditions = Annotated[list[Condition], Field(max_length=2), each_once()]
Reinforcement = Literal["", "cybersecurity", "null"]
KeyPair = Annotated[
    str, matching("[!-~]{1,255}", "the name of a key pair is needed, without blanks")
]
Price = Annotated[str, matching(r"[0-9]{1,9}(\.[0-9]{1,9})?", "a price such as 0.25 is needed")]
System = Annotated[
    str,
    matching(r"(?! )[ -~]{1,64}(?<! )", "the name of a system is needed, such as EulerOS 2.9"),
]
YesOrNo = Literal["", "true", "false"]
"""A boolean as text."""


class UserPassword(Document):
    """Terraform sends both as empty strings beside an SSH key; never given back."""

    username: Id | None = None
    password: Annotated[str, AfterValidator(_crypt_text)] | None = None


class Login(Document):
    """How to log in to a node's server."""

    ssh_key: KeyPair | None = None
    user_password: UserPassword | None = None
    remove_user_password: bool | None = None
    remove_ssh_key: bool | None = Field(None, alias="removeSSHKey")

    @model_validator(mode="after")
    def _gives_or_takes(self) -> Self:
        password = self.user_password and self.user_password.password
        if self.remove_user_password and password:
            raise ValueError("a userPassword cannot be given and removed")
        if self.remove_ssh_key and self.ssh_key:
            raise ValueError("an sshKey cannot be given and removed")
        return self


class NewLogin(Login):
    """The same for a server on which a system is installed: something must be told."""

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if not self.ssh_key and not (self.user_password and self.user_password.password):
            raise ValueError("an sshKey or a userPassword with its password is needed")
        return self


class Runtime(Document):
    """The container runtime."""

    name: Literal["", "docker", "containerd"] | None = None
    runtime_class: Literal["", "runc", "kata", "kuasar-vmm"] | None = None

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.name == "docker" and self.runtime_class in ("kata", "kuasar-vmm"):
            raise ValueError(f"the runtimeClass {self.runtime_class} needs the runtime containerd")
        return self


class Taint(Document):
    """A Kubernetes taint."""

    key: LabelKey
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class UserTag(Document):
    """A tag of the node's server."""

    key: Annotated[ServerTagKey, AfterValidator(_own_key)]
    value: TagValue = ""


Taints = Annotated[list[Taint], Field(max_length=20), each_once("key", "effect")]
UserTags = Annotated[list[UserTag], Field(max_length=20), each_once("key")]


class HostnameConfig(Document):
    """What a node is called in Kubernetes."""

    type: Literal["", "privateIp", "cceNodeName"] | None = None


class NodeNameTemplate(Document):
    """What stands before and behind the names of a pool's nodes."""

    node_name_prefix: Annotated[str, Field(pattern="^([a-z][a-z0-9.-]{0,55})?$")] | None = None
    node_name_suffix: Annotated[str, Field(pattern="^([a-z0-9.-]{0,55}[a-z0-9])?$")] | None = None


class ConfigurationItem(Document):
    """One setting of a component."""

    name: Annotated[Short, Field(min_length=1)]
    value: Any = None


class Package(Document):
    """The settings of one component."""

    name: Annotated[Short, Field(min_length=1)]
    configurations: Annotated[list[ConfigurationItem], Field(max_length=200), each_once("name")]


class Scripts(Document):
    """What is run before and after the installation, wherever a request names it."""

    pre_install: Script | None = Field(None, alias="alpha.cce/preInstall")
    post_install: Script | None = Field(None, alias="alpha.cce/postInstall")

    @model_validator(mode="after")
    def _are_short_enough(self) -> Self:
        if len(self.pre_install or "") + len(self.post_install or "") > MOST_SCRIPT:
            raise ValueError(f"both scripts together may have {MOST_SCRIPT} characters")
        return self


class NodeExtendParam(Scripts):
    """``extendParam`` of a node."""

    performance_type: Id | None = Field(None, alias="ecs:performancetype")
    order_id: Short = Field("", alias="orderID")
    product_id: Id | None = Field(None, alias="productID")
    max_pods: MaxPods | None = None
    period_type: Literal["", "month", "year"] | None = None
    period_num: Annotated[int, Field(ge=0, le=9)] | None = None
    is_auto_renew: YesOrNo | None = None
    is_auto_pay: YesOrNo | None = None
    docker_lvm_config_override: LvmText | None = Field(None, alias="DockerLVMConfigOverride")
    docker_base_size: BaseSize | None = None
    container_base_size: BaseSize | None = None
    public_key: Annotated[str, Field(max_length=8192)] | None = None
    image_id: Id | None = Field(None, alias="alpha.cce/NodeImageID")
    charging_mode: Annotated[int, Field(ge=0, le=2)] | None = None
    market_type: Literal["", "spot"] | None = None
    spot_price: Price | None = None
    agency_name: Short | None = Field(None, alias="agency_name")
    kube_reserved_mem: Reserved | None = None
    system_reserved_mem: Reserved | None = None
    kube_reserved_cpu: Reserved | None = None
    system_reserved_cpu: Reserved | None = None
    kube_reserved_pid: ReservedPids | None = None
    system_reserved_pid: ReservedPids | None = None
    kube_reserved_storage: Reserved | None = None
    system_reserved_storage: Reserved | None = None
    initial_password: str | None = Field(None, alias="init-node-password")
    security_reinforcement_type: Reinforcement | None = None
    server_metadata_http_tokens: Literal["", "optional", "required"] | None = None
