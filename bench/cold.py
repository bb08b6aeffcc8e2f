"""How long others wait while somebody reads jobs that nobody has looked at.

A thousand jobs are read over 64 connections, alone and while somebody else reads, one after the
other, jobs that are neither in the server's memory nor in the kernel's. *Of alone* is the p99
alone divided by the p99 beside them. *At hand* are reads that the listener's own thread answers,
*in the loop* the same with a header that sends them there.
"""

import http.client
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import load, processes, report, targets
from bench.load import Figures, Request
from bench.report import Aim, Output
from bench.targets import Kind
from tests.server_process import ServerProcess

HOT = 1_000
"""Jobs that are read all the time."""
AIMS = [
    Aim(f"{how}, beside cold reads", "of alone", least=0.5) for how in ("at hand", "in the loop")
]


def main(
    jobs: Annotated[int, typer.Option(help="Stored jobs of 11 sub-jobs.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; medians count.", min=1)] = 5,
    seconds: Annotated[int, typer.Option(help="Length of a round.", min=1)] = 3,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the SQLite database here, and use it again.")
    ] = None,
) -> None:
    """Measure reads of a few jobs, alone and beside reads of jobs that are only on the disk."""
    processes.stay_on_client_core()
    with (
        tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch,
        targets.product(Kind.SQLITE, jobs, folder or Path(scratch)) as (server, stored, _),
    ):
        path = f"/api/v3/projects/{server.credentials['project_id']}/jobs/"
        headers = {"Host": f"127.0.0.1:{server.port}", "X-Auth-Token": targets.token(server)}
        # The edge takes what has a body, be it empty, for something that may have to wait.
        kinds = {"at hand": headers, "in the loop": headers | {"Content-Length": "0"}}
        cold = Cold(server, lambda: path + stored.uid(random.randrange(HOT, jobs)), headers)
        requests = Path(scratch) / "requests"
        rows: list[dict[str, Any]] = []
        for name, asked in kinds.items():
            load.store((Request(path + stored.uid(n), asked) for n in range(HOT)), requests)

            def measure() -> Figures:
                return load.measure(server.port, requests, seconds, pid=server.pid)

            measure()  # which brings them into memory
            alone, beside = [], []
            for _ in range(rounds):
                alone.append(measure())
                with cold.read():
                    beside.append(measure())
            rows += _rows(name, load.median(alone), load.median(beside))
    about = report.conditions(
        jobs=f"{jobs:,}",
        rounds=f"{rounds} x {seconds} s",
        connections=load.CONNECTIONS,
        generator=load.generator(),
        cold=f"{len(cold.waits):,} reads, median {statistics.median(cold.waits):.2f} ms,"
        f" slowest {max(cold.waits):.1f} ms",
    )
    report.show(output, about, rows, AIMS)


class Cold:
    """Somebody who reads jobs that nobody has looked at, one after the other."""

    def __init__(
        self, server: ServerProcess, choose: Callable[[], str], headers: dict[str, str]
    ) -> None:
        self.waits: list[float] = []
        """Milliseconds."""
        self._server = server
        self._choose = choose
        self._headers = headers

    @contextmanager
    def read(self) -> Iterator[None]:
        """Read during the block. Before it the kernel forgets what it knows of the database."""
        for file in self._server.data.glob("clusterwright.db*"):
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        over = threading.Event()
        reading = threading.Thread(target=self._run, args=(over,))
        reading.start()
        yield
        over.set()
        reading.join()

    def _run(self, over: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        while not over.is_set():
            begin = time.perf_counter()
            connection.request("GET", self._choose(), headers=self._headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"Answered {answer.status}.")
            self.waits.append((time.perf_counter() - begin) * 1e3)
        connection.close()


def _rows(name: str, alone: Figures, beside: Figures) -> Iterator[dict[str, Any]]:
    for when, figures in (("alone", alone), ("beside cold reads", beside)):
        yield {
            "jobs that are hot": f"{name}, {when}",
            "req/s": figures.rate,
            "p50 ms": figures.p50,
            "p99 ms": figures.p99,
            "of alone": alone.p99 / figures.p99,
        }


if __name__ == "__main__":
    typer.run(main)
