"""Bodies of what only clusters without nodes have: maintenance windows and plans of upgrades."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clusterwright.cce.clusters.values import matching
from clusterwright.document import Document

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _days(value: str) -> str:
    named = value.split(",")
    if any(day not in DAYS for day in named) or len(set(named)) < len(named):
        raise ValueError(f"days such as Friday,Saturday are needed, each once: {', '.join(DAYS)}")
    return value


def _moment(value: str) -> str:
    moment_of(value)
    return value


def moment_of(text: str) -> datetime:
    """A time as clients write it; one without a zone is in UTC. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("a time such as 2026-01-02T03:04:05Z is needed") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class MaintenanceWindow(Document):
    """When a cluster may be upgraded by itself; keys are in snake case, times in UTC."""

    weekly_period: Annotated[str, AfterValidator(_days)] = Field(alias="weekly_period")
    start_time: Annotated[
        str,
        matching(
            "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", "a time such as 16:00:00 is needed"
        ),
    ] = Field(alias="start_time")
    duration_hours: Annotated[int, Field(ge=1, le=24)] = Field(alias="duration_hours")
    upgrade_scope: Literal["OnlyPatchVersion"] | None = Field(None, alias="upgrade_scope")


class PlanToDelay(Document):
    """The body of a request to begin an upgrade later."""

    not_before: Annotated[str, Field(max_length=64), AfterValidator(_moment)]


class PlanDocument(Document):
    """A plan of an upgrade as clients read it."""

    kind: str
    api_version: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    status: dict[str, Any]


class PlanList(Document):
    """The plans of a cluster.

    The official SDKs declare one plan where their text says a list, and cannot read an empty one:
    it is left out.
    """

    kind: str
    api_version: str
    items: PlanDocument | None = None
