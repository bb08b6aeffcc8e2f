"""How jobs read for people: the JSON objects of answers. Times are RFC 3339, durations seconds."""

from collections.abc import Sequence
from typing import Any

import msgspec

from clusterwright import clock
from clusterwright.clock import rfc3339
from clusterwright.jobs import actions
from clusterwright.jobs.durations import WHOLE, Durations, Sample
from clusterwright.jobs.events import when
from clusterwright.jobs.plan import Registry
from clusterwright.jobs.tree import JobPhase
from clusterwright.live.store import Found
from clusterwright.web.routes import array


async def in_full(found: Found, durations: Durations, registry: Registry) -> bytes:
    """A job with its steps, as the JSON text that is sent."""
    top, tree = found.jobs[0], found.tree
    shares = _shares(found.jobs)
    is_root = top.parent_uid is None
    if is_root and found.progress is not None:
        shares[0] = round(found.progress, 4)
    document = {
        "uid": top.uid,
        "type": top.type,
        "clusterUID": top.cluster_uid,
        "resourceID": top.resource_id,
        "resourceName": top.resource_name,
        "phase": top.phase,
        "reason": top.reason,
        "revision": found.revision,
        "submittedAt": rfc3339(top.created_at),
        **_times(top),
        "progress": shares[0],
        "attempt": top.attempt,
        "continues": tree.continues if is_root else None,
        "continuedBy": tree.continued_by if is_root else None,
        "cancel": _cancelling(tree),
        "actions": _actions(found, registry),
        "cause": top.cause,
        "estimate": _estimate(found, durations),
        "steps": await array(
            step(row, share, _of_step(row, found, durations))
            for row, share in zip(found.jobs, shares, strict=True)
        ),
    }
    return msgspec.json.encode(document)


def _actions(found: Found, registry: Registry) -> dict[str, bool]:
    """What can be done with the job now."""
    top, job_type = found.jobs[0], registry.types.get(found.jobs[0].type)
    if top.parent_uid is not None:
        return {"cancel": False, "resume": False}
    phase = JobPhase(top.phase)
    return {
        "cancel": actions.may_cancel(job_type, phase),
        "resume": actions.may_resume(job_type, phase, found.tree.continued_by),
    }


def _cancelling(tree: Any) -> dict[str, Any] | None:
    if tree.cancel_mode is None:
        return None
    return {
        "mode": tree.cancel_mode,
        "reason": tree.cancel_reason or "",
        "requestedAt": when(tree.cancel_requested_at),
    }


def _times(row: Any) -> dict[str, Any]:
    return {
        "startedAt": when(row.started_at),
        "endedAt": when(row.ended_at),
        "duration": duration(row),
    }


def duration(row: Any) -> float | None:
    """Seconds from a job's beginning to its end; None where it lacks either."""
    if row.started_at is None or row.ended_at is None:
        return None
    return round(float(row.ended_at - row.started_at) / 1e9, 3)


def _sample(row: Any, found: Found, durations: Durations) -> Sample | None:
    name = WHOLE if row.parent_uid is None else row.type
    return durations.of(found.tree.type, found.tree.driver, name)


def _estimate(found: Found, durations: Durations) -> dict[str, Any] | None:
    """What jobs like this one took here, or None where too few have ended."""
    top = found.jobs[0]
    sample = _sample(top, found, durations)
    if sample is None:
        return None
    taken = 0.0
    if top.started_at is not None:
        taken = max((top.ended_at or clock.now()) - top.started_at, 0) / 1e9
    remaining = sample.remaining(taken) if top.ended_at is None else None
    return _seconds(sample) | {
        "remaining": None if remaining is None else round(remaining, 3),
        "slow": sample.is_slow(taken),
    }


def _of_step(row: Any, found: Found, durations: Durations) -> dict[str, Any] | None:
    sample = _sample(row, found, durations)
    return _seconds(sample) if sample else None


def _seconds(sample: Sample) -> dict[str, Any]:
    return {"p50": sample.p50, "p90": sample.p90, "samples": sample.count}


def step(row: Any, share: float, estimate: dict[str, Any] | None) -> dict[str, Any]:
    """One job of a tree."""
    return {
        "uid": row.uid,
        "parentUID": row.parent_uid,
        "type": row.type,
        "phase": row.phase,
        "reason": row.reason,
        **_times(row),
        "attempt": row.attempt,
        "progress": share,
        "resourceID": row.resource_id,
        "resourceName": row.resource_name,
        "cause": row.cause,
        "estimate": estimate,
    }


def _shares(rows: Sequence[Any]) -> list[float]:
    """How much of each job's own steps has succeeded."""
    places = {row.uid: place for place, row in enumerate(rows)}
    leaves, done = [0] * len(rows), [0] * len(rows)
    for place in reversed(range(len(rows))):
        row = rows[place]
        if not leaves[place]:
            leaves[place], done[place] = 1, row.phase == JobPhase.SUCCESS
        parent = places.get(row.parent_uid)
        if parent is not None:
            leaves[parent] += leaves[place]
            done[parent] += done[place]
    return [round(part / whole, 4) for part, whole in zip(done, leaves, strict=True)]


def in_list(row: Any) -> dict[str, Any]:
    """A top job as one row of a list."""
    succeeded = row.phase == JobPhase.SUCCESS
    return {
        "uid": row.uid,
        "type": row.type,
        "phase": row.phase,
        "reason": row.reason,
        "clusterUID": row.cluster_uid,
        "resourceID": row.resource_id,
        "resourceName": row.resource_name,
        "submittedAt": rfc3339(row.created_at),
        **_times(row),
        "progress": float(succeeded) if row.progress is None else round(row.progress, 4),
        "attempt": row.attempt,
        "cause": row.cause,
    }
