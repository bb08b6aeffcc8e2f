"""The documents of jobs as people read them; declared for the API's own description."""

from typing import Any, Literal

from pydantic import Field

from clusterwright.document import Document


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
