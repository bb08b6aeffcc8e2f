"""A collector of traces: OTLP over HTTP in JSON, and nothing that the protocol does not know."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/v1/traces"
_SPAN = {
    *("traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"),
    *("attributes", "events", "links", "status"),
}


@dataclass
class Collector:
    """A collector on a port of the loopback address."""

    port: int
    status: int = 200
    got: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    """Headers and bodies, as they came."""
    may_answer: threading.Event = field(default_factory=threading.Event)
    """While it is not set, nobody is answered."""

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is to say."""
        return f"http://127.0.0.1:{self.port}"

    def traces(self) -> dict[str, list[dict[str, Any]]]:
        """The spans of each trace, by their ids: what came later has overwritten what was there."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for _, body in list(self.got):
            for span in spans(body):
                found.setdefault(span["traceId"], {})[span["spanId"]] = span
        return {trace: list(each.values()) for trace, each in found.items()}

    def jobs(self) -> list[str]:
        """The uids of the top jobs that came, as often as they came."""
        return [
            told(span["attributes"])["clusterwright.job.uid"]
            for _, body in list(self.got)
            for span in spans(body)
            if "parentSpanId" not in span
        ]


def spans(body: Any) -> list[dict[str, Any]]:
    """The spans of a request. Raises AssertionError where it is not as the protocol says."""
    assert set(body) == {"resourceSpans"}
    found = []
    for resource in body["resourceSpans"]:
        assert told(resource["resource"]["attributes"])["service.name"]
        for scope in resource["scopeSpans"]:
            assert scope["scope"]["name"]
            found += scope["spans"]
    for span in found:
        assert set(span) <= _SPAN
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"])
        assert re.fullmatch("[0-9a-f]{16}", span["spanId"])
        assert 0 < int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span["status"]["code"] in (1, 2)
        for event in span["events"]:
            assert event["name"]
            assert int(event["timeUnixNano"]) > 0
            told(event["attributes"])
    return found


def told(attributes: Any) -> dict[str, Any]:
    """Attributes by their names."""
    found = {}
    for each in attributes:
        [(kind, value)] = each["value"].items()
        assert kind in ("stringValue", "boolValue", "intValue")
        found[each["key"]] = value
    return found


@contextmanager
def collecting(port: int = 0) -> Iterator[Collector]:
    """A collector at work inside the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = collector.status if self.path == PATH else 404
            if status == 200:
                spans(body)
                collector.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            collector.may_answer.wait()
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    collector = Collector(server.server_address[1])
    collector.may_answer.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        collector.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join()
