"""Bodies of charts: what comes with an upload, and how answers read (API reference, 12.1)."""

from typing import Annotated, Any

from pydantic import Field

from clusterwright.cce.clusters.values import Short
from clusterwright.document import Document


class UploadParameters(Document):
    """The part ``parameters`` of an upload, which holds this object as JSON text."""

    skip_lint: bool | None = Field(None, alias="skip_lint")
    """Leave out looking for what a chart cannot be installed without."""
    override: bool | None = None
    """Replace the same version of the chart where there is one."""
    visible: bool | None = None
    """Taken and not acted upon: a chart belongs to its project (docs/limits.md)."""
    source: Short | None = None
    """Where the chart is from; kept and shown."""


class ChartDocument(Document):
    """A chart as clients read it; declared for the API's own description."""

    id: str
    name: str
    values: Annotated[str, Field(description="values.yaml as the text of a JSON object")]
    translate: str
    instruction: str
    version: str
    description: str
    source: str
    icon_url: str = Field(alias="icon_url")
    public: bool
    chart_url: str = Field(alias="chart_url")
    create_at: str = Field(alias="create_at")
    update_at: str = Field(alias="update_at")


class ChartValues(Document):
    """The values that a chart is installed with unless others are given."""

    values: dict[str, Any]


class Quota(Document):
    """How many a project may have of something, and has."""

    type: str
    quota: int
    used: int


class QuotaResources(Document):
    """The quotas of a project."""

    resources: list[Quota]


class ChartQuotas(Document):
    """The answer that tells how many charts a project may keep."""

    quotas: QuotaResources
