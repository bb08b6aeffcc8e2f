"""The bodies about clusters: what may be asked, rule by rule (API reference, 4.1-4.6).

Every attribute that the official SDK's models know is declared, those that are the server's to set
included: a known name with a value of another type is refused (tests/api/test_declared_fields.py).
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from clusterwright.cce.clusters.networks import (
    ContainerNetwork,
    ContainerNetworkToUpdate,
    EniNetwork,
    HostNetwork,
    HostNetworkToUpdate,
    PublicAccess,
    ServiceNetwork,
)
from clusterwright.cce.clusters.values import (
    Address,
    AlternativeNames,
    Base64,
    Description,
    Flag,
    Id,
    Name,
    ServiceCidr,
    Short,
    Strings,
    TagKey,
    TagValue,
    Text,
    TimeZone,
    Version,
    Zone,
    each_once,
    matching,
)
from clusterwright.document import KEEPS_EMPTY, Document

DRIVER_ANNOTATION = "clusterwright/driver"
"""What a cluster is made of: a new one may ask for a driver by it, and reads always tell it."""
MASTERS_ANNOTATION = "clusterwright/masters"
"""How many masters really run, where they are fewer than the flavor says."""


class MetadataFields(Document):
    """What bodies may say about a cluster's name; ids and times are the server's to set."""

    uid: Id | None = None
    alias: Name | None = None
    annotations: Strings | None = None
    labels: Strings | None = None
    creation_timestamp: Short | None = None
    update_timestamp: Short | None = None
    timezone: TimeZone | None = None


class Metadata(MetadataFields):
    """``metadata`` of a request to create."""

    name: Name


class AuthenticatingProxy(Document):
    """Base64 of PEM; taken, never given back."""

    ca: Base64 | None = None
    cert: Base64 | None = None
    private_key: Base64 | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.ca and self.cert and self.private_key)


class Authentication(Document):
    """How users of the Kubernetes API are known."""

    mode: Literal["rbac", "authenticating_proxy", "x509"] | None = None
    authenticating_proxy: AuthenticatingProxy | None = None


class Master(Document):
    """One entry of ``masters``."""

    availability_zone: Zone | None = None


class Tag(Document):
    """One entry of ``clusterTags``."""

    key: TagKey
    # Terraform leaves an empty value out.
    value: TagValue = ""


class ClusterExtendParam(Document):
    """``spec.extendParam``: strings, but for periodNum."""

    cluster_az: Zone | None = Field(None, alias="clusterAZ")
    dss_master_volumes: (
        Annotated[
            str,
            matching(
                r"[\w-]{1,64}\.\w{1,32};[\w-]{1,64}\.\w{1,32}",
                "<root pool>.<type>;<data pool>.<type> is needed",
            ),
        ]
        | None
    ) = None
    enterprise_project_id: Id | None = None
    kube_proxy_mode: Literal["iptables", "ipvs", "nftables"] | None = None
    cluster_external_ip: Address | None = Field(None, alias="clusterExternalIP")
    fix_pool_mask: (
        Annotated[str, matching("2[4-8]", "the text of a number from 24 to 28 is needed")] | None
    ) = Field(None, alias="alpha.cce/fixPoolMask")
    dec_master_flavor: Short | None = None
    docker_umask_mode: Literal["secure", "normal"] | None = None
    cpu_manager_policy: Literal["none", "static"] | None = Field(
        None, alias="kubernetes.io/cpuManagerPolicy"
    )
    order_id: Id | None = Field(None, alias="orderID")
    period_type: Literal["month", "year"] | None = None
    period_num: Annotated[int, Field(ge=1, le=9)] | None = None
    is_auto_renew: Flag | None = None
    is_auto_pay: Flag | None = None
    upgradefrom: Short | None = None


class ConfigurationItem(Document):
    """One option of a component; any JSON may be its value."""

    name: Text | None = None
    value: Any = None


class PackageConfiguration(Document):
    """The options of one component."""

    name: Text | None = None
    configurations: (
        Annotated[list[ConfigurationItem], Field(max_length=100), each_once("name")] | None
    ) = None


class Alarm(Document):
    """Whom alarms of the cluster reach."""

    topics: Annotated[list[Text], Field(max_length=100), each_once()] | None = None
    alarm_rule_template_id: Id | None = None
    prom_instance_id: Id | None = Field(None, alias="promInstanceID")
    prom_enterprise_project_id: Id | None = Field(None, alias="promEnterpriseProjectID")


class ClusterOps(Document):
    """How the cluster is looked after."""

    alarm: Alarm | None = None


class Encryption(Document):
    """How secrets are encrypted."""

    mode: Literal["Default", "KMS"] | None = None
    kms_key_id: Id | None = Field(None, alias="kmsKeyID")


class CertificateAuthority(Document):
    """The authority of a cluster; only answers have it."""

    data: str | None = None


class SecretConfig(Document):
    """Which secrets with credentials a cluster is made without."""

    disable_default_addon_cred_secret: bool | None = None
    disable_node_agency_cred_secret: bool | None = None
    disable_default_image_pull_secret: bool | None = None


class SpecFields(Document):
    """What bodies may say about a cluster, for both kinds of clusters."""

    category: Literal["CCE", "Turbo"] | None = None
    type: Literal["VirtualMachine", "ARM64"] | None = None
    flavor: Annotated[
        Annotated[Short, Field(min_length=1)] | None,
        KEEPS_EMPTY,  # a flavor is asked for or left out
    ] = None
    version: Version | None = None
    platform_version: Short | None = None
    legacy_version: Short | None = None
    description: Description | None = None
    custom_san: AlternativeNames | None = None
    ipv6enable: bool | None = None
    enable_snat: bool | None = None
    enable_swr_image_access: bool | None = Field(None, alias="enableSWRImageAccess")
    service_network: ServiceNetwork | None = None
    kubernetes_svc_ip_range: ServiceCidr | None = None
    authentication: Authentication | None = None
    public_access: PublicAccess | None = None
    billing_mode: Annotated[int, Field(ge=0, le=1)] | None = None
    masters: Annotated[list[Master], Field(max_length=10)] | None = None
    cluster_tags: Annotated[list[Tag], Field(max_length=20), each_once("key")] | None = None
    kube_proxy_mode: Literal["iptables", "ipvs", "nftables"] | None = None
    az: Short | None = None
    support_istio: bool | None = None
    enable_master_volume_encryption: bool | None = None
    enable_dist_mgt: bool | None = None
    enable_autopilot: bool | None = None
    deletion_protection: bool | None = None
    agency_name: Short | None = None
    extend_param: ClusterExtendParam | None = None
    configurations_override: (
        Annotated[list[PackageConfiguration], Field(max_length=100), each_once("name")] | None
    ) = None
    cluster_ops: ClusterOps | None = None
    encryption_config: Encryption | None = None
    certificate_authority: CertificateAuthority | None = None
    secret_config: SecretConfig | None = None


class Spec(SpecFields):
    """``spec`` of a request to create."""

    host_network: HostNetwork
    container_network: ContainerNetwork
    eni_network: EniNetwork | None = None


class Endpoint(Document):
    """Where the Kubernetes API can be reached."""

    url: Text | None = None
    type: Short | None = None
    internal: Text | None = None
    external: Text | None = None
    external_otc: Text | None = Field(None, alias="external_otc")


class Condition(Document):
    """One detail of a cluster's state."""

    type: Short | None = None
    status: Short | None = None
    last_probe_time: Short | None = None
    last_transit_time: Short | None = None
    reason: Text | None = None
    message: str | None = None


