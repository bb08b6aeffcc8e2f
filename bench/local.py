"""Real clusters of the driver ``local`` beside kwokctl: how fast, and what they cost.

It needs the programs of `make kubernetes`, and compares with `kwokctl` where that is built too
(`python3 tools/kubernetes/build.py kwokctl`): the same etcd, API server, controllers, scheduler
and kwok, by its binary runtime. Both are started in turns on the same machine, and asked in the
same way, every 10 ms.

- **first `kubectl get ns`**: from the request, or kwokctl's command, until a kubectl has got the
  namespaces.
- **usable**: until pods can be made in the namespace `default`; of ours also until the job of the
  API is `Success`, while kwokctl has nothing like a job.
- **memory, processor**: of all processes of a cluster, 30 s after the last start and over 20 s;
  the server's own are not in it. One cluster alone shares its programs' pages with nobody.
- **with a spare**: the same on a server with `--spares 1`, when one is ready.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from bench import report
from bench.doors import ACCOUNT, NAMESPACES, Cost, Door, cost, pids_of, ready, until
from bench.report import Aim, Output
from bench.rival import PROGRAM, Rival, Start
from bench.targets import token
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import host
from clusterwright.drivers.local.binaries import Binaries
from clusterwright.drivers.local.folder import SPARES, Folder
from tests import kubernetes
from tests.drivers import local_host
from tests.kit import cluster_body
from tests.server_process import ServerProcess

VERSION = "v1.34"
SETTLING_SECONDS = 30.0
"""How long clusters do what they do after a start, before they count as idle."""
WATCHING_SECONDS = 20.0
NODE = {
    "flavor": "c7.large.2",
    "az": "cn-north-4a",
    "login": {"sshKey": "bench"},
    "rootVolume": {"size": 40, "volumetype": "SAS"},
    "dataVolumes": [{"size": 100, "volumetype": "SAS"}],
}


AIMS = (
    Aim(f"first `kubectl get ns`, of {PROGRAM}", most=0.75),
    Aim(f"usable, of {PROGRAM}", most=0.88),
    Aim("memory (PSS) of 5 idle clusters, each", most=300),
    Aim("with a spare: create -> usable", most=0.8),
    Aim("node -> Ready, real", most=3),
)


class Part(StrEnum):
    """What can be measured apart."""

    STARTS = "starts"
    COSTS = "costs"
    CROWD = "crowd"
    SPARES = "spares"
    REAL = "real"


@dataclass(frozen=True, slots=True)
class Made:
    """A cluster, and the seconds from the request on."""

    uid: str
    start: Start


class Site:
    """A server of the driver ``local``, and a client of its API."""

    def __init__(self, server: ServerProcess, programs: Binaries) -> None:
        self._server = server
        self._kubectl = programs.path("kubectl")
        self.home = server.data / "local"
        project = server.credentials["project_id"]
        self._http = httpx.Client(
            base_url=f"{server.endpoint}/api/v3/projects/{project}/",
            headers={"X-Auth-Token": token(server)},
            trust_env=False,
        )

    def create(self, name: str, *, look: bool = True) -> Made:
        """Create a cluster; usable means that its job is Success and pods can be made.

        With ``look``, kubectl looks at it as soon as it answers, and takes its time for that.
        """
        body = cluster_body(name, version=VERSION, flavor="cce.s1.medium")
        body["spec"]["containerNetwork"] = {"mode": "overlay_l2"}
        began = time.monotonic()
        made = self._ask("POST", "clusters", body)
        uid = made["metadata"]["uid"]
        folder = Folder(self.home, uid)
        until(lambda: (folder.pki / "admin.kubeconfig").exists(), "the cluster's kubeconfig")
        door = self.door(uid)
        door.wait(NAMESPACES)
        if look:
            door.kubectl("get", "namespaces")
        first = time.monotonic() - began
        self.succeed(made)
        door.wait(ACCOUNT)
        return Made(uid, Start(first, time.monotonic() - began))

    def door(self, uid: str) -> Door:
        """The way into a cluster that the driver has, as kwokctl's kubeconfig is."""
        return Door(Folder(self.home, uid).pki / "admin.kubeconfig", self._kubectl)

    def create_nodes(self, uid: str, count: int) -> float:
        """Create nodes; returns the seconds until all are Ready and their job says so."""
        body = {
            "kind": "Node",
            "apiVersion": "v3",
            "metadata": {"name": "bench"},
            "spec": NODE | {"count": count},
        }
        began = time.monotonic()
        made = self._ask("POST", f"clusters/{uid}/nodes", body)
        self.door(uid).wait("/api/v1/nodes", lambda found: ready(found) >= count)
        first = time.monotonic() - began
        self.succeed(made)
        return first

    def delete(self, uid: str) -> float:
        """Delete a cluster; returns the seconds until nothing of it is left."""
        began = time.monotonic()
        self.succeed(self._ask("DELETE", f"clusters/{uid}"))
        return time.monotonic() - began

    def succeed(self, promised: Any) -> None:
        """Return when a job is Success. Raises RuntimeError when it has failed."""
        job = promised["status"]["jobID"]

        def has_ended() -> bool:
            status = self._ask("GET", f"jobs/{job}")["status"]
            if status["phase"] == "Failed":
                raise RuntimeError(status["reason"])
            return bool(status["phase"] == "Success")

        until(has_ended, f"job {job}")

    def wait_for_spare(self) -> None:
        """Return when a control plane that was begun ahead is ready and nothing else starts."""

        def is_there() -> bool:
            found = [path.parent for path in (self.home / SPARES).glob("*/settled.json")]
            owned = [path.resolve() for path in self.home.iterdir() if path.is_symlink()]
            return any(path not in owned for path in found)

        until(is_there, "a spare")
        time.sleep(2)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body, timeout=60)
        if answer.is_error:
            raise RuntimeError(f"Answered {answer.status_code}: {answer.text}")
        return answer.json()


