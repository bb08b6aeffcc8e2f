"""Real clusters come and go, and the host is afterwards as it was before.

Run as ``python -m tests.durability.leaks --cycles 50``, as root with ``--nodes real``. Each cycle
creates a cluster with nodes by the official SDK, on a server of its own, and deletes it. It prints
what each cycle left, and exits with 1 where anything was: a process, a listening port, a file, a
network namespace, a mount, a control group, an error in the server's log, or more descriptors or
threads in the server than after the first cycle.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clusterwright.cli import cluster as clusters
from clusterwright.cli.client import Api
from clusterwright.cli.demo import NODES
from clusterwright.cli.output import Document
from clusterwright.drivers.local import wanted
from tests import kubernetes
from tests.drivers import local_host
from tests.server_process import ServerProcess

PATIENCE = 180.0
"""Seconds that one job may take."""
SETTLING = 20.0
"""Seconds that a server may take to close what it does not need any more."""
LEAST = 5
"""Processes of a control plane with simulated nodes; each listens on a port."""
_PAUSE = 0.1
_SLACK = {"descriptors": 1, "threads": 8}
"""How many of these come and go with requests of the moment."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is of clusters on the host, and what their server holds."""

    outside: Mapping[str, int]
    inside: Mapping[str, int]

    def left(self, first: "Traces") -> dict[str, int]:
        """What should not be there; ``first`` is of a server that did all of it once."""
        grown = {
            name: value - first.inside[name]
            for name, value in self.inside.items()
            if value > first.inside[name] + _SLACK[name]
        }
        return {name: value for name, value in self.outside.items() if value} | grown


def take(server: ServerProcess, uid: str, ports: Iterable[int]) -> Traces:
    """Count what there is of a cluster, and what the server holds."""
    home, own = server.data / "local", Path(f"/proc/{server.pid}")
    mounts = _lines(Path("/proc/self/mountinfo"))
    return Traces(
        {
            "processes": len(at_work(home)),
            "ports": len({port for port, _ in _listening()} & set(ports)),
            "files": sum(1 for _ in home.rglob("*")),
            "namespaces": sum(1 for path in _entries(Path("/run/netns")) if uid in path.name),
            "mounts": sum(1 for line in mounts if uid in line or str(home) in line),
            "cgroups": sum(uid in path for path, _, _ in os.walk("/sys/fs/cgroup")),
            "errors": sum(1 for line in _lines(server.log) if " ERROR " in line),
        },
        {"descriptors": _descriptors(own / "fd"), "threads": len(_entries(own / "task"))},
    )


def run(server: ServerProcess, cycles: int, say: Callable[[str], None]) -> list[str]:
    """Let so many clusters come and go. Returns what was left, a line for each cycle."""
    api = Api(server.environ)
    faults: list[str] = []
    first: Traces | None = None
    for number in range(1, cycles + 1):
        began = time.monotonic()
        uid, ports = _live(api, server)
        traces = _settled(server, uid, ports, first)
        first = first or traces
        left = traces.left(first)
        told = ", ".join(f"{value} {name}" for name, value in left.items()) or "nothing"
        held = ", ".join(f"{value} {name}" for name, value in traces.inside.items())
        seconds = time.monotonic() - began
        say(f"cycle {number} of {cycles}: {told} left; {held} in the server; {seconds:.1f} s")
        if left:
            faults.append(f"cycle {number}: {told}")
    return faults


def _live(api: Api, server: ServerProcess) -> tuple[str, list[int]]:
    """A whole life. Returns the cluster's id and the ports it had."""
    made = api.create_cluster(clusters.request("leaks"))
    uid = made["metadata"]["uid"]
    _wait(api, made)
    _wait(api, api.create_nodes(uid, NODES))
    pids = at_work(server.data / "local" / uid)
    ports = _listening_of(pids)
    # Or nothing could be left of them either.
    assert len(pids) >= LEAST, f"only {len(pids)} processes work for the cluster"
    assert len(ports) >= LEAST, f"they listen on {ports} only"
    _wait(api, api.delete_cluster(uid))
    return uid, ports


def _settled(server: ServerProcess, uid: str, ports: Iterable[int], first: Traces | None) -> Traces:
    """What is left when a server has had the time to close what it needed."""
    deadline = time.monotonic() + SETTLING
    while (traces := take(server, uid, ports)).left(first or traces):
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE)
    return traces


def at_work(folder: Path) -> list[int]:
    """The processes that work on a folder."""
    return [pid for pid in local_host.pids() if str(folder) in " ".join(local_host.command(pid))]


def _wait(api: Api, promised: Document) -> None:
    deadline = time.monotonic() + PATIENCE
    while (job := api.show_job(promised["status"]["jobID"]))["status"]["phase"] != "Success":
        assert job["status"]["phase"] != "Failed", job["status"]
        assert time.monotonic() < deadline, f"{job['spec']['type']} took longer than {PATIENCE} s"
        time.sleep(_PAUSE)


def _listening_of(pids: Iterable[int]) -> list[int]:
    """The ports on which these processes listen."""
    links = {_target(path) for pid in pids for path in _entries(Path(f"/proc/{pid}/fd"))}
    return [port for port, inode in _listening() if f"socket:[{inode}]" in links]


def _descriptors(folder: Path) -> int:
    """Those that are open, but the database's: its bounded pool opens more under load."""
    return sum("clusterwright.db" not in _target(each) for each in _entries(folder))


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # closed meanwhile
        return ""


def _listening() -> list[tuple[int, str]]:
    """The ports of this host's network on which somebody listens, and the sockets that do."""
    lines = [*_lines(Path("/proc/net/tcp"))[1:], *_lines(Path("/proc/net/tcp6"))[1:]]
    found = [line.split() for line in lines]
    return [(int(each[1].rpartition(":")[2], 16), each[9]) for each in found if each[3] == "0A"]


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, ProcessLookupError):  # or the process has ended meanwhile
        return []


def main() -> int:
    """Read the options, run, print. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=50)
    kinds = [kind.value for kind in wanted.Nodes]
    parser.add_argument("--nodes", choices=kinds, default=wanted.Nodes.SIMULATED.value)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="clusterwright-leaks-"))
    _say(f"log and data in {folder}")
    server = a_server(folder, nodes=options.nodes)
    server.start()
    try:
        faults = run(server, options.cycles, _say)
    finally:
        server.stop()
        local_host.end_all(server.data / "local")
    _say("\n".join(faults) or "Nothing was left.")
    return 1 if faults else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def a_server(folder: Path, *, nodes: str = wanted.Nodes.SIMULATED) -> ServerProcess:
    """A server whose clusters are real."""
    return ServerProcess(
        folder / "data",
        driver="local",
        nodes=nodes,
        kubernetes_bin_dir=kubernetes.bin_dir(),
        pace=0,
    )


if __name__ == "__main__":
    sys.exit(main())
