"""kwokctl with its binary runtime, and the same programs: what the driver ``local`` is beside."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.doors import ACCOUNT, NAMESPACES, Door, pids_of, until
from clusterwright.drivers.local.binaries import Binaries

PROGRAM = "kwokctl"
_PROGRAMS = {
    "kube-apiserver-binary": "kube-apiserver",
    "kube-controller-manager-binary": "kube-controller-manager",
    "kube-scheduler-binary": "kube-scheduler",
    "etcd-binary": "etcd",
    "kwok-controller-binary": "kwok",
}


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the command on."""

    first_answer: float
    usable: float


class Rival:
    """kwokctl, with a folder of its own for all that it writes."""

    def __init__(self, program: Path, programs: Binaries, scratch: Path) -> None:
        self._program = program
        self._programs = programs
        self._scratch = scratch
        self.folder = scratch / "kwok"

    @contextmanager
    def cluster(self, name: str) -> Iterator[Start]:
        """A cluster that is gone after the block."""
        # Its own, which it writes before it starts anything.
        kubeconfig = self.folder / "clusters" / name / "kubeconfig.yaml"
        flags = [f"--{flag}={self._programs.path(of)}" for flag, of in _PROGRAMS.items()]
        flags += ["--runtime=binary", "--kubeconfig=", "--disable-qps-limits"]
        began = time.monotonic()
        with (self._scratch / "kwokctl.log").open("ab") as log:
            creating = subprocess.Popen(
                [self._program, "create", "cluster", f"--name={name}", *flags],
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
            try:
                until(lambda: self._is_written(kubeconfig, creating), f"{PROGRAM}'s kubeconfig")
                door = Door(kubeconfig, self._programs.path("kubectl"))
                door.wait(NAMESPACES)
                door.kubectl("get", "namespaces")
                first = time.monotonic() - began
                door.wait(ACCOUNT)
                yield Start(first, time.monotonic() - began)
            finally:
                creating.wait(timeout=120)
                self._delete(name, log.fileno())

    def _is_written(self, kubeconfig: Path, creating: "subprocess.Popen[bytes]") -> bool:
        if creating.poll():
            told = (self._scratch / "kwokctl.log").read_text()[-1000:]
            raise RuntimeError(f"{PROGRAM} ended with {creating.returncode}: {told}")
        try:
            Door(kubeconfig, Path())
        except (OSError, KeyError, TypeError, IndexError):
            return False
        return True

    def _delete(self, name: str, log: int) -> None:
        subprocess.run(
            [self._program, "delete", "cluster", f"--name={name}"],
            env=self._environment(),
            stdout=log,
            stderr=log,
            check=True,
        )
        until(lambda: not pids_of(self.folder / "clusters" / name), f"the end of {name}")

    def _environment(self) -> dict[str, str]:
        kubectl = self._programs.path("kubectl").parent
        return {
            "PATH": f"{kubectl}:{os.environ['PATH']}",
            "HOME": str(self._scratch),
            "KWOK_WORKDIR": str(self.folder),
        }
