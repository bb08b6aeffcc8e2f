"""The bodies that clients send to the services beside this one."""

from typing import Annotated, Literal

from pydantic import Field

from clusterwright.document import Document


class ServerTag(Document):
    """One tag of a server."""

    key: Annotated[str, Field(min_length=1, max_length=128)]
    value: Annotated[str, Field(max_length=255)] = ""


class TagAction(Document):
    """The body of a request to change the tags of a server."""

    action: Literal["create", "delete"]
    tags: Annotated[list[ServerTag], Field(min_length=1, max_length=20)]
