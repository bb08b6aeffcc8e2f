"""Bodies of pod identities (API reference, 12.3)."""

from typing import Annotated

from pydantic import Field

from clusterwright.cce.clusters.values import TagKey, TagValue, each_once, matching
from clusterwright.document import Document
from clusterwright.storage import limits

Label = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "the name of a namespace is needed, of lower-case letters, digits and hyphens",
    ),
]
Account = Annotated[
    str,
    matching(
        r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
        "the name of a service account is needed, of lower-case letters, digits, hyphens and dots",
    ),
]
Agency = Annotated[
    str,
    matching(
        r"[\w+=,.@-]{1,64}",
        "the name of an agency is needed: at most 64 letters, digits and + = , . @ - _",
    ),
]


class Tag(Document):
    """One tag of an association."""

    key: TagKey
    value: TagValue = ""


Tags = Annotated[list[Tag], Field(max_length=limits.MOST_TAGS), each_once("key")]


class AssociationToCreate(Document):
    """The body of a request for an association."""

    namespace: Label
    service_account: Account
    agency_name: Agency
    tags: Tags | None = None


class AssociationToUpdate(Document):
    """The body of a request to change one: nothing else of it changes."""

    agency_name: Agency


class TokenToTrade(Document):
    """The body of a request to act as an agency."""

    token: Annotated[str, Field(min_length=1, max_length=16 * 1024)]


class AssociationDocument(Document):
    """An association as clients read it; declared for the API's own description."""

    uid: str
    cluster_id: str
    namespace: str
    service_account: str
    agency_name: str
    tags: list[Tag]
    created_at: str
    modified_at: str
    updated_at: str


class AssumedAgency(Document):
    """Who a pod acts as."""

    urn: str
    id: str


class Credentials(Document):
    """A temporary access key."""

    access_key_id: str
    secret_access_key: str
    security_token: str
    expiration: str


class Subject(Document):
    """Whose token was traded."""

    namespace: str
    service_account: str


class Assumed(Document):
    """The answer to a request to act as an agency."""

    assumed_agency: AssumedAgency
    audience: str
    credentials: Credentials
    pod_identity_association_id: str
    subject: Subject
