"""What the demo needs of this host to show a real cluster, and what kubectl says of one."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIG_IGN, SIGHUP, SIGINT, SIGTERM, signal
from typing import Any

import typer
from rich.console import Console

from clusterwright.cli.client import Api
from clusterwright.cli.output import Document, fail

_NEEDED = ("control_planes", "simulated_nodes")
_BIN_DIR = "CLUSTERWRIGHT_KUBERNETES_BIN_DIR"
_ASKING_SECONDS = 60
REMOVAL_SECONDS = 120
"""How long clusters may take to go when the demo ends before its time."""
_PAUSE = 0.2


def environment() -> dict[str, str]:
    """The variables for our own commands: no settings but where this host's programs are."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLUSTERWRIGHT_") or name == _BIN_DIR
    }


def find_kubectl() -> Path:
    """The kubectl that goes with what this host runs clusters by, or the one on PATH.

    A host that cannot run clusters ends the command with what is missing and what to do.
    """
    found = _command("check")
    missing = [
        each for each in found["checks"] if each["needed_for"] in _NEEDED and not each["well"]
    ]
    if missing:
        names = ", ".join(each["name"] for each in missing)
        remedies = dict.fromkeys(each["remedy"].rstrip(".") for each in missing)
        fail(f"Real clusters do not run here without {names}. {'. '.join(remedies)}.")
    listed = _command("list")
    by = {each["by"] for each in listed["versions"] if each["runs"]}
    for installed in listed["installed"]:
        if installed["version"] in by and "kubectl" in installed["programs"]:
            return Path(installed["programs"]["kubectl"])
    on_path = shutil.which("kubectl")
    if on_path is None:
        fail("There is no kubectl to show the cluster with. Put one on PATH.")
    return Path(on_path)


def _command(name: str) -> dict[str, Any]:
    """What a command of ours that looks at this host prints. The client half asks, as others do."""
    command = [sys.executable, "-m", "clusterwright", "kubernetes", name, "-o", "json"]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=_ASKING_SECONDS
    )
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        fail(f"This host cannot be looked at: {done.stderr.strip()}")
    return document


def show_nodes(kubectl: Path, config: Document, folder: Path) -> str:
    """What kubectl tells of a cluster's nodes, by the kubeconfig that the API gave."""
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    command = [str(kubectl), "--kubeconfig", str(path), "get", "nodes"]
    own = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=_ASKING_SECONDS)
    if done.returncode:
        fail(f"kubectl get nodes: {done.stderr.strip()}")
    return done.stdout.rstrip()


@contextmanager
def nothing_left(api: Api, data: Path, screen: Console) -> Iterator[None]:
    """Delete the server's clusters where something comes in between: they would outlive it."""
    try:
        yield
    except BaseException:
        for number in (SIGINT, SIGTERM, SIGHUP):
            signal(number, SIG_IGN)  # once is enough to be asked to end
        try:
            _remove_all(api, screen)
        except typer.Exit:
            screen.print(f"Processes may be left. Find them with: pgrep -f {data}")
        raise


def _remove_all(api: Api, screen: Console) -> None:
    deadline = time.monotonic() + REMOVAL_SECONDS
    asked: set[str] = set()
    while clusters := api.list_clusters()["items"]:
        if time.monotonic() > deadline:
            fail(f"The clusters were not deleted within {REMOVAL_SECONDS} s.")
        for cluster in clusters:
            uid = cluster["metadata"]["uid"]
            if uid not in asked and cluster["status"]["phase"] != "Deleting":
                screen.print("Deleting the cluster, which would go on running.")
                api.delete_cluster(uid)
                asked.add(uid)
        time.sleep(_PAUSE)
