"""``clusterwright demo``: the main job from start to end, on a server that is thrown away."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from clusterwright.cli import cluster as clusters
from clusterwright.cli import job_screen, real_clusters
from clusterwright.cli.client import Api, load_sdk
from clusterwright.cli.folder import ENDPOINT, is_served, variables
from clusterwright.cli.kubectl import Kubectl
from clusterwright.cli.output import Document, console, fail
from clusterwright.cli.real_clusters import Nodes

app = typer.Typer(add_completion=False)

START_SECONDS = 30
JOB_SECONDS = 300
PAUSE = 0.1
NODES = {
    "kind": "Node",
    "apiVersion": "v3",
    "metadata": {"name": "worker"},
    "spec": {
        "count": 2,
        "flavor": "s6.large.2",
        "az": "cn-north-4a",
        "login": {"sshKey": "demo"},
        "rootVolume": {"size": 40, "volumetype": "SAS"},
        "dataVolumes": [{"size": 100, "volumetype": "SAS"}],
    },
}
NEXT = {
    "clusterwright serve": "a server that stays",
    'eval "$(clusterwright env)"': "for SDKs and Terraform",
    "clusterwright cluster create demo": "a cluster that stays",
    "clusterwright fault add InstallMaster": "make the next one fail",
    "clusterwright --help": "everything else",
}


class Driver(StrEnum):
    """What the clusters of the demo are: played, or programs of this host."""

    SIMULATED = "simulated"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Real:
    """What a real cluster of the demo has: nodes of a kind, and a kubectl that looks at it."""

    nodes: Nodes
    kubectl: Kubectl

    @property
    def options(self) -> list[str]:
        """Those of a server that makes such clusters."""
        real = ["--nodes", Nodes.REAL] if self.nodes is Nodes.REAL else []
        return ["--driver", Driver.LOCAL, *real]


@app.command(epilog="Example: clusterwright demo --driver local")
def demo(
    driver: Annotated[
        Driver,
        typer.Option(help="local makes a real Kubernetes of this host's programs."),
    ] = Driver.SIMULATED,
    nodes: Annotated[
        Nodes | None,
        typer.Option(
            help="Of the driver local: real ones run containers, as root.",
            show_default="real where this host can",
        ),
    ] = None,
    pace: Annotated[
        float, typer.Option(min=0, max=1000, help="Speed of what is simulated; 0 is at once.")
    ] = 1.0,
) -> None:
    """Start a throw-away server, create a cluster and nodes with the SDK, delete all of it."""
    if nodes is not None and driver is not Driver.LOCAL:
        raise typer.BadParameter("belongs to --driver local.", param_hint="--nodes")
    load_sdk()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    # The server is on this machine, whatever proxy is set for others.
    os.environ |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1")
    screen = console()
    with tempfile.TemporaryDirectory(prefix="clusterwright-demo-") as made:
        folder, real = Path(made), None
        if driver is Driver.LOCAL:
            screen.print("Looking for the programs of Kubernetes on this host.")
            chosen = real_clusters.choose_nodes(nodes, folder / "data", screen)
            real = Real(chosen, Kubectl(real_clusters.find_kubectl(), folder))
        screen.print("Starting a server with a throw-away data folder.")
        options = real.options if real else ["--driver", driver]
        with _server(folder, [*options, "--pace", str(pace)]) as environment:
            api, endpoint = Api(environment), environment[ENDPOINT]
            if real is None:
                _tell(api, endpoint, screen)
            else:
                with real_clusters.nothing_left(api, folder, screen):
                    _tell(api, endpoint, screen, real)
    typer.echo(what_next(real.options if real else []), err=True)


def what_next(options: list[str]) -> str:
    """What to try next, with these options of the server."""
    first, *rest = NEXT.items()
    rows = [(" ".join((first[0], *options)), first[1]), *rest]
    width = max(len(command) for command, _ in rows)
    return "\n".join(["\nWhat to try next:", *(f"  {c:<{width}}  {text}" for c, text in rows)])


def _leave(number: int, _frame: FrameType | None) -> None:
    """End through every ``finally``, so that nothing stays behind."""
    sys.exit(128 + number)


def _tell(api: Api, endpoint: str, screen: Console, real: Real | None = None) -> None:
    """The story: three jobs, the first of them also as the document that the SDK receives.

    Where there is a Kubernetes behind the cluster, kubectl shows what is in it.
    """
    screen.print(f"A server runs at {endpoint}. huaweicloudsdkcce asks it for a cluster.")
    flavor, masters = "cce.s2.small", "three masters"
    if real is not None:  # on one host there is one master, whatever was asked for
        flavor, masters = "cce.s1.small", "one master"
    cluster = api.create_cluster(clusters.request("demo", flavor=flavor))
    _say(screen, "The answer names a job. ShowJob tells it, with every step already written down:")
    screen.print_json(data=api.show_job(cluster["status"]["jobID"]))
    _say(screen, f"A cluster with {masters}:")
    _follow(api, cluster, screen)
    uid = cluster["metadata"]["uid"]
    phase = api.show_cluster(uid)["status"]["phase"]
    _say(screen, f"The cluster is {phase}. Two nodes for it:")
    _follow(api, api.create_nodes(uid, NODES), screen)
    if real is not None:
        real.kubectl.use(api.create_certificate(uid, 1))
        _show(real, screen)
    _say(screen, "All of it deleted:")
    _follow(api, api.delete_cluster(uid), screen)


def _show(real: Real, screen: Console) -> None:
    """What kubectl tells of a cluster, and what pods answer where the nodes can run them."""
    _say(screen, "kubectl get nodes, with the kubeconfig that the API gives:")
    screen.print(real.kubectl.nodes())
    if real.nodes is Nodes.REAL:
        _say(screen, "kubectl deploys a Service with a pod on each of them:")
        screen.print(real.kubectl.deploy())
        _say(screen, "What answers there:")
        screen.print(real.kubectl.ask())


def _say(screen: Console, sentence: str) -> None:
    screen.print(f"\n{sentence}", style="bold")


def _follow(api: Api, promised: Document, screen: Console) -> None:
    """Follow the job of a cluster or node to its end, which must be a good one."""
    job = job_screen.follow(api, promised["status"]["jobID"], timeout=JOB_SECONDS, screen=screen)
    job_screen.conclude(job, timeout=JOB_SECONDS)


@contextmanager
def _server(folder: Path, options: list[str]) -> Iterator[dict[str, str]]:
    """A server on a free port with a folder of its own: what its clients need."""
    data, log = folder / "data", folder / "log"
    command = [sys.executable, "-m", "clusterwright", "serve", "--host", "127.0.0.1"]
    command += ["--port", "0", "--data", str(data), *options]
    with log.open("wb") as writer:
        # In a session of its own: it must answer even while the demo is being interrupted.
        process = subprocess.Popen(
            command,
            env=real_clusters.environment(),
            stdout=writer,
            stderr=writer,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, data, log)
        yield variables(data)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], data: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if is_served(data) and _is_healthy(variables(data)[ENDPOINT]):
            return
        time.sleep(PAUSE)
    fail(f"The server did not start. Its last words:\n{log.read_text()[-2000:]}")


def _is_healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False
