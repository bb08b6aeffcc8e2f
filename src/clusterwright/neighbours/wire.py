"""The bodies that clients send to the services beside this one."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from clusterwright.cce.clusters.values import ServerTagKey, TagValue
from clusterwright.document import Document


class SnakeCase(Document):
    """A document whose keys are the fields' own names.

    What it does not declare is passed over: nothing else of it is ever kept, so that no answer
    shows a value whose type nobody looked at.
    """

    model_config = ConfigDict(alias_generator=None, extra="ignore")


class ServerTag(Document):
    """One tag of a server, or of a record."""

    key: ServerTagKey
    value: TagValue = ""


class TagAction(Document):
    """The body of a request to change tags."""

    action: Literal["create", "delete"]
    tags: Annotated[list[ServerTag], Field(min_length=1, max_length=20)]


class PasswordReset(SnakeCase):
    """What a new password is for a server."""

    new_password: Annotated[str, Field(min_length=1, max_length=128)]


class PasswordToReset(SnakeCase):
    """The body of a request to change a server's password."""

    reset_password: PasswordReset = Field(alias="reset-password")


class Agent(Document):
    """The body of a request to collect logs of a cluster."""

    cluster_id: Annotated[str, Field(max_length=64)] | None = None
    name_space: Annotated[str, Field(max_length=64)] | None = None
