"""How fast clusters are created: one alone until its job is Success, and many at once.

Clusters are created at pace 0 on SQLite, whose every commit waits for the disk: first one at a
time, from `POST` to the job's `Success`, then 1,000 with 16 requests at a time. The engine works
on the jobs meanwhile, on the same core.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import typer

from bench import processes, report
from bench.report import Aim, Output
from bench.targets import token
from tests.clients import cluster_walk

POLL_SECONDS = 0.002
AIMS = (
    Aim("create -> Success, median ms", most=30),
    Aim("creates per second", least=400),
    Aim("processor time, from create to Success, ms", most=5),
)


class Client:
    """The public API, with a token."""

    def __init__(self, http: httpx.AsyncClient, project_id: str) -> None:
        self._http = http
        self._project = f"/api/v3/projects/{project_id}"

    async def create(self, name: str) -> str:
        """Create a cluster; returns its job's uid.

        Raises RuntimeError unless the answer is a 201.
        """
        answer = await self._http.post(f"{self._project}/clusters", json=cluster_walk.body(name))
        if answer.status_code != 201:
            raise RuntimeError(f"Answered {answer.status_code}: {answer.text}")
        job: str = answer.json()["status"]["jobID"]
        return job

    async def succeed(self, job: str) -> None:
        """Return when a job is Success. Raises RuntimeError when it has failed."""
        while True:
            status = (await self._http.get(f"{self._project}/jobs/{job}")).json()["status"]
            match status["phase"]:
                case "Success":
                    return
                case "Failed":
                    raise RuntimeError(status["reason"])
            await asyncio.sleep(POLL_SECONDS)


def main(
    alone: Annotated[int, typer.Option(help="Clusters created one after the other.")] = 50,
    clusters: Annotated[int, typer.Option(help="Clusters created at once.")] = 1000,
    concurrency: Annotated[int, typer.Option(help="Requests at the same time.")] = 16,
    quick: Annotated[bool, typer.Option("--quick", help="10 and 100 clusters.")] = False,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure CreateCluster on SQLite at pace 0."""
    if quick:
        alone, clusters = 10, 100
    processes.stay_on_client_core()
    with (
        tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch,
        processes.clusterwright(Path(scratch) / "data", pace=0) as server,
    ):
        headers = {"X-Auth-Token": token(server)}

        async def run() -> tuple[list[float], float, float, float]:
            async with httpx.AsyncClient(base_url=server.endpoint, headers=headers) as http:
                client = Client(http, server.credentials["project_id"])
                waits = [await _one(client, f"alone-{number}") for number in range(alone)]
                before = processes.cpu_seconds(server.pid)
                creates, jobs = await _many(client, clusters, concurrency)
                used = processes.cpu_seconds(server.pid) - before
                return waits, creates, jobs, used / clusters

        waits, creates, jobs, cpu = asyncio.run(run())
    rows = [
        {"figure": "create -> Success, median ms", "value": statistics.median(waits) * 1e3},
        {"figure": "create -> Success, slowest ms", "value": max(waits) * 1e3},
        {"figure": "creates per second", "value": creates},
        {"figure": "jobs per second, from first create to last Success", "value": jobs},
        {"figure": "processor time, from create to Success, ms", "value": cpu * 1e3},
    ]
    about = report.conditions(alone=alone, clusters=clusters, concurrency=concurrency)
    report.show(output, about, rows, AIMS)


async def _one(client: Client, name: str) -> float:
    begin = time.perf_counter()
    await client.succeed(await client.create(name))
    return time.perf_counter() - begin


async def _many(client: Client, count: int, concurrency: int) -> tuple[float, float]:
    """Clusters created per second, and jobs that ended per second."""
    names = iter([f"many-{number}" for number in range(count)])
    jobs: list[str] = []

    async def worker(names: Iterator[str]) -> None:
        jobs.extend([await client.create(name) for name in names])

    begin = time.perf_counter()
    await asyncio.gather(*(worker(names) for _ in range(concurrency)))
    created = time.perf_counter() - begin
    for job in jobs:
        await client.succeed(job)
    return count / created, count / (time.perf_counter() - begin)


if __name__ == "__main__":
    typer.run(main)
