"""How far a workflow is, which its tasks tell, and how it reads."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any

from clusterwright import clock
from clusterwright.cce.upgrades.store import Task, TaskPhase, TaskType, Workflow


class Phase(StrEnum):
    """The words of a workflow's ``status.phase``."""

    INIT = "Init"
    RUNNING = "Running"
    SUCCESS = "Success"
    CANCEL = "Cancel"


_NEEDED = (TaskType.CLUSTER, TaskType.POST_CHECK)
"""The stations that a workflow cannot end without."""


def phase(workflow: Workflow, tasks: Sequence[Task]) -> Phase:
    """How far a workflow is; its tasks come newest first."""
    if workflow.cancelled:
        return Phase.CANCEL
    newest = _newest(tasks)
    if all(t in newest and newest[t].phase is TaskPhase.SUCCESS for t in _NEEDED):
        return Phase.SUCCESS
    return Phase.RUNNING if newest else Phase.INIT


def is_over(workflow: Workflow, tasks: Sequence[Task]) -> bool:
    """Whether no task can join any more."""
    return phase(workflow, tasks) in (Phase.SUCCESS, Phase.CANCEL)


def _newest(tasks: Sequence[Task]) -> dict[TaskType, Task]:
    return {task.type: task for task in reversed(tasks)}


def document(workflow: Workflow, tasks: Sequence[Task]) -> dict[str, Any]:
    """The workflow as clients read it; its tasks come newest first."""
    newest = _newest(tasks)
    lines = [
        {
            "startPoint": {"taskType": start},
            "endPoint": {"taskType": end},
            "critical": end in _NEEDED,
        }
        for start, end in pairwise(TaskType)
    ]
    return {
        "kind": "WorkFlowTask",
        "apiVersion": "v3",
        "metadata": {"uid": workflow.uid, "name": workflow.uid},
        "spec": workflow.spec,
        "status": {
            "phase": phase(workflow, tasks),
            "pointStatuses": [_point(type, newest.get(type)) for type in TaskType],
            "lineStatuses": lines,
        },
    }


def _point(type: TaskType, task: Task | None) -> dict[str, Any]:
    if task is None:
        return {"taskType": type, "status": TaskPhase.INIT}
    point = {
        "taskType": type,
        "taskID": task.uid,
        "status": task.phase,
        "startTimeStamp": clock.timestamp(task.created_at),
    }
    if task.phase.is_final:
        point["endTimeStamp"] = clock.timestamp(task.updated_at)
    return point
