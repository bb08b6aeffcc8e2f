"""What may be sent to the Kubernetes API of a simulated cluster, in Kubernetes' own words."""

from typing import Annotated, Any, Literal

from pydantic import Field

from clusterwright.cce.clusters.values import Strings, matching
from clusterwright.document import Document

DnsLabel = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and"
        " must start and end with an alphanumeric character",
    ),
]
DnsName = Annotated[
    str,
    matching(
        r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or"
        " '.', and must start and end with an alphanumeric character",
    ),
]
Quantity = Annotated[
    str, matching(r"[0-9]+(\.[0-9]+)?([KMGTPE]i?|m|k)?", "a quantity such as 10Gi is needed")
]


class Metadata(Document):
    """What an object tells of itself."""

    name: DnsName
    namespace: DnsLabel | None = None
    labels: Strings | None = None
    annotations: Strings | None = None


class NamespaceMetadata(Metadata):
    """The same of a namespace, whose name is part of others."""

    name: DnsLabel


class Namespace(Document):
    """A namespace to create."""

    kind: Literal["Namespace"] | None = None
    api_version: Literal["v1"] | None = None
    metadata: NamespaceMetadata


class Requests(Document):
    """How much is asked for."""

    storage: Quantity


class ClaimResources(Document):
    """What a claim needs."""

    requests: Requests


class ClaimSpec(Document):
    """What a claim is for."""

    access_modes: Annotated[
        list[Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]],
        Field(min_length=1, max_length=4),
    ]
    resources: ClaimResources
    storage_class_name: Annotated[str, Field(max_length=253)] | None = None
    volume_name: Annotated[str, Field(max_length=253)] | None = None


class Claim(Document):
    """A claim of a persistent volume to create."""

    kind: Literal["PersistentVolumeClaim"] | None = None
    api_version: Literal["v1"] | None = None
    metadata: Metadata
    spec: ClaimSpec


class TokenSpec(Document):
    """For whom a token is, and for how long."""

    audiences: (
        Annotated[list[Annotated[str, Field(max_length=253)]], Field(max_length=16)] | None
    ) = None
    expiration_seconds: Annotated[int, Field(ge=600, le=2**32)] | None = None


class TokenToRequest(Document):
    """A token to make."""

    spec: TokenSpec


class Review(Document):
    """A question about what the caller may do."""

    kind: str | None = None
    spec: dict[str, Any] | None = None
