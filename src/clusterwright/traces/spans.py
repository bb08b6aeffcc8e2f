"""A job that has ended as one trace: the job is the trace, each step that began a span.

What happened to a step is an event of its span. All ids follow from the job's, so that whoever
sends it, and however often, tells nothing twice.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Document = Mapping[str, Any]
"""A job in full, or an event of it, as this server's own routes tell them."""

SCOPE = {"name": "clusterwright.jobs"}
_INTERNAL = 1
_OK, _ERROR = 1, 2


def request(resource: Sequence[Document], spans: Sequence[Any]) -> dict[str, Any]:
    """The body of a request to a collector; ``resource`` tells the attributes of the sender."""
    scoped = [{"scope": SCOPE, "spans": spans}]
    return {"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": scoped}]}


def spans_of(job: Document, happened: Iterable[Document]) -> Iterator[dict[str, Any]]:
    """The spans of a job, the job's own first; steps that never began have none."""
    trace_id = _trace_id(job["uid"])
    events = _events(happened)
    for step in job["steps"]:
        # Steps that a failure left undone have no time of their own.
        if not step["startedAt"] or not step["endedAt"]:
            continue
        is_top = step["uid"] == job["uid"]
        span = {
            "traceId": trace_id,
            "spanId": _span_id(step["uid"]),
            "name": step["type"],
            "kind": _INTERNAL,
            "startTimeUnixNano": _nanoseconds(step["startedAt"]),
            "endTimeUnixNano": _nanoseconds(step["endedAt"]),
            "attributes": attributes(_told(job, step)),
            "events": events.get(step["uid"], []),
            "status": _status(step),
        }
        if not is_top:
            span["parentSpanId"] = _span_id(step["parentUID"])
        elif job["continues"]:
            before = {"traceId": _trace_id(job["continues"]), "spanId": _span_id(job["continues"])}
            span["links"] = [before]
        yield span


def _told(job: Document, step: Document) -> dict[str, object]:
    found: dict[str, object] = {
        "clusterwright.job.uid": step["uid"],
        "clusterwright.job.phase": step["phase"],
        "clusterwright.job.attempt": step["attempt"],
        "clusterwright.cluster.uid": job["clusterUID"],
        "clusterwright.resource.uid": step["resourceID"],
        "clusterwright.resource.name": step["resourceName"],
    }
    if cause := step["cause"]:
        found |= {
            "error.type": cause["class"],
            "clusterwright.cause.code": cause["code"],
            "clusterwright.cause.action": cause["action"],
            "clusterwright.cause.retryable": cause["retryable"],
        }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _events(happened: Iterable[Document]) -> dict[str, list[dict[str, Any]]]:
    """What happened to each job of a tree, oldest first."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in happened:
        at = _nanoseconds(event["at"])
        for change in event["changes"]:
            told: dict[str, object] = {"clusterwright.job.phase": change["phase"]}
            found[change["uid"]].append(
                {"timeUnixNano": at, "name": "phase", "attributes": attributes(told)}
            )
        for message in event["messages"]:
            told = {"level": message["level"], "message": message["text"]}
            found[message["uid"]].append(
                {"timeUnixNano": at, "name": "message", "attributes": attributes(told)}
            )
    return dict(found)


def _status(step: Document) -> dict[str, Any]:
    if step["phase"] == "Success":
        return {"code": _OK}
    return {"code": _ERROR, "message": step["reason"] or ""}


def attributes(found: Mapping[str, object]) -> list[dict[str, Any]]:
    """Names and values as the protocol writes them."""
    return [{"key": name, "value": _value(value)} for name, value in found.items()]


def _value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case _:
            return {"stringValue": str(value)}


def _trace_id(uid: str) -> str:
    return hashlib.sha256(f"trace {uid}".encode()).hexdigest()[:32]


def _span_id(uid: str) -> str:
    return hashlib.sha256(f"span {uid}".encode()).hexdigest()[:16]


def _nanoseconds(timestamp: str) -> str:
    """A time as the protocol writes it; whole microseconds, without a detour over a float."""
    since = datetime.fromisoformat(timestamp) - datetime(1970, 1, 1, tzinfo=UTC)
    return str(((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000)
