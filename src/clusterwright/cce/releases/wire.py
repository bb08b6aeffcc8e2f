"""Bodies of releases: what may be asked, and how answers read (API reference, 12.2)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from clusterwright.cce.clusters.values import Id, Short, at_most, matching
from clusterwright.document import KEEPS_EMPTY, Document

Name = Annotated[
    str,
    matching(
        r"[a-z]([a-z0-9-]{0,51}[a-z0-9])?",
        "the name of a release is needed: at most 53 lower-case letters, digits and hyphens, the"
        " first a letter, the last no hyphen",
    ),
]
Namespace = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "the name of a namespace is needed, of lower-case letters, digits and hyphens",
    ),
]
Description = Annotated[str, at_most(1024)]


class Parameters(Document):
    """How to install, upgrade, go back or delete."""

    dry_run: bool | None = Field(None, alias="dry_run")
    """Render the chart, answer, and keep nothing."""
    name_template: Annotated[str, at_most(256)] | None = Field(None, alias="name_template")
    """Taken and not acted upon: a release has a name."""
    no_hooks: bool | None = Field(None, alias="no_hooks")
    """Run no hooks of the chart."""
    replace: bool | None = None
    """Of an upgrade: keep the values that the release has, and add those that are sent."""
    recreate: bool | None = None
    """Taken and not acted upon: Helm has ceased to restart pods by itself."""
    reset_values: bool | None = Field(None, alias="reset_values")
    """Of an upgrade: begin with the chart's own values."""
    release_version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, alias="release_version"
    )
    """Of a rollback: the revision to go back to. The Go SDK sends 0 where none is meant."""
    include_hooks: bool | None = Field(None, alias="include_hooks")
    """Taken and not acted upon: hooks run unless ``no_hooks`` says otherwise."""


class ReleaseToCreate(Document):
    """The body of a request to install a chart."""

    chart_id: Id = Field(alias="chart_id")
    name: Name
    namespace: Namespace
    version: Short
    description: Annotated[Description | None, KEEPS_EMPTY] = None
    parameters: Parameters | None = None
    values: dict[str, Any] | None = None


class ReleaseToUpdate(Document):
    """The body of a request to upgrade a release or to go back."""

    chart_id: Id | None = Field(None, alias="chart_id")
    action: Literal["upgrade", "rollback"] | None = None
    parameters: Parameters | None = None
    values: dict[str, Any] | None = None


class ReleaseDocument(Document):
    """A release as clients read it; declared for the API's own description."""

    chart_name: str = Field(alias="chart_name")
    chart_public: bool = Field(alias="chart_public")
    chart_version: str = Field(alias="chart_version")
    cluster_id: str = Field(alias="cluster_id")
    cluster_name: str = Field(alias="cluster_name")
    create_at: str = Field(alias="create_at")
    description: str
    name: str
    namespace: str
    parameters: Annotated[str, Field(description="The parameters as the text of a JSON object")]
    resources: Annotated[str, Field(description="The manifests, where show_resources is true")]
    status: str
    status_description: str = Field(alias="status_description")
    update_at: str = Field(alias="update_at")
    values: Annotated[str, Field(description="The values as the text of a JSON object")]
    version: Annotated[int, Field(description="The revision: 1, 2, …")]
