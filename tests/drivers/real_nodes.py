"""Real nodes for tests: what they need of the host, an image to run, and all that they leave."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clusterwright.drivers.contract import DriverError, Kubeconfig
from clusterwright.drivers.local import cgroups, host, images, uplinks
from clusterwright.drivers.local.binaries import REAL_NODES
from clusterwright.drivers.local.components import Programs
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import write_json
from clusterwright.drivers.local.spaces import RUN, Network, name_of
from clusterwright.drivers.local.wanted import Nodes
from tests import kubernetes
from tests.drivers import local_host
from tests.drivers.examples import a_cluster
from tests.kit import until_async

BUSYBOX = "localhost/tests/busybox:1"
RIGHTS = {"root", "cgroups", *(name for name, _, _ in host.TRIALS)}
"""What only the owner of a machine can give, by the names that ``kubernetes check`` tells."""
NEEDED = (*kubernetes.NEEDED, *REAL_NODES, "coredns")


def require() -> None:
    """Skip the test where no real node can run, and tell the reason.

    In CI it fails, unless it is the kernel that refuses: programs can be installed, rights cannot.
    """
    try:
        host.require_real_nodes()
        host.host_program("busybox")
    except DriverError as error:
        reason = f"Real nodes are not tested: {error}"
        lacking = {each.name for each in host.check(None) if not each.well}
        if os.environ.get("CI") and not lacking & RIGHTS:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    kubernetes.binaries(needed=NEEDED)


@asynccontextmanager
async def driver(
    home: Path, find: Callable[[str], Programs] = kubernetes.binaries
) -> AsyncIterator[LocalDriver]:
    """A driver of real nodes at work on a folder, whose clusters are deleted at the end."""
    require()
    async with LocalDriver(home, find, kind=Nodes.REAL) as opened:
        try:
            yield opened
        finally:
            for uid in clusters(home):
                await opened.delete_cluster(a_cluster(uid))
            await until_async("clusters stay", lambda: not clusters(home), 60)
            await opened.close()
            local_host.end_all(home)


def clusters(home: Path) -> list[str]:
    """The clusters that are in a driver's folder."""
    return [path.parent.name for path in home.glob("*/wanted.json")]


def bring_image(home: Path) -> Path:
    """Put an image with a shell, a web server and clients where every node of a driver finds it."""
    (home / "images").mkdir()
    program = shutil.which("busybox")
    assert program
    names = ("cat", "httpd", "mkdir", "nc", "nslookup", "sh", "sleep", "tar")
    files: dict[str, bytes | Path] = {f"bin/{name}": Path(program) for name in names}
    archive = home / "images" / "busybox.tar"
    images.write(archive, BUSYBOX, files, ["/bin/sh"])
    return archive


class Kubectl:
    """Kubernetes' own command line, as a user of a cluster has it."""

    def __init__(self, kubeconfig: Kubeconfig, folder: Path) -> None:
        self._program = str(kubernetes.binaries().path("kubectl"))
        self._config = folder / "kubeconfig"
        for name, text in (
            ("ca", kubeconfig.ca),
            ("pair", kubeconfig.client_certificate + kubeconfig.client_key),
        ):
            (folder / name).write_text(text)
        pair = str(folder / "pair")
        cluster = {"server": kubeconfig.server, "certificate-authority": str(folder / "ca")}
        write_json(
            self._config,
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": {"client-certificate": pair, "client-key": pair}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            },
        )

    def __call__(self, *words: str, given: str = "") -> str:
        """What a command prints. It must succeed."""
        done = self.run(*words, given=given)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def run(self, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """What becomes of a command."""
        return subprocess.run(
            self.command(*words),
            input=given,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def command(self, *words: str) -> list[str]:
        """The command line of a command."""
        return [self._program, f"--kubeconfig={self._config}", *words]


def traces(cluster: Path) -> dict[str, set[str]]:
    """All that real nodes of the cluster in a folder leave on this host, and its network."""
    ours = (str(cluster), name_of(cluster))

    def is_ours(text: str) -> bool:
        return any(each in text for each in ours)

    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    run = [str(path) for path in RUN.rglob("*")] if RUN.exists() else []
    groups = [str(path) for path in cgroups.ROOT.glob(f"*/{cgroups.TOP}/**")]
    processes = [" ".join(local_host.command(pid)) for pid in local_host.pids()]
    return {
        "mounts": set(filter(is_ours, mounts)),
        "files": set(filter(is_ours, run)),
        "groups": set(filter(is_ours, groups)),
        "processes": set(filter(is_ours, processes)),
        "links": set(filter(is_ours, uplinks.links())),
        "rules": set(filter(is_ours, _listed("iptables-save"))),
    }


def end_as_a_reboot_does(cluster: Path) -> None:
    """End all processes, mounts and groups of the cluster in a folder, which stays."""
    local_host.end_all(cluster)
    network = Network(cluster)
    for uid in network.nodes():
        cgroups.remove(f"{network.name}/{uid}")
        network.remove_node(uid)
    uplinks.remove(network)
    network.remove()
    cgroups.remove(network.name)


def network_namespaces() -> set[int]:
    """Those that something keeps alive."""
    return set(map(int, _listed("lsns", "--noheadings", "--output", "NS", "--type", "net")))


def _listed(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if not line.startswith(("#", ":"))]
