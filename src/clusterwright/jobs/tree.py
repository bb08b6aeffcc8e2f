"""A job tree as a value: who its jobs are, how far they are, and what moves them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clusterwright.drivers.causes import Cause


class JobPhase(StrEnum):
    """The four words a job's phase may be (API reference, 3.3)."""

    INITIALIZING = "Initializing"
    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows this phase."""
        return self in (JobPhase.SUCCESS, JobPhase.FAILED)

    def may_become(self, later: "JobPhase") -> bool:
        """Whether ``later`` lies ahead: phases only move forward."""
        return not self.is_final and later is not JobPhase.INITIALIZING and later is not self


@dataclass(frozen=True, slots=True)
class Target:
    """What a job acts on: the resource that its document names."""

    resource_id: str = ""
    resource_name: str = ""
    extend_param: Mapping[str, str] = field(default_factory=dict)


NOTHING = Target()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One node of a stored job tree. Ids, order and targets never change after submission."""

    uid: str
    root_uid: str
    parent_uid: str | None
    position: int
    """Place in the tree, counted depth first from 0, the top job."""
    type: str
    project_id: str
    cluster_uid: str
    target: Target
    phase: JobPhase
    reason: str
    created_at: int
    updated_at: int
    started_at: int | None = None
    """When it first went Running; None for what never did."""
    ended_at: int | None = None
    attempt: int = 1
    """Counts the jobs that have continued one another, this one included."""
    cause: Mapping[str, Any] | None = None
    """Of a failed job: the first thing that went wrong, as a JSON object for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A job tree as one worker holds it."""

    epoch: int
    jobs: tuple[Job, ...]
    """Depth first; the first is the top job."""
    arguments: Mapping[str, str]
    finished: bool
    driver: str = ""
    """Which driver works on it, as far as that is known."""

    @property
    def root(self) -> Job:
        """The top job."""
        return self.jobs[0]

    def leaves(self) -> list[Job]:
        """The jobs without sub-jobs: the steps."""
        parents = {job.parent_uid for job in self.jobs}
        return [job for job in self.jobs if job.uid not in parents]


class CancelMode(StrEnum):
    """When a job stops that was asked to."""

    NOW = "now"
    AFTER_STEP = "after-step"
    """Steps that are at work come to their end, and no other begins."""


@dataclass(frozen=True, slots=True)
class Stop:
    """That a job was asked to stop, and why."""

    reason: str
    mode: CancelMode


@dataclass(frozen=True, slots=True)
class Change:
    """A leaf that moves to another phase."""

    uid: str
    phase: JobPhase
    reason: str = ""
    cause: Mapping[str, Any] | None = None


def failure(step: Job, reason: str, cause: Cause) -> Change:
    """That a step has failed, and why, as people are told."""
    told = {
        "step": step.uid,
        "stepType": step.type,
        "class": cause.blame.value,
        "code": cause.code,
        "message": reason,
        "action": cause.action,
        "retryable": cause.retryable,
    }
    return Change(step.uid, JobPhase.FAILED, reason, told)
