"""How long a start takes until the first 200, and what an idle server holds in memory.

Run as ``python -m bench.start_up``; bench/README.md says what the figures mean.
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

from bench import processes, report
from bench.report import Output
from tests.server_process import START_SECONDS, ServerProcess

IDLE_SECONDS = 5
_PROBE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def main(
    starts: Annotated[int, typer.Option(help="Starts; the median counts.", min=1)] = 5,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure start and idle memory on a data folder that exists already."""
    processes.stay_on_client_core()
    with tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch:
        data = Path(scratch) / "data"
        with processes.clusterwright(data) as server:
            pass  # makes the schema, the first account and the compiled code
        times, used = [], []
        for _ in range(starts):
            with _started(server) as (pid, seconds):
                times.append(seconds)
                used.append(processes.cpu_seconds(pid))
        with _started(server) as (pid, _):
            time.sleep(IDLE_SECONDS)
            rss, pss = processes.memory(pid)
    rows = [
        {"figure": "start to first 200, s", "value": statistics.median(times), "aim": "< 1"},
        {"figure": "slowest start, s", "value": max(times), "aim": None},
        {"figure": "processor time of a start, s", "value": statistics.median(used), "aim": None},
        {"figure": "idle memory (PSS), MiB", "value": pss / 2**20, "aim": "< 120"},
        {"figure": "idle memory (RSS), MiB", "value": rss / 2**20, "aim": None},
    ]
    report.show(output, report.conditions(starts=starts), rows)


@contextmanager
def _started(server: ServerProcess) -> Iterator[tuple[int, float]]:
    """A server just started: its process id, and the seconds until it answered."""
    begin = time.perf_counter()
    with processes.server_core():
        process = subprocess.Popen(
            [sys.executable, "-m", "clusterwright", "serve"],
            env=os.environ | server.variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        while not _answers(server.port):
            if process.poll() is not None or time.perf_counter() - begin > START_SECONDS:
                raise RuntimeError("The server does not start.")
            time.sleep(0.002)
        yield process.pid, time.perf_counter() - begin
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as probe:
            probe.sendall(_PROBE)
            return probe.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


if __name__ == "__main__":
    typer.run(main)
