"""A reader of server-sent events, as a browser has one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.server_process import ServerProcess

Account = dict[str, str] | None


@dataclass(frozen=True)
class Sent:
    """One event as it was sent."""

    id: str
    kind: str
    data: Any


class Watcher:
    """One user of a server's first project, who listens."""

    def __init__(self, server: ServerProcess, token: str, *, account: Account = None) -> None:
        """``account`` is that of another server of the same database."""
        known = account or server.credentials
        self.project = f"/clusterwright/v1/projects/{known['project_id']}"
        self.http = httpx.Client(
            base_url=server.endpoint, headers={"X-Auth-Token": token}, timeout=60
        )

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def get(self, path: str, **query: Any) -> httpx.Response:
        """Read something of the project."""
        return self.http.get(f"{self.project}{path}", params=query)

    @contextmanager
    def listening(self, path: str, last: str = "") -> Iterator[Iterator[Sent]]:
        """The events of a stream that is open: whatever happens inside the block is among them.

        They raise httpx.TransportError when it breaks off.
        """
        headers = {"Last-Event-ID": last} if last else {}
        with self.http.stream("GET", f"{self.project}{path}", headers=headers) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["Content-Type"] == "text/event-stream"
            yield parsed(answer.iter_lines())

    def stream(self, path: str, last: str = "") -> Iterator[Sent]:
        """The events of a stream until it ends. Raises httpx.TransportError when it breaks off."""
        with self.listening(path, last) as events:
            yield from events


def parsed(lines: Iterator[str]) -> Iterator[Sent]:
    """The events in the lines of a stream; comments and pauses left out."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif not line and "data" in fields:
            yield Sent(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}
