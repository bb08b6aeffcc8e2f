"""How long a start takes until the first 200, and what an idle server holds in memory.

A server is started five times on an existing data folder, with compiled bytecode present: the
median time from `exec` to the first 200, and the processor time until then; then again to the
first list of clusters, which goes through the framework. Idle memory is that of all its processes
after 5 s without a request; PSS counts shared pages in parts.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bench import processes, report, targets
from bench.report import Aim, Output
from tests.server_process import START_SECONDS, ServerProcess

IDLE_SECONDS = 5
AIMS = (
    Aim("start to first 200, s", most=0.5),
    Aim("idle memory (PSS), MiB", most=90),
)
_PROBE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def main(
    starts: Annotated[int, typer.Option(help="Starts; the median counts.", min=1)] = 5,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure start and idle memory on a data folder that exists already."""
    processes.stay_on_client_core()
    with tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch:
        data = Path(scratch) / "data"
        # The first start makes the schema, the first account and the compiled code.
        with processes.clusterwright(data) as server:
            listed = _list_of_clusters(server)
        times, used, lists = [], [], []
        for _ in range(starts):
            with _started(server, _PROBE) as (pid, seconds):
                times.append(seconds)
                used.append(processes.cpu_seconds(pid))
        for _ in range(starts):
            with _started(server, listed) as (_, seconds):
                lists.append(seconds)
        with _started(server, _PROBE) as (pid, _):
            time.sleep(IDLE_SECONDS)
            rss, pss = processes.memory(pid)
    mib = 2**20
    figures = [
        ("start to first 200, s", statistics.median(times)),
        ("slowest start, s", max(times)),
        ("start to the first list of clusters, s", statistics.median(lists)),
        ("processor time of a start, s", statistics.median(used)),
        ("idle memory (PSS), MiB", pss / mib),
        ("idle memory (RSS), MiB", rss / mib),
    ]
    rows = [{"figure": name, "value": value} for name, value in figures]
    report.show(output, report.conditions(starts=starts), rows, AIMS)


def _list_of_clusters(server: ServerProcess) -> bytes:
    """A request that goes through the framework, by a token that outlives this start."""
    path = f"/api/v3/projects/{server.credentials['project_id']}/clusters"
    token = f"X-Auth-Token: {targets.token(server)}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{token}Connection: close\r\n\r\n".encode()


@contextmanager
def _started(server: ServerProcess, request: bytes) -> Iterator[tuple[int, float]]:
    """A server just started: its process id, and the seconds until it answered the request."""
    begin = time.perf_counter()
    with processes.server_core():
        process = subprocess.Popen(
            [sys.executable, "-m", "clusterwright", "serve"],
            env=os.environ | server.variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        while not _answers(server.port, request):
            if process.poll() is not None or time.perf_counter() - begin > START_SECONDS:
                raise RuntimeError("The server does not start.")
            time.sleep(0.002)
        yield process.pid, time.perf_counter() - begin
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(port: int, request: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as probe:
            probe.sendall(request)
            return probe.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


if __name__ == "__main__":
    typer.run(main)
