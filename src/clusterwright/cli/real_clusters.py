"""What the demo needs of this host to show a real cluster, and that none of it stays."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from signal import SIG_IGN, SIGHUP, SIGINT, SIGTERM, signal
from typing import Any

import typer
from rich.console import Console

from clusterwright.cli.client import Api
from clusterwright.cli.kubectl import PROGRAM
from clusterwright.cli.output import Document, fail

_BIN_DIR = "CLUSTERWRIGHT_KUBERNETES_BIN_DIR"
_ASKING_SECONDS = 60
REMOVAL_SECONDS = 120
"""How long clusters may take to go when the demo ends before its time."""
_PAUSE = 0.2


class Nodes(StrEnum):
    """What the nodes of the demo are."""

    SIMULATED = "simulated"
    REAL = "real"


def environment() -> dict[str, str]:
    """The variables for our own commands: no settings but where this host's programs are."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CLUSTERWRIGHT_") or name == _BIN_DIR
    }


def choose_nodes(wanted: Nodes | None, data: Path, screen: Console) -> Nodes:
    """What the nodes of the demo can be here: real ones unless something lacks, which is told.

    Real nodes get an image to run, in the data folder. A host that cannot run clusters, or not with
    the nodes that are wanted, ends the command with what is missing and what to do.
    """
    checks = _command("check")["checks"]
    if lack := _lack(checks, "control_planes"):
        fail(f"Real clusters do not run here {lack}")
    if wanted is not Nodes.SIMULATED:
        lack = _lack(checks, "real_nodes") or _bring_image(data)
        if not lack:
            return Nodes.REAL
        if wanted is Nodes.REAL:
            fail(f"Real nodes do not run here {lack}")
        screen.print(f"The nodes are simulated. Real ones do not run here {lack}")
    if lack := _lack(checks, "simulated_nodes"):
        fail(f"Simulated nodes do not run here {lack}")
    return Nodes.SIMULATED


def _lack(checks: list[Document], needed: str) -> str:
    """What stands against a purpose, and what to do: words that end a sentence, or none."""
    missing = [each for each in checks if each["needed_for"] == needed and not each["well"]]
    if not missing:
        return ""
    # Without root nothing else of real nodes was tried.
    missing = [each for each in missing if each["name"] == "root"] or missing
    names = ", ".join(each["name"] for each in missing)
    remedies = dict.fromkeys(each["remedy"].rstrip(".") for each in missing)
    return f"without {names}. {'. '.join(remedies)}."


def _bring_image(data: Path) -> str:
    """Give real nodes a program to run in pods. Tells as :func:`_lack` what stands against it."""
    program = shutil.which(PROGRAM)
    if program is not None:
        done = _run("import", program, "--data", str(data))
        if not done.returncode:
            return ""
        return f"with this {PROGRAM}: {done.stderr.strip().removeprefix('Error: ')}"
    return f"without {PROGRAM}, which pods run. On Debian: apt-get install busybox-static."


def find_kubectl() -> Path:
    """The kubectl that goes with what this host runs clusters by, or the one on PATH."""
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
    done = _run(name, "-o", "json")
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        fail(f"This host cannot be looked at: {done.stderr.strip()}")
    return document


def _run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "clusterwright", "kubernetes", *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_ASKING_SECONDS,
    )


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