@contextmanager
def site(folder: Path, programs: Binaries, **settings: Any) -> Iterator[Site]:
    """A server whose clusters are real, all of it gone after the block."""
    bin_dir = Path(programs.place).parent
    folder.mkdir()
    server = ServerProcess(
        folder / "data",
        driver="local",
        kubernetes_bin_dir=bin_dir,
        log_level="WARNING",
        **settings,
    )
    try:
        server.start()
        yield Site(server, programs)
    finally:
        server.stop()
        local_host.end_all(server.data / "local")


def main(
    rounds: Annotated[int, typer.Option(help="Starts of each kind, in turns.", min=1)] = 8,
    quick: Annotated[bool, typer.Option("--quick", help="Short: less of everything.")] = False,
    only: Annotated[list[Part] | None, typer.Option(help="A part; may be repeated.")] = None,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
) -> None:
    """Measure the driver ``local`` beside kwokctl, on the programs of ``make kubernetes``."""
    programs = kubernetes.binaries(VERSION)
    program = Path(programs.place) / PROGRAM
    sizes, nodes, pods = ((1,), 10, 50) if quick else ((1, 3, 5), 100, 1000)
    pauses = (5.0, 5.0) if quick else (SETTLING_SECONDS, WATCHING_SECONDS)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="clusterwright-bench-") as name:
        scratch = Path(name)
        rival = Rival(program, programs, scratch) if program.exists() else None
        plain = {Part.STARTS, Part.COSTS, Part.CROWD} & set(only or Part)
        if plain:
            with site(scratch / "plain", programs) as here:
                rows += starts(here, rival, rounds) if Part.STARTS in plain else []
                rows += costs(here, sizes, pauses) if Part.COSTS in plain else []
                rows += crowd(here, nodes, pods) if Part.CROWD in plain else []
        if Part.SPARES in (only or Part):
            with site(scratch / "ahead", programs, spares=1) as here:
                rows += spares(here, rounds)
        if Part.REAL in (only or Part):
            rows.append(real_node(scratch, programs))
    report.show(output, report.conditions(rounds=rounds, programs=programs.version), rows, AIMS)


