"""Every job that ends reaches the collector of the standard variables, whatever was away."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from clusterwright.traces import exporter
from clusterwright.traces.collector import CannotExport, collector, is_wanted
from tests.api.cloud import open_cloud
from tests.api.test_live import created, extension
from tests.collector import collecting, told
from tests.kit import PATIENCE, until_async
from tests.server_process import KeptPort

SECRET = "a-secret-of-ours"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and try again soon."""
    monkeypatch.setattr(exporter, "PERIOD", 0.05)
    monkeypatch.setattr(exporter, "LONGEST_PAUSE", 0.1)


@pytest.fixture
def send_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have servers that are opened later send traces somewhere."""

    def send(endpoint: str, **variables: str) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return send


async def test_a_job_that_ends_is_sent_as_a_trace_by_itself(
    tmp_path: Path, database_url: str, send_to: Callable[..., None]
) -> None:
    with collecting() as there:
        send_to(
            there.endpoint,
            OTEL_EXPORTER_OTLP_HEADERS=f"api-key={SECRET}",
            OTEL_SERVICE_NAME="ours",
        )
        async with open_cloud(tmp_path, database=database_url) as cloud:
            _, job = await created(cloud)
            await until_async("it has arrived", lambda: job in there.jobs())
            shown = await cloud.call("GET", f"{extension(cloud)}/jobs/{job}", expect=200)
            happened = await cloud.call("GET", f"{extension(cloud)}/jobs/{job}/events", expect=200)

        [trace] = [
            each
            for each in there.traces().values()
            if told(each[0]["attributes"])["clusterwright.job.uid"] == job
        ]
        headers, body = there.got[-1]
    assert [span["name"] for span in trace] == [step["type"] for step in shown["steps"]]
    assert {span["status"]["code"] for span in trace} == {1}
    assert {span.get("parentSpanId") for span in trace} == {None, trace[0]["spanId"]}
    changes = sum(len(event["changes"]) for event in happened["events"])
    assert sum(len(span["events"]) for span in trace) == changes
    assert headers["api-key"] == SECRET
    assert told(body["resourceSpans"][0]["resource"]["attributes"]) == {"service.name": "ours"}


async def test_what_ended_while_nobody_collected_is_sent_later_and_told_once_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, send_to: Callable[..., None]
) -> None:
    caplog.set_level(logging.DEBUG)
    kept = KeptPort()
    port = kept.number
    send_to(f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_HEADERS=f"api-key={SECRET}")
    async with open_cloud(tmp_path) as cloud:
        jobs = [(await created(cloud))[1] for _ in range(3)]
        await until_async("it was tried", lambda: "waiting for the collector" in caplog.text)
        await asyncio.sleep(0.5)
        await cloud.call("GET", "/readyz", expect=200)
    with collecting(port) as there:
        there.status = 503
        async with open_cloud(tmp_path) as cloud:
            jobs.append((await created(cloud))[1])
            await asyncio.sleep(0.3)
            there.status = 200
            await until_async("all have arrived", lambda: set(jobs) <= set(there.jobs()))
            await until_async("it is told", lambda: "sending traces again" in caplog.text)

    assert caplog.text.count("waiting for the collector of traces") == 2  # once in each life
    assert SECRET not in caplog.text
    assert len(there.traces()) == len(set(there.jobs()))


async def test_a_trace_that_is_refused_or_too_old_keeps_no_other(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    send_to: Callable[..., None],
) -> None:
    with collecting() as there:
        send_to(there.endpoint)
        async with open_cloud(tmp_path) as cloud:
            there.status = 400
            _, refused = await created(cloud)
            await until_async(
                "it was refused", lambda: "leaving out a trace that is ref" in caplog.text
            )
            there.status = 200
            monkeypatch.setattr(exporter, "OLDEST", -1.0)
            _, old = await created(cloud)
            await until_async("it was too old", lambda: "that are too old" in caplog.text)
            monkeypatch.setattr(exporter, "OLDEST", 3600.0)
            _, good = await created(cloud)
            await until_async("it has arrived", lambda: good in there.jobs())

        assert {refused, old}.isdisjoint(there.jobs())


async def test_a_collector_that_takes_its_time_does_not_hold_up_the_chore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, send_to: Callable[..., None]
) -> None:
    rounds, work = 0, exporter.Exporter.work

    async def counted(self: exporter.Exporter) -> None:
        nonlocal rounds
        await work(self)
        rounds += 1

    monkeypatch.setattr(exporter.Exporter, "work", counted)
    with collecting() as there:
        send_to(there.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT=str(int(PATIENCE * 1000)))
        there.may_answer.clear()
        async with open_cloud(tmp_path) as cloud:
            _, job = await created(cloud)
            await until_async("it is asked", lambda: there.jobs())
            before = rounds
            await until_async("the chore is done again", lambda: rounds > before + 2)
            asked = there.jobs()
            there.may_answer.set()
            _, later = await created(cloud)
            await until_async("the next one has arrived", lambda: later in there.jobs())

        assert asked == [job]
        assert there.jobs() == [job, later]


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_say_whether(variables: dict[str, str], wanted: bool) -> None:
    assert is_wanted(variables) is wanted


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PROTOCOL", "grpc", "http/json"),
        ("ENDPOINT", "localhost:4318", "http://"),
        ("ENDPOINT", "http://a:99999", "http://"),
        ("TIMEOUT", "soon", "milliseconds"),
        ("HEADERS", f"key={SECRET}%0a", "the value of key"),
        ("HEADERS", f"a b={SECRET}", "cannot be"),
    ],
)
async def test_wrong_variables_are_told_without_secrets_and_the_server_starts(
    name: str,
    value: str,
    told: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    send_to: Callable[..., None],
) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", f"OTEL_EXPORTER_OTLP_{name}": value}

    with pytest.raises(CannotExport, match=told) as caught:
        collector(variables)

    assert SECRET not in str(caught.value)
    if name == "HEADERS":
        send_to("http://a", OTEL_EXPORTER_OTLP_HEADERS=value)
        async with open_cloud(tmp_path) as cloud:
            await cloud.call("GET", "/readyz", expect=200)
        assert "sending no traces" in caplog.text
        assert SECRET not in caplog.text
