"""The documents of jobs as people read them; declared for the API's own description."""

from typing import Any, Literal

from pydantic import Field

from clusterwright.document import Document

FaultClass = Literal["user", "quota", "capacity", "provider", "internal", "timeout", "cancelled"]


class Cause(Document):
    """The first thing that went wrong."""

    step: str | None = None
    step_type: str | None = None
    class_: str | None = Field(None, alias="class")
    code: str | None = None
    message: str | None = None
    action: str | None = None
    retryable: bool | None = None


class Estimate(Document):
    """What earlier jobs of this installation took, in seconds."""

    p50: float
    p90: float
    samples: int
    remaining: float | None
    slow: bool


class StepEstimate(Document):
    """What the same step of earlier jobs took, in seconds."""

    p50: float
    p90: float
    samples: int


class Cancelling(Document):
    """How and when the end of a job was asked for."""

    mode: str
    reason: str
    requested_at: str | None


class Actions(Document):
    """What can be done with a job now."""

    cancel: bool
    resume: bool


class JobStep(Document):
    """One job of a tree."""

    uid: str
    parent_uid: str | None = Field(alias="parentUID")
    type: str
    phase: str
    reason: str
    started_at: str | None
    ended_at: str | None
    duration: float | None
    attempt: int
    progress: float
    resource_id: str = Field(alias="resourceID")
    resource_name: str
    cause: Cause | None
    estimate: StepEstimate | None


class JobInFull(Document):
    """A job with all that is known of it."""

    uid: str
    type: str
    cluster_uid: str = Field(alias="clusterUID")
    resource_id: str = Field(alias="resourceID")
    resource_name: str
    phase: str
    reason: str
    revision: int
    submitted_at: str
    started_at: str | None
    ended_at: str | None
    duration: float | None
    progress: float
    attempt: int
    continues: str | None
    continued_by: str | None
    cancel: Cancelling | None
    actions: Actions
    cause: Cause | None
    estimate: Estimate | None
    steps: list[JobStep]


class JobToCancel(Document):
    """How a job is to end before its time."""

    mode: Literal["now", "after-step"] = "now"
    reason: str | None = Field(None, min_length=1, max_length=255)


class JobToResume(Document):
    """Nothing needs to be said of a job to resume it."""


class Resumed(Document):
    """The job that continues another one."""

    job_uid: str = Field(alias="jobUID")


class JobRow(Document):
    """A top job in a list."""

    uid: str
    type: str
    phase: str
    reason: str
    cluster_uid: str = Field(alias="clusterUID")
    resource_id: str = Field(alias="resourceID")
    resource_name: str
    submitted_at: str
    started_at: str | None
    ended_at: str | None
    duration: float | None
    progress: float
    attempt: int
    cause: Cause | None


class JobPage(Document):
    """A page of the jobs of a project, newest first."""

    jobs: list[JobRow]
    next_marker: str | None
    retention_days: float


class JobChange(Document):
    """A job of a tree as it is after an event."""

    uid: str
    type: str
    phase: str
    reason: str
    started_at: str | None
    ended_at: str | None
    attempt: int


class JobMessage(Document):
    """A sentence about a step, for people."""

    uid: str
    level: Literal["info", "warning", "error"]
    text: str


class JobEvent(Document):
    """What one commit changed in a tree."""

    id: str
    job: str
    revision: int
    progress: float
    type: str
    cluster_uid: str = Field(alias="clusterUID")
    at: str
    phase: str
    changes: list[JobChange]
    messages: list[JobMessage]


class JobEvents(Document):
    """Events of a job, oldest first."""

    events: list[JobEvent]
    next_after: int | None


class FaultToArm(Document):
    """The body of a request for a fault."""

    step: str = Field(min_length=1, max_length=64)
    cluster: str | None = Field(None, max_length=128)
    """The name of the only cluster whose steps fail, there already or not."""
    reason: str | None = Field(None, max_length=1000)
    times: int | None = Field(None, ge=1, le=1_000_000)
    kind: Literal["error", "unavailable"] | None = None
    """`error` fails the step; `unavailable` makes it try again."""
    class_: FaultClass | None = Field(None, alias="class")
    """Whose the failure is to be."""

    def told(self) -> dict[str, Any]:
        """What was said, by the names that faults are known by."""
        names = ("step", "cluster", "reason", "times", "kind", "class")
        said = self.model_dump(by_alias=True, exclude_none=True)
        return {name: said[name] for name in names if name in said}


class FaultArmed(Document):
    """A fault as it is now."""

    id: str
    step: str
    cluster: str | None
    reason: str
    kind: Literal["error", "unavailable"]
    class_: FaultClass = Field(alias="class")
    remaining: int
    """How many times it still strikes."""
    scope: Literal["project", "server"]
    """`server` for one that the operator has armed, for all projects."""


class FaultsArmed(Document):
    """What can strike the jobs of a project."""

    faults: list[FaultArmed]
    may_arm: bool
    steps: list[str]


STREAM: Any = {
    "status_code": 200,
    "response_model": None,
    "responses": {
        200: {
            "description": "Server-sent events",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            name: {"type": "string"} for name in ("id", "event", "data")
                        },
                    }
                }
            },
        }
    },
}
"""How an operation is described that answers with server-sent events."""
