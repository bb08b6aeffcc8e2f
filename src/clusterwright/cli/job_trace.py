"""A job that has ended as one trace of OpenTelemetry, sent to where its standard variables say.

The protocol is OTLP over HTTP in JSON, which every collector takes on the port where it takes the
binary one. The job is the trace, each step that began a span, what happened to it an event of its
span. All ids follow from the job's, so that sending it twice tells nothing twice.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from clusterwright.cli.output import Document

SERVICE = "clusterwright"
SCOPE = {"name": "clusterwright.jobs"}
_TIMEOUT_MS = 10_000
_INTERNAL = 1
_OK, _ERROR = 1, 2


class CannotExport(Exception):
    """The trace cannot be sent; the text tells why and what to do."""


def send(job: Document, happened: Sequence[Document], variables: Mapping[str, str]) -> str:
    """Send a job's trace and return where it went. Raises CannotExport."""
    url = _endpoint(variables)
    import httpx  # slow to load

    try:
        answer = httpx.post(
            url,
            content=json.dumps(trace(job, happened, variables)),
            headers={"Content-Type": "application/json", **_pairs(_of(variables, "HEADERS"))},
            timeout=int(_of(variables, "TIMEOUT") or _TIMEOUT_MS) / 1000,
            verify=_authorities(variables),
        )
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise CannotExport(f"{url} cannot be reached: {error}") from error
    if not answer.is_success:
        said = " ".join(answer.text.split())[:200]
        raise CannotExport(f"{url} answered {answer.status_code}: {said or answer.reason_phrase}")
    return url


def _of(variables: Mapping[str, str], name: str) -> str:
    """A setting of the exporter: that of traces, else that of all signals."""
    prefix = "OTEL_EXPORTER_OTLP_"
    return variables.get(f"{prefix}TRACES_{name}") or variables.get(f"{prefix}{name}") or ""


def _endpoint(variables: Mapping[str, str]) -> str:
    protocol = _of(variables, "PROTOCOL")
    if protocol and not protocol.startswith("http/"):
        raise CannotExport(
            f"Only OTLP over HTTP is spoken here, and OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}."
            " Set it to http/json, and the endpoint to the collector's port for HTTP, often 4318."
        )
    if exact := variables.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return exact
    if base := variables.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return f"{base.rstrip('/')}/v1/traces"
    raise CannotExport("Set OTEL_EXPORTER_OTLP_ENDPOINT, for example to http://localhost:4318.")


def _authorities(variables: Mapping[str, str]) -> Any:
    import ssl

    file = _of(variables, "CERTIFICATE")
    return ssl.create_default_context(cafile=file) if file else True


def _pairs(text: str) -> dict[str, str]:
    """``a=1,b=2`` as the standard writes headers and attributes, with escapes as in URLs."""
    parts = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in parts}


def trace(
    job: Document, happened: Sequence[Document], variables: Mapping[str, str]
) -> dict[str, Any]:
    """The body of the request."""
    named = {"service.name": SERVICE, **_pairs(variables.get("OTEL_RESOURCE_ATTRIBUTES", ""))}
    if service := variables.get("OTEL_SERVICE_NAME"):
        named["service.name"] = service
    spans = list(_spans(job, happened))
    scoped = [{"scope": SCOPE, "spans": spans}]
    return {
        "resourceSpans": [{"resource": {"attributes": _attributes(named)}, "scopeSpans": scoped}]
    }


def _spans(job: Document, happened: Sequence[Document]) -> Iterator[dict[str, Any]]:
    trace_id = _trace_id(job["uid"])
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
            "attributes": _attributes(_told(job, step)),
            "events": list(_events(step["uid"], happened)),
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


def _events(uid: str, happened: Sequence[Document]) -> Iterator[dict[str, Any]]:
    for event in happened:
        at = _nanoseconds(event["at"])
        for change in event["changes"]:
            if change["uid"] == uid:
                told: dict[str, object] = {"clusterwright.job.phase": change["phase"]}
                yield {"timeUnixNano": at, "name": "phase", "attributes": _attributes(told)}
        for message in event["messages"]:
            if message["uid"] == uid:
                told = {"level": message["level"], "message": message["text"]}
                yield {"timeUnixNano": at, "name": "message", "attributes": _attributes(told)}


def _status(step: Document) -> dict[str, Any]:
    if step["phase"] == "Success":
        return {"code": _OK}
    return {"code": _ERROR, "message": step["reason"] or ""}


def _attributes(found: Mapping[str, object]) -> list[dict[str, Any]]:
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