class StatusSent(Document):
    """``status`` as clients give it back; it is the server's to set, and passed over."""

    phase: Short | None = None
    job_id: Id | None = Field(None, alias="jobID")
    reason: str | None = None
    message: str | None = None
    endpoints: list[Endpoint] | None = None
    is_locked: bool | None = None
    lock_scene: Short | None = None
    lock_source: Short | None = None
    lock_source_id: Id | None = None
    delete_option: Any = None
    delete_status: Any = None
    conditions: list[Condition] | None = None


class ClusterToCreate(Document):
    """The body of a request to create a cluster."""

    kind: Literal["Cluster", "cluster"]
    api_version: Literal["v3"]
    metadata: Metadata
    spec: Spec
    status: StatusSent | None = None


class MetadataToUpdate(MetadataFields):
    """``metadata`` of a request to update: the alias can change, the rest is passed over."""

    name: Name | None = None


class SpecToUpdate(SpecFields):
    """``spec`` of a request to update; an absent key means leave as is.

    It knows all that a creation knows, so that types are looked at; what may change is in
    ``MAY_CHANGE``.
    """

    MAY_CHANGE: ClassVar[frozenset[str]] = frozenset(
        {
            "agencyName",
            "containerNetwork",
            "customSan",
            "deletionProtection",
            "description",
            "eniNetwork",
            "hostNetwork",
            "secretConfig",
        }
    )

    # Clients clear it with the empty text.
    description: Annotated[
        Annotated[
            Description,
            matching(r"[^~$%^&*<>\[\]{}()'\"#\\]*", "none of ~$%^&*<>[]{}()'\"#\\ are allowed"),
        ]
        | None,
        KEEPS_EMPTY,
    ] = None
    host_network: HostNetworkToUpdate | None = None
    container_network: ContainerNetworkToUpdate | None = None
    eni_network: EniNetwork | None = None


class ClusterToUpdate(Document):
    """The body of a request to update a cluster."""

    metadata: MetadataToUpdate | None = None
    spec: SpecToUpdate | None = None
    status: StatusSent | None = None


class ClusterStatus(Document):
    """``status`` of a cluster."""

    phase: str
    job_id: str | None = Field(None, alias="jobID")
    reason: str | None = None
    message: str | None = None
    endpoints: list[dict[str, str]] | None = None


class ClusterDocument(Document):
    """A cluster as clients read it; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: ClusterStatus


class ClusterList(Document):
    """All clusters of a project; the public service names the list like its items."""

    kind: str
    api_version: str
    items: list[ClusterDocument]
