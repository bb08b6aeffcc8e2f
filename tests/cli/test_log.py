"""The log keeps every line and does not repeat a trace without end."""

import io
import logging
from collections.abc import Iterator

import pytest

from clusterwright import telemetry


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger named ``traces`` writes."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(telemetry.FieldsFormatter())
    handler.addFilter(telemetry.TraceLimit())
    logger = logging.getLogger("traces")
    logger.addHandler(handler)
    logger.propagate = False
    yield text
    logger.removeHandler(handler)


def fail(kind: type[Exception]) -> None:
    """Log one failure, from one line for each kind."""
    try:
        raise kind("out of order")
    except kind:
        logging.getLogger("traces").exception("failing")


def test_the_same_trace_is_written_a_few_times_and_then_counted(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("clusterwright.telemetry.time.monotonic", lambda: now)

    for _ in range(100):
        fail(ValueError)
    fail(KeyError)
    now += telemetry.PERIOD
    fail(ValueError)

    text = written.getvalue()
    lines = [line for line in text.splitlines() if "ERROR traces: failing" in line]
    assert len(lines) == 102
    assert text.count("Traceback") == telemetry.TRACES + 1 + 1
    assert lines[50].endswith("error='ValueError: out of order'")
    assert lines[-1].endswith(f"traces_held_back={100 - telemetry.TRACES}")


def test_a_flood_of_different_traces_does_not_grow_without_end() -> None:
    limit = telemetry.TraceLimit()

    for number in range(2000):
        kind = type(f"Error{number}", (Exception,), {})
        record = logging.makeLogRecord({"exc_info": (kind, kind("x"), None)})
        limit.filter(record)

    assert len(limit._seen) <= 1000
