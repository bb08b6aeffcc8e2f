"""How long everybody else waits while somebody asks for a lot: reads beside a job of 2,000 nodes.

A finished job is read every 20 ms, from a process of its own, while another client asks for a lot
at pace 0. A read is due at a fixed time and its wait counts from then, so a pause of the server
makes all reads wait that were due in it. The last column compares with the first line of the same
run, whose p99 is that of a thousand reads at rest and varies by half from run to run. What remains
of long turns of the loop cannot be divided: the look for garbage among young objects (5 ms), a
commit, and one document of a megabyte on its way into the database or out of it.
"""

import http.client
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import processes, report
from bench.report import Aim, Output
from bench.targets import NODE, token
from tests import postgresql
from tests.clients import cluster_walk
from tests.server_process import ServerProcess

PERIOD = 0.02
"""Seconds between two reads. They are due at fixed times, so that a pause of the server makes
every read wait that was due in it.
"""
IDLE_SECONDS = 20
"""Long enough for a p99 that is not one of two reads."""
JOBS = 1000
"""Jobs that the older list knows, its most."""
BATCH = 200
"""Nodes that one request may name."""


def main(
    nodes: Annotated[int, typer.Option(help="Nodes of the large requests.", max=2000)] = 2000,
    only: Annotated[str, typer.Option(help="Measure only what has this in its name.")] = "",
    on_postgresql: Annotated[bool, typer.Option("--postgresql", help="Not SQLite.")] = False,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure ShowJob of a finished job, at rest and beside each large request."""
    processes.stay_on_client_core()
    with (
        tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as scratch,
        _database(wanted=on_postgresql) as url,
        processes.clusterwright(Path(scratch) / "data", pace=0, database=url) as server,
    ):
        client = Client(server)
        quiet = client.job("POST", "/clusters", cluster_walk.body("quiet"))
        rows: list[dict[str, Any]] = []
        beside = Beside(server, f"{client.project}/jobs/{quiet}", rows, only)
        with beside("nothing"):
            client.rest()
        _run(client, beside, nodes)
    idle = rows[0]["p99 ms"]
    about = report.conditions(nodes=nodes, database="PostgreSQL" if on_postgresql else "SQLite")
    rows = [row | {"p99 x idle": row["p99 ms"] / idle} for row in rows]
    aims = [Aim(row["beside"], "p99 x idle", most=4) for row in rows[1:]]
    report.show(output, about, rows, aims)


@contextmanager
def _database(*, wanted: bool) -> Iterator[str]:
    if not wanted:
        yield ""
        return
    binaries = postgresql.binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL's server programs are not installed.")
    with postgresql.server(binaries) as base, postgresql.fresh_database(base) as url:
        yield url


def _run(client: "Client", beside: "Beside", nodes: int) -> None:
    """Every large request, one after the other, on one cluster."""
    large = client.cluster("large")
    spec = NODE | {"count": nodes}
    nodes_to_create = {"kind": "Node", "apiVersion": "v3", "metadata": {}, "spec": spec}
    with beside(f"create {nodes} nodes"):
        made = client.call("POST", f"{large}/nodes", nodes_to_create)["status"]["jobID"]
        client.done(made)
    job = f"{client.project}/jobs/{made}"
    repeated: dict[str, Callable[[], Any]] = {
        "show that job": lambda: client.raw("GET", job),
        "show that job, older": lambda: client.raw("GET", job.replace("/v3/", "/v2/")),
        "list nodes": lambda: client.raw("GET", f"{large}/nodes"),
        "list pools": lambda: client.raw("GET", f"{large}/nodepools"),
    }
    uids = [item["metadata"]["uid"] for item in client.call("GET", f"{large}/nodes")["items"]]
    sub_job = client.call("GET", job)["spec"]["subJobs"][-1]["metadata"]["uid"]
    repeated["show a sub-job of it"] = lambda: client.raw("GET", f"{client.project}/jobs/{sub_job}")
    for name, ask in repeated.items():
        with beside(name):
            _repeat(ask)
    uids = uids[:BATCH]
    with beside(f"reset {BATCH} nodes"):
        listed = [{"nodeID": uid, "spec": {"os": "EulerOS 2.9"}} for uid in uids]
        client.done(client.call("POST", f"{large}/nodes/reset", {"nodeList": listed})["jobid"])
    with beside(f"remove {BATCH} nodes"):
        named = [{"uid": uid} for uid in uids]
        asked = {"spec": {"login": {"sshKey": "keys"}, "nodes": named}}
        done = client.call("PUT", f"{large}/nodes/operation/remove", asked)
        client.done(done["status"]["jobID"])
    large = client.cluster("larger")
    pool = {
        "kind": "NodePool",
        "apiVersion": "v3",
        "metadata": {"name": "large"},
        "spec": {"initialNodeCount": nodes, "nodeTemplate": NODE},
    }
    with beside(f"create a pool of {nodes} nodes"):
        uid = client.call("POST", f"{large}/nodepools", pool)["metadata"]["uid"]
        client.available(large)
    with beside("delete the pool"):
        client.call("DELETE", f"{large}/nodepools/{uid}")
        client.gone(f"{large}/nodepools/{uid}")
    client.done(client.call("POST", f"{large}/nodes", nodes_to_create)["status"]["jobID"])
    with beside(f"delete the cluster with {nodes} nodes"):
        client.call("DELETE", large)
        client.gone(large)
    small = client.cluster("small")
    for _ in range(JOBS):
        client.raw("POST", f"{small}/nodes/sync")
    with beside(f"list {JOBS} jobs, older"):
        _repeat(lambda: client.raw("GET", f"{client.project}/jobs".replace("/v3/", "/v2/")))


def _repeat(ask: Callable[[], Any], seconds: float = 3) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ask()


class Client:
    """The public API, with a token, one request at a time."""

    def __init__(self, server: ServerProcess) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        self.headers = {"X-Auth-Token": token(server), "Content-Type": "application/json"}
        self.project = f"/api/v3/projects/{server.credentials['project_id']}"

    def rest(self) -> None:
        """Ask for nothing for a while, without a connection that the server would close."""
        self._http.close()
        time.sleep(IDLE_SECONDS)

    def raw(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of an answer."""
        sent = None if body is None else json.dumps(body)
        self._http.request(method, path, sent, self.headers)
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The document of an answer. Raises RuntimeError for a refusal."""
        status, answer = self.raw(method, path, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path} answered {status}: {answer[:500]!r}")
        return json.loads(answer) if answer else None

    def job(self, method: str, path: str, body: Any = None) -> str:
        """Ask for something in the project and wait for its job, whose uid is returned."""
        job: str = self.call(method, self.project + path, body)["status"]["jobID"]
        self.done(job)
        return job

    def done(self, job: str) -> None:
        """Wait until a job is Success. Raises RuntimeError when it has failed."""
        while True:
            answer = self.raw("GET", f"{self.project}/jobs/{job}")[1]
            phase = json.loads(answer[answer.rindex(b'{"phase"') : -1])["phase"]
            if phase == "Success":
                return
            if phase == "Failed":
                raise RuntimeError(f"Job {job} failed: {answer[-500:]!r}")
            time.sleep(0.5)

    def cluster(self, name: str) -> str:
        """The path of a new, available cluster of the largest flavor."""
        body = cluster_walk.body(name)
        body["spec"]["flavor"] = "cce.s2.xlarge"
        made = self.call("POST", f"{self.project}/clusters", body)
        path = f"{self.project}/clusters/{made['metadata']['uid']}"
        self.available(path)
        return path

    def available(self, path: str) -> None:
        """Wait until a cluster is Available."""
        while self.call("GET", path)["status"]["phase"] != "Available":
            time.sleep(0.25)

    def gone(self, path: str) -> None:
        """Wait until there is nothing there."""
        while self.raw("GET", path)[0] != 404:
            time.sleep(0.25)


@dataclass
class Beside:
    """Reads one path, again and again, from a process of its own while something else is done."""

    server: ServerProcess
    path: str
    rows: list[dict[str, Any]]
    only: str = ""
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"X-Auth-Token": token(self.server)}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure during the block, and add a row about it."""
        if self.rows and self.only not in name:
            yield
            return
        mine, theirs = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        reader = spawn.Process(
            target=_read, args=(theirs, self.server.port, self.path, self.headers), daemon=True
        )
        reader.start()
        mine.recv()  # it is connected
        used, begin = processes.cpu_seconds(self.server.pid), time.perf_counter()
        yield
        seconds = time.perf_counter() - begin
        used = processes.cpu_seconds(self.server.pid) - used
        mine.send(None)
        waits = mine.recv()
        reader.join()
        self.rows.append(
            {
                "beside": name,
                "p50 ms": _quantile(waits, 0.5),
                "p99 ms": _quantile(waits, 0.99),
                "worst ms": max(waits),
                "seconds": seconds,
                "cpu s": used,
            }
        )


def _read(orders: Connection, port: int, path: str, headers: dict[str, str]) -> None:
    """Read at fixed times until told to stop, then tell how many milliseconds each read took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.connect()
    orders.send(None)
    waits = []
    due = time.perf_counter()
    while not orders.poll():
        time.sleep(max(0, due - time.perf_counter()))
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"Answered {answer.status}.")
        waits.append((time.perf_counter() - due) * 1e3)
        due += PERIOD
    orders.send(waits)


def _quantile(waits: Sequence[float], share: float) -> float:
    return sorted(waits)[int(len(waits) * share)]


if __name__ == "__main__":
    typer.run(main)
