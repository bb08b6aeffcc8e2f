"""A fleet through the public API: many clusters with nodes, two kill -9, nothing left over.

Run as ``python -m bench.fleet``. It creates clusters with nodes at pace 0, kills the server twice
in the middle, waits until every acknowledged job has ended, and tells wall time, memory, and how
long listing and showing clusters takes as the fleet grows: showing one stays flat, listing grows
with what it returns.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

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


def memory(pid: int) -> float:
    """Resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
    return int(kib) / 1024


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


async def measure(account: Account) -> dict[str, float]:
    """Memory, and the latencies of showing one cluster and listing all."""
    show_p50, show_p99 = await account.milliseconds(f"clusters/{account.clusters[0]}")
    list_p50, list_p99 = await account.milliseconds("clusters")
    return {
        "clusters": len(account.clusters),
        "memory MiB": memory(account.server.pid),
        "show p50 ms": show_p50,
        "show p99 ms": show_p99,
        "list p50 ms": list_p50,
        "list p99 ms": list_p99,
    }


async def run(clusters: int, nodes: int, folder: Path) -> dict[str, Any]:
    """The whole benchmark on a fresh data folder."""
    server = ServerProcess(folder / "data", pace=0, cluster_quota=clusters + 10, log_level="ERROR")
    server.start()
    try:
        account = await Account.open(server)
        stages = []
        phases: list[str] = []
        began = time.perf_counter()
        done = 0
        for size in [size for size in (10, 100, clusters) if size <= clusters]:
            kills = {size // 3, 2 * size // 3} if size == clusters else set()
            await grow(account, range(done, size), nodes, kills)
            phases = await asyncio.gather(*(account.ended(job) for job in account.jobs))
            stages.append(await measure(account))
            done = size
        wall = time.perf_counter() - began
    finally:
        server.stop()
    counted = {phase: phases.count(phase) for phase in sorted(set(phases))}
    return {"stages": stages, "jobs": counted, "seconds": wall, "kills": 2}


def show(result: dict[str, Any]) -> None:
    """Print the result for people."""
    table = Table(title="The fleet as it grows")
    for name in result["stages"][0]:
        table.add_column(name, justify="right")
    for stage in result["stages"]:
        table.add_row(
            *(f"{value:.1f}" if value % 1 else f"{value:.0f}" for value in stage.values())
        )
    console = Console()
    console.print(table)
    ended = ", ".join(f"{count} {phase}" for phase, count in result["jobs"].items())
    kills, seconds = result["kills"], result["seconds"]
    console.print(f"Jobs: {ended}, after {kills} kill -9. Wall time {seconds:.0f} s.")


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=10, help="nodes in each cluster")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clusterwright-fleet-") as folder:
        result = asyncio.run(run(options.clusters, options.nodes, Path(folder)))
    if options.output == "json":
        print(json.dumps(result, indent=2))
    else:
        show(result)
    if set(result["jobs"]) != {"Success"}:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