def starts(here: Site, rival: Rival | None, rounds: int) -> list[dict[str, Any]]:
    """Both ways to a cluster, in turns."""
    ours: list[Start] = []
    theirs: list[Start] = []
    ends: list[float] = []
    for number in range(rounds):
        if rival is not None:
            with rival.cluster(f"theirs-{number}") as start:
                theirs.append(start)
        made = here.create(f"ours-{number}")
        ours.append(made.start)
        ends.append(here.delete(made.uid))
    found = []
    for what, values, beside in (
        (
            "first `kubectl get ns`",
            [start.first_answer for start in ours],
            [start.first_answer for start in theirs],
        ),
        ("usable", [start.usable for start in ours], [start.usable for start in theirs]),
    ):
        mine = statistics.median(values)
        found.append(row(f"create -> {what}", mine, "s"))
        if rival is None:
            why = f"{PROGRAM} is not built: python3 tools/kubernetes/build.py {PROGRAM}"
            found.append(row(f"{what}, of {PROGRAM} ({why})", None, "x"))
        else:
            other = statistics.median(beside)
            found.append(row(f"{PROGRAM} create -> {what}", other, "s"))
            found.append(row(f"{what}, of {PROGRAM}", mine / other, "x"))
    return [*found, row("delete -> nothing left", statistics.median(ends), "s")]


def costs(here: Site, sizes: tuple[int, ...], pauses: tuple[float, float]) -> list[dict[str, Any]]:
    """What idle clusters take, as there are more of them."""
    settling, watching = pauses
    uids: list[str] = []
    found = []
    for size in sizes:
        uids += [here.create(f"idle-{number}").uid for number in range(len(uids), size)]
        time.sleep(settling)
        seen = cost([pid for uid in uids for pid in pids_of(here.home / uid)], watching)
        found += each(seen, size)
    for uid in uids:
        here.delete(uid)
    return found


def each(seen: Cost, size: int) -> list[dict[str, Any]]:
    """The cost of one of several clusters."""
    named = f"of {size} idle clusters, each"
    return [
        row(f"memory (PSS) {named}", seen.pss_mib / size, "MiB"),
        row(f"processor {named}", seen.percent_of_core / size, "% of a core"),
    ]


def crowd(here: Site, nodes: int, pods: int) -> list[dict[str, Any]]:
    """Simulated nodes and pods on them."""
    uid = here.create("crowd").uid
    alone = here.create_nodes(uid, 1)
    many = here.create_nodes(uid, nodes)
    door = here.door(uid)
    began = time.monotonic()
    door.kubectl("create", "deployment", "crowd", "--image=example.test/pod", f"--replicas={pods}")
    path = "/apis/apps/v1/namespaces/default/deployments/crowd"
    door.wait(path, lambda found: (found or {}).get("status", {}).get("readyReplicas") == pods)
    taken = time.monotonic() - began
    seen = cost(pids_of(here.home / uid), 10)
    here.delete(uid)
    return [
        row("node -> Ready, simulated", alone, "s"),
        row(f"{nodes} nodes -> Ready, simulated", many, "s"),
        row(f"{pods} pods -> Ready", taken, "s"),
        row(f"memory (PSS) with {nodes} nodes and {pods} pods", seen.pss_mib, "MiB"),
        row(f"processor with {nodes} nodes and {pods} pods", seen.percent_of_core, "% of a core"),
    ]


def spares(here: Site, rounds: int) -> list[dict[str, Any]]:
    """Clusters that take over what was begun ahead."""
    found: list[Start] = []
    for number in range(rounds):
        here.wait_for_spare()
        made = here.create(f"spare-{number}", look=False)
        assert (here.home / made.uid).is_symlink(), "no spare was taken"
        found.append(made.start)
        here.delete(made.uid)
    usable = [start.usable for start in found]
    return [
        row("with a spare: create -> usable", statistics.median(usable), "s"),
        row("with a spare: slowest", max(usable), "s"),
    ]


def real_node(scratch: Path, programs: Binaries) -> dict[str, Any]:
    """A node that runs containers, where this host can have one."""
    try:
        host.require_real_nodes()
    except DriverError as error:
        return row(f"node -> Ready, real: {error}", None, "s")
    with site(scratch / "real", programs, nodes="real") as here:
        uid = here.create("real").uid
        seconds = here.create_nodes(uid, 1)
        here.delete(uid)
    return row("node -> Ready, real", seconds, "s")


def row(figure: str, value: float | None, unit: str) -> dict[str, Any]:
    """A line of the report."""
    return {"figure": figure, "value": value, "unit": unit}


if __name__ == "__main__":
    typer.run(main)
