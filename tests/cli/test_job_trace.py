"""``clusterwright job export``: a job as a trace, at a collector that is a plain HTTP server."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from clusterwright.cli import job_trace
from clusterwright.cli.job_trace import CannotExport
from tests.cli.command_line import CommandLine
from tests.collector import Collector, collecting, told

pytestmark = pytest.mark.clients


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that listens."""
    with collecting() as collector:
        yield collector


def test_a_failed_job_is_a_trace_with_its_steps_events_and_cause(
    run: CommandLine, collector: Collector
) -> None:
    name = f"trace-{os.getpid()}"
    fault = ("InstallMaster", "--reason", "No servers.", "--class", "capacity", "--cluster", name)
    assert run("fault", "add", *fault).code == 0
    failed = run("cluster", "create", name, "-o", "json").document
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20secret",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
    }
    sender = CommandLine(run.home, run.variables | variables)

    ran = sender("job", "export", failed["metadata"]["uid"])
    again = sender("job", "export", failed["metadata"]["uid"], "-o", "json")

    assert (ran.code, ran.out) == (0, f"Sent to {collector.endpoint}/v1/traces.\n")
    (headers, sent), (_, repeated) = collector.got
    assert headers["api-key"] == "a secret"
    assert sent == repeated == again.document
    [resource] = sent["resourceSpans"]
    assert told(resource["resource"]["attributes"]) == {
        "service.name": "clusterwright",
        "deployment.environment.name": "test",
    }
    top, first, second = resource["scopeSpans"][0]["spans"]
    assert [each["name"] for each in (top, first, second)] == [
        "CreateCluster",
        "CreatePSMCert",
        "InstallMaster",
    ]
    assert "parentSpanId" not in top
    assert {each["parentSpanId"] for each in (first, second)} == {top["spanId"]}
    assert {each["traceId"] for each in (first, second)} == {top["traceId"]}
    assert int(top["startTimeUnixNano"]) <= int(second["startTimeUnixNano"])
    assert int(second["endTimeUnixNano"]) <= int(top["endTimeUnixNano"])
    assert (first["status"]["code"], second["status"]["code"]) == (1, 2)
    assert second["status"]["message"] == "No servers."
    assert told(second["attributes"])["error.type"] == "capacity"
    phases = [told(each["attributes"]) for each in second["events"] if each["name"] == "phase"]
    assert [each["clusterwright.job.phase"] for each in phases] == ["Running", "Failed"]


def test_a_resumed_job_is_linked_to_the_one_that_it_continues() -> None:
    step = {
        "uid": "new",
        "parentUID": None,
        "type": "CreateCluster",
        "phase": "Success",
        "reason": "",
        "startedAt": "2026-01-02T03:04:05.000001Z",
        "endedAt": "2026-01-02T03:04:06Z",
        "attempt": 2,
        "resourceID": "",
        "resourceName": "",
        "cause": None,
    }
    undone = step | {"uid": "undone", "parentUID": "new", "startedAt": None, "endedAt": None}
    job = {"uid": "new", "clusterUID": "", "continues": "old", "steps": [step, undone]}

    [span] = job_trace.trace(job, (), {})["resourceSpans"][0]["scopeSpans"][0]["spans"]
    old = job | {"uid": "old", "continues": None, "steps": [step | {"uid": "old"}]}
    [before] = job_trace.trace(old, (), {})["resourceSpans"][0]["scopeSpans"][0]["spans"]

    assert span["links"] == [{"traceId": before["traceId"], "spanId": before["spanId"]}]
    assert span["startTimeUnixNano"] == "1767323045000001000"
    assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)


@pytest.mark.parametrize(
    ("variables", "advice"),
    [
        ({}, "Set OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "Set it to http/json"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, "cannot be reached"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "nonsense"}, "cannot be reached"),
    ],
)
def test_what_stands_in_the_way_is_told(variables: dict[str, str], advice: str) -> None:
    job: dict[str, Any] = {"uid": "new", "continues": None, "steps": []}

    with pytest.raises(CannotExport, match=advice):
        job_trace.send(job, (), variables)


def test_a_refusal_of_the_collector_is_told(collector: Collector) -> None:
    job: dict[str, Any] = {"uid": "new", "continues": None, "steps": []}
    wrong = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.endpoint}/elsewhere"}

    with pytest.raises(CannotExport, match="answered 404"):
        job_trace.send(job, (), wrong)
