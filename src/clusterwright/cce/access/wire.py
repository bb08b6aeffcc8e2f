"""Bodies of access: kubeconfigs, public addresses, policies (API reference, 4.8 and 4.9)."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.cce.clusters.values import Address, Id, Short, each_once, matching
from clusterwright.document import Document

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", re.ASCII)


def _moment(value: str) -> str:
    if not _MOMENT.fullmatch(value):
        raise ValueError("a time such as 2030-01-01 16:00:00 +0000 UTC is needed")
    moment_of(value)
    return value


def moment_of(text: str) -> datetime:
    """The time that ``expire_at`` names.

    Raises ValueError for a day or an hour that does not exist.
    """
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S +0000 UTC").replace(tzinfo=UTC)


def _all_alone(values: list[str]) -> list[str]:
    if "*" in values and len(values) > 1:
        raise ValueError("* is all of them: send it alone")
    return values


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Namespace = Annotated[
    str,
    matching(
        r"\*|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "the name of a namespace is needed, of lower-case letters, digits and hyphens, or *",
    ),
]


class CertificateToCreate(Document):
    """How long a certificate should be valid: one of the two; ``expire_at`` wins."""

    duration: int | None = None
    expire_at: Annotated[str, AfterValidator(_moment)] | None = Field(None, alias="expire_at")


class CertificatesToRevoke(Document):
    """Whose certificates end: exactly one of the two."""

    user_id: Id | None = None
    agency_id: Id | None = None


class EipToBind(Document):
    """``spec.spec`` of a request about the public address."""

    id: Annotated[str, matching("[!-~]{0,64}", "the id of a public address is needed")] = ""


class EipAction(Document):
    """``spec`` of a request about the public address; the bandwidth has no effect any more."""

    action: Annotated[str, AfterValidator(_lower), Field(max_length=16)]
    spec: EipToBind | None = None
    bandwidth: Short | None = None
    elastic_ip: Address | None = None


class EipRequest(Document):
    """The body of a request to bind or unbind a public address."""

    spec: EipAction


class LongKeyInCluster(Document):
    """The body of a request about a cluster's long-lived access key."""

    enable: bool = Field(alias="enableLongAKSK")


class LongKeyInNewClusters(Document):
    """The same about those of clusters to come."""

    enable: bool = Field(alias="enableLongAKSKInNewCluster")


class LongKeyOfCluster(Document):
    """Whether there is a long-lived access key, and whether a cluster has it."""

    uploaded: bool = Field(alias="hasUploadedLongAKSK")
    enabled: bool = Field(alias="enableLongAKSK")


class LongKeyOfProject(Document):
    """The same of a project, and of clusters to come."""

    uploaded: bool = Field(alias="hasUploadedLongAKSK")
    enabled: bool = Field(alias="enableLongAKSKInNewCluster")


class AccessScope(Document):
    """Which namespaces a policy concerns; ``*`` is all."""

    namespaces: Annotated[
        list[Namespace],
        Field(min_length=1, max_length=500),
        each_once(),
        AfterValidator(_all_alone),
    ]


class Principal(Document):
    """Whom a policy concerns."""

    type: Literal["user", "group", "agency"]
    ids: Annotated[list[Id], Field(min_length=1, max_length=500), each_once()]


class AccessPolicyToWrite(Document):
    """The body of a request to create or replace an access policy."""

    kind: Literal["AccessPolicy"] = "AccessPolicy"
    api_version: Literal["v3"] = "v3"
    name: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9.-]{0,54}[a-z0-9.])?$")]
    clusters: Annotated[
        list[Id], Field(min_length=1, max_length=200), each_once(), AfterValidator(_all_alone)
    ]
    access_scope: AccessScope
    policy_type: Literal[
        "CCEClusterAdminPolicy", "CCEAdminPolicy", "CCEEditPolicy", "CCEViewPolicy"
    ]
    principal: Principal


class AccessPolicyDocument(AccessPolicyToWrite):
    """An access policy as clients read it."""

    policy_id: str
    create_time: str
    update_time: str


class AccessPolicyList(Document):
    """The access policies of a project."""

    kind: str
    api_version: str
    access_policy_list: list[AccessPolicyDocument]


class KubeconfigDocument(Document):
    """A kubeconfig; kubectl takes it as it is."""

    kind: str
    api_version: str
    preferences: dict[str, Any]
    clusters: list[dict[str, Any]]
    users: list[dict[str, Any]]
    contexts: list[dict[str, Any]]
    current_context: str = Field(alias="current-context")


class Addresses(Document):
    """``status`` of the answers about addresses."""

    private_endpoint: str | None = None
    public_endpoint: str | None = None


class AddressDocument(Document):
    """The addresses of an API server, and the public one that is bound to it."""

    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: Addresses
