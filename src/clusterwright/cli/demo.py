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
from clusterwright.cli.folder import ENDPOINT, ENDPOINT_FILE, variables
from clusterwright.cli.output import Document, console, fail

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
NEXT = """
What to try next:
  {serve:<38} a server that stays
  eval "$(clusterwright env)"            how SDKs and Terraform find it
  clusterwright cluster create demo      a cluster that stays
  clusterwright fault add InstallMaster  make the next one fail
  clusterwright --help                   everything else"""


class Driver(StrEnum):
    """What the clusters of the demo are: played, or programs of this host."""

    SIMULATED = "simulated"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is thrown away: what its clients need, and its folder."""

    environment: dict[str, str]
    folder: Path


@app.command(epilog="Example: clusterwright demo --driver local")
def demo(
    driver: Annotated[
        Driver,
        typer.Option(help="local makes a real Kubernetes of this host's programs."),
    ] = Driver.SIMULATED,
    pace: Annotated[
        float, typer.Option(min=0, max=1000, help="Speed of what is simulated; 0 is at once.")
    ] = 1.0,
) -> None:
    """Start a throw-away server, create a cluster and nodes with the SDK, delete all of it."""
    load_sdk()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    # The server is on this machine, whatever proxy is set for others.
    os.environ |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1")
    screen = console()
    kubectl = None
    if driver is Driver.LOCAL:
        screen.print("Looking for the programs of Kubernetes on this host.")
        kubectl = real_clusters.find_kubectl()
    screen.print("Starting a server with a throw-away data folder.")
    with _server(driver, pace) as server:
        api, endpoint = Api(server.environment), server.environment[ENDPOINT]
        if kubectl is None:
            _tell(api, endpoint, screen)
        else:
            with real_clusters.nothing_left(api, server.folder, screen):
                _tell(api, endpoint, screen, kubectl=kubectl, folder=server.folder)
    serve = "clusterwright serve" + (" --driver local" if kubectl else "")
    typer.echo(NEXT.format(serve=serve), err=True)


def _leave(number: int, _frame: FrameType | None) -> None:
    """End through every ``finally``, so that nothing stays behind."""
    sys.exit(128 + number)


def _tell(
    api: Api, endpoint: str, screen: Console, *, kubectl: Path | None = None, folder: Path = Path()
) -> None:
    """The story: three jobs, the first of them also as the document that the SDK receives.

    Where there is a Kubernetes behind the cluster, ``kubectl`` shows the nodes; it needs a file.
    """
    screen.print(f"A server runs at {endpoint}. huaweicloudsdkcce asks it for a cluster.")
    flavor, masters = "cce.s2.small", "three masters"
    if kubectl is not None:  # on one host there is one master, whatever was asked for
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
    if kubectl is not None:
        _say(screen, "kubectl get nodes, with the kubeconfig that the API gives:")
        screen.print(real_clusters.show_nodes(kubectl, api.create_certificate(uid, 1), folder))
    _say(screen, "All of it deleted:")
    _follow(api, api.delete_cluster(uid), screen)


def _say(screen: Console, sentence: str) -> None:
    screen.print(f"\n{sentence}", style="bold")


def _follow(api: Api, promised: Document, screen: Console) -> None:
    """Follow the job of a cluster or node to its end, which must be a good one."""
    job = job_screen.follow(api, promised["status"]["jobID"], timeout=JOB_SECONDS, screen=screen)
    job_screen.conclude(job, timeout=JOB_SECONDS)


@contextmanager
def _server(driver: Driver, pace: float) -> Iterator[Server]:
    """A server on a free port with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="clusterwright-demo-") as folder:
        data, log = Path(folder, "data"), Path(folder, "log")
        command = [sys.executable, "-m", "clusterwright", "serve", "--host", "127.0.0.1"]
        command += ["--port", "0", "--pace", str(pace), "--data", str(data), "--driver", driver]
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
            yield Server(variables(data), Path(folder))
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
        if (data / ENDPOINT_FILE).exists() and _is_healthy(variables(data)[ENDPOINT]):
            return
        time.sleep(PAUSE)
    fail(f"The server did not start. Its last words:\n{log.read_text()[-2000:]}")


def _is_healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False
