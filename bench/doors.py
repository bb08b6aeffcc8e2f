"""A real Kubernetes as a client meets it, whoever made it: asked until it answers."""

import os
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

POLL_SECONDS = 0.01
PATIENCE = 120.0
NAMESPACES = "/api/v1/namespaces"
ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
"""Without it no pod can be made in a namespace."""


class Door:
    """The API server that a kubeconfig leads to. Every request has a connection of its own."""

    def __init__(self, kubeconfig: Path, kubectl: Path) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = kubectl
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self._url = cluster["server"]
        self._context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._context.load_cert_chain(user["client-certificate"], user["client-key"])

    def get(self, path: str) -> Any:
        """An object; None where the server does not answer or has none such."""
        try:
            with httpx.Client(verify=self._context, trust_env=False, timeout=5) as client:
                answer = client.get(self._url + path)
        except httpx.HTTPError:
            return None
        return answer.json() if answer.status_code == httpx.codes.OK else None

    def wait(self, path: str, done: Callable[[Any], bool] = bool) -> None:
        """Return when what is there is ``done``. Raises TimeoutError."""
        until(lambda: done(self.get(path)), path)

    def kubectl(self, *words: str) -> str:
        """What kubectl prints. Raises subprocess.CalledProcessError."""
        command = [str(self._kubectl), f"--kubeconfig={self.kubeconfig}", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def until(done: Callable[[], bool], what: str) -> None:
    """Wait until something is done. Raises TimeoutError, naming ``what``."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE:.0f} s: {what}")
        time.sleep(POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class Cost:
    """What processes take: memory, shared pages in parts, and of a core."""

    processes: int
    pss_mib: float
    percent_of_core: float


def cost(pids: Iterable[int], seconds: float) -> Cost:
    """Watch processes for so long."""
    known = list(pids)
    before = sum(map(_cpu_seconds, known))
    began = time.monotonic()
    time.sleep(seconds)
    used = sum(map(_cpu_seconds, known)) - before
    taken = time.monotonic() - began
    return Cost(len(known), sum(map(_pss_mib, known)), 100 * used / taken)


def pids_of(folder: Path) -> list[int]:
    """The processes of this host in whose commands a folder is named."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and int(path.name) != os.getpid():
            try:
                command = (path / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in command:
                found.append(int(path.name))
    return found


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def ready(items: Any) -> int:
    """How many of a list's objects have the condition Ready."""
    return sum(
        condition["type"] == "Ready" and condition["status"] == "True"
        for item in (items or {}).get("items", ())
        for condition in item.get("status", {}).get("conditions", ())
    )
