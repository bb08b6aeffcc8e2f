"""A fleet through the public API: many clusters with nodes, two kill -9, nothing left over.

Clusters of 10 nodes are created at pace 0 on SQLite, 16 requests at a time, and the server is
killed twice in the middle; every acknowledged job must end in `Success`. Told are the seconds from
the first request on, the resident memory, and how long it takes to show one cluster and to list
all, to the last byte: showing one stays flat, listing grows with what it returns.
"""

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from bench import processes, report
from bench.report import Aim, Output
from tests.kit import cluster_body, log_in_body
from tests.server_process import ServerProcess

CONCURRENCY = 16
SAMPLES = 200
"""Requests behind each latency figure."""
PATIENCE = 3600
"""Seconds after which a job that has not ended counts as lost."""
FINAL = ("Success", "Failed")


@dataclass
class Account:
    """A client of the server under test, which outlives the server's restarts."""

    server: ServerProcess
    client: httpx.AsyncClient
    jobs: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, server: ServerProcess) -> "Account":
        """Log in with a token of the server's first project."""
        known = server.credentials
        client = httpx.AsyncClient(base_url=server.endpoint, timeout=120)
        answer = await client.post("/v3/auth/tokens", json=log_in_body(known))
        client.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        client.base_url = httpx.URL(f"{server.endpoint}/api/v3/projects/{known['project_id']}/")
        return cls(server, client)

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """The answer's document; waits out a server that is away, and fails on any refusal."""
        while True:
            try:
                answer = await self.client.request(method, path, **options)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == 409:  # done, though the answer was lost with the server
                return None
            answer.raise_for_status()
            return answer.json()

    async def create(self, number: int, nodes: int) -> None:
        """Create a cluster, and its nodes as soon as it is Available."""
        name = f"fleet-{number:05d}"
        body = cluster_body(name, flavor="cce.s1.medium")
        created = await self.ask("POST", "clusters", json=body)
        if created is None:
            everything = await self.ask("GET", "clusters")
            created = next(c for c in everything["items"] if c["metadata"]["name"] == name)
        uid = created["metadata"]["uid"]
        self.clusters.append(uid)
        if job := created["status"].get("jobID"):
            self.jobs.append(job)
            await self.ended(job)
        node = {
            "flavor": "c7.large.2",
            "az": "az-1",
            "login": {"sshKey": "key"},
            "rootVolume": {"size": 40, "volumetype": "SSD"},
            "dataVolumes": [{"size": 100, "volumetype": "SSD"}],
            "count": nodes,
        }
        asked = await self.ask(
            "POST",
            f"clusters/{uid}/nodes",
            json={"kind": "Node", "apiVersion": "v3", "metadata": {"name": "node"}, "spec": node},
        )
        self.jobs.append(asked["status"]["jobID"])

    async def ended(self, job: str) -> str:
        """The final phase of a job."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            phase: str = (await self.ask("GET", f"jobs/{job}"))["status"]["phase"]
            if phase in FINAL:
                return phase
            await asyncio.sleep(0.25)
        return "lost"

    async def milliseconds(self, path: str) -> tuple[float, float]:
        """Median and 99th percentile of a read to its last byte, one at a time.

        What the client makes of the bytes is not in it: Python takes 15 ms to read the JSON of
        1,000 clusters.
        """
        times = []
        for _ in range(SAMPLES):
            start = time.perf_counter()
            (await self.client.get(path)).raise_for_status()
            times.append((time.perf_counter() - start) * 1000)
        return statistics.median(times), statistics.quantiles(times, n=100)[98]


async def grow(account: Account, numbers: range, nodes: int, kills: set[int]) -> None:
    """Create the clusters of ``numbers``; after as many as ``kills`` tells, kill and restart."""
    gate = asyncio.Semaphore(CONCURRENCY)
    kill_now = asyncio.Lock()

    async def one(number: int) -> None:
        async with gate:
            await account.create(number, nodes)
            if number in kills:
                async with kill_now:
                    account.server.kill()
                    await asyncio.to_thread(account.server.start)

    await asyncio.gather(*(one(number) for number in numbers))


async def measure(account: Account) -> dict[str, Any]:
    """Memory, and the latencies of showing one cluster and listing all."""
    show_p50, show_p99 = await account.milliseconds(f"clusters/{account.clusters[0]}")
    list_p50, list_p99 = await account.milliseconds("clusters")
    return {
        "fleet": f"{len(account.clusters):,} clusters",
        "memory MiB": processes.memory(account.server.pid)[0] / 2**20,
        "show p50 ms": show_p50,
        "show p99 ms": show_p99,
        "list p50 ms": list_p50,
        "list p99 ms": list_p99,
    }


async def run(clusters: int, nodes: int, folder: Path) -> list[dict[str, Any]]:
    """The whole benchmark on a fresh data folder.

    Raises RuntimeError unless every job has ended in Success.
    """
    server = ServerProcess(folder / "data", pace=0, cluster_quota=clusters + 10, log_level="ERROR")
    server.start()
    try:
        account = await Account.open(server)
        stages = []
        began = time.perf_counter()
        done = 0
        for size in [size for size in (10, 100, clusters) if size <= clusters]:
            kills = {size // 3, 2 * size // 3} if size == clusters else set()
            await grow(account, range(done, size), nodes, kills)
            phases = await asyncio.gather(*(account.ended(job) for job in account.jobs))
            if set(phases) != {"Success"}:
                raise RuntimeError(f"Jobs have ended otherwise: {Counter(phases)}.")
            seconds = time.perf_counter() - began
            stages.append(await measure(account) | {"seconds": seconds, "jobs": len(phases)})
            done = size
    finally:
        server.stop()
    return stages


def main(
    clusters: Annotated[int, typer.Option(help="Clusters in the end.", min=10)] = 1_000,
    nodes: Annotated[int, typer.Option(help="Nodes of each cluster.")] = 10,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure a fleet as it grows."""
    with tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as folder:
        stages = asyncio.run(run(clusters, nodes, Path(folder)))
    whole = f"{clusters:,} clusters"
    aims = [Aim(whole, "seconds", most=45), Aim(whole, "list p99 ms", most=25)]
    report.show(output, report.conditions(nodes=nodes, kills="two kill -9"), stages, aims)


if __name__ == "__main__":
    typer.run(main)
