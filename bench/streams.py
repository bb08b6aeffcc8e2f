"""What thousands of open streams of events cost, and how late an event comes.

Five streams of a project's events are opened and clusters created: the time from each event's own
time, which is before its commit, to its arrival. Then 5,000 are opened, and reads of a job
compared with those before.
"""

import asyncio
import json
import resource
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer

from bench import processes, report
from bench.create import Client
from bench.report import Aim, Output
from bench.targets import token
from tests.server_process import ServerProcess

READS = 3_000
QUIET_SECONDS = 2.0
"""For which a server is left alone before its memory is read."""
AIMS = (
    Aim("ShowJob beside the streams, of ShowJob without", least=0.9),
    Aim("memory (PSS) with the streams, MiB", most=250),
    Aim("p99 from commit to client, few streams, s", most=0.25),
)


class Listeners:
    """Open streams of everything that happens in a project."""

    def __init__(self, server: ServerProcess, text: str) -> None:
        path = f"/clusterwright/v1/projects/{server.credentials['project_id']}/events"
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {text}\r\n\r\n"
        self._request, self._port = head.encode(), server.port
        self._tasks: list[asyncio.Task[None]] = []
        self.open = 0
        self.delays: list[float] = []
        """Seconds from an event's time to its arrival, of every stream."""

    async def add(self, count: int) -> None:
        """Open so many more, and wait until they are."""
        wanted = self.open + count
        for number in range(count):
            self._tasks.append(asyncio.create_task(self._listen()))
            if number % 50 == 0:
                await asyncio.sleep(0.01)
        while self.open < wanted:  # noqa: ASYNC110  # many tell, one by one
            await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        writer.write(self._request)
        while line := await reader.readline():
            if line.startswith(b": open"):
                self.open += 1
            elif line.startswith(b"data:"):
                told = datetime.fromisoformat(json.loads(line[5:])["at"]).timestamp()
                self.delays.append(time.time() - told)

    def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()


def main(
    streams: Annotated[int, typer.Option(help="Streams open at the same time.", min=10)] = 5_000,
    events: Annotated[int, typer.Option(help="Clusters created while few listen.")] = 50,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure memory, reads beside the streams, and how late events come."""
    processes.stay_on_client_core()
    needed = streams + 500
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch:
        settings = {"pace": 0, "connections": needed}
        with processes.clusterwright(Path(scratch) / "data", **settings) as server:
            rows = asyncio.run(_measure(server, streams, events))
    report.show(output, report.conditions(streams=streams), rows, AIMS)


async def _measure(server: ServerProcess, streams: int, events: int) -> list[dict[str, object]]:
    text = token(server)
    async with httpx.AsyncClient(
        base_url=server.endpoint, headers={"X-Auth-Token": text}, timeout=60
    ) as http:
        client = Client(http, server.credentials["project_id"])
        job = await client.create("first")
        await client.succeed(job)
        path = f"/api/v3/projects/{server.credentials['project_id']}/jobs/{job}"
        alone = await _read(http, path)
        memory_alone = processes.memory(server.pid)[1]
        few = Listeners(server, text)
        await few.add(5)
        for number in range(events):
            await client.succeed(await client.create(f"few-{number}"))
        few.close()
        many = Listeners(server, text)
        await many.add(streams)
        await asyncio.sleep(QUIET_SECONDS)
        memory = processes.memory(server.pid)[1]
        beside = await _read(http, path)
        await client.succeed(await client.create("many"))
        while len(many.delays) < streams:  # noqa: ASYNC110  # many tell, one by one
            await asyncio.sleep(0.1)
        many.close()
    late = statistics.quantiles(few.delays, n=100)
    all_late = statistics.quantiles(many.delays, n=100)
    mib = 2**20
    figures: list[tuple[str, float]] = [
        ("memory (PSS) without streams, MiB", memory_alone / mib),
        ("memory (PSS) with the streams, MiB", memory / mib),
        ("ShowJob beside the streams, of ShowJob without", beside / alone),
        ("p50 from commit to client, few streams, s", late[49]),
        ("p99 from commit to client, few streams, s", late[98]),
        ("p50 from commit to client, all streams, s", all_late[49]),
        ("p99 from commit to client, all streams, s", all_late[98]),
    ]
    return [{"figure": name, "value": value} for name, value in figures]


async def _read(http: httpx.AsyncClient, path: str) -> float:
    """Reads of a job per second, one after the other; the best of three rounds."""
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(READS // 3):
            (await http.get(path)).raise_for_status()
        best = max(best, READS / 3 / (time.perf_counter() - began))
    return best


if __name__ == "__main__":
    typer.run(main)
