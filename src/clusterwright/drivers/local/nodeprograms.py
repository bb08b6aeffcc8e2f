"""The programs of one real node: their command lines, and what containerd is asked for.

Containerd, the kubelet and kube-proxy meet the paths that they are used to, because the node has a
mount namespace of its own; what they keep is in the node's folder.
"""

import errno
import subprocess
import time
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from clusterwright.drivers.local import cgroups
from clusterwright.drivers.local.components import PROXY_SECRET, Programs
from clusterwright.drivers.local.folder import Folder, write
from clusterwright.drivers.local.gateway import PROXY_PORT, PROXY_USER
from clusterwright.drivers.local.host import host_program
from clusterwright.drivers.local.nodefiles import SOCKET, NodeFolder, group_of
from clusterwright.drivers.local.spaces import KUBELET, ROUTER, Network
from clusterwright.drivers.local.upkeep import Command

CONTAINERD, KUBELET_PROGRAM, PROXY = "containerd", "kubelet", "kube-proxy"
ORDER = (PROXY, KUBELET_PROGRAM, CONTAINERD)
"""Who uses another one stops before it."""
IMPORTING_SECONDS = 120
TRYING_AGAIN_SECONDS = 60

_JOIN = 'umask 022; while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'
"""Becomes a command in the control groups whose files come before the ``--``, with the umask that
containerd is used to: with the server's, which leaves out everybody else, no container's user but
root could enter the root folder of its image.
"""


def commands(
    folder: Folder, home: NodeFolder, known: Mapping[str, Any], network: Network, programs: Programs
) -> list[Command]:
    """Its programs, in the order of starting. Raises DriverError for a missing one."""
    configs = {
        CONTAINERD: home.containerd,
        KUBELET_PROGRAM: home.kubelet,
        PROXY: home.kube_proxy,
    }
    lines: dict[str, list[object]] = {
        CONTAINERD: [host_program("containerd"), f"--config={configs[CONTAINERD]}"],
        KUBELET_PROGRAM: [
            programs.path(KUBELET_PROGRAM),
            f"--config={configs[KUBELET_PROGRAM]}",
            f"--kubeconfig={home.path / 'pki' / 'kubelet.kubeconfig'}",
            f"--hostname-override={known['address']}",
            f"--node-ip={known['address']}",
            f"--root-dir={KUBELET}",
            f"--cert-dir={KUBELET / 'pki'}",
        ],
        PROXY: [programs.path(PROXY), f"--config={configs[PROXY]}"],
    }
    doors = [str(path) for path in cgroups.doors(group_of(network, home.uid))]
    space = network.node(home.uid)
    secret = (folder.pki / PROXY_SECRET).read_text()
    proxy = f"http://{PROXY_USER}:{secret}@{ROUTER}:{PROXY_PORT}"
    more = {CONTAINERD: {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}}
    return [
        Command(
            name,
            ("/bin/sh", "-ec", _JOIN, name, *doors, "--", *space.entering(*map(str, line))),
            # What is read once, when a program begins, is a part of its command: other content
            # needs another process.
            environment={
                "CLUSTERWRIGHT_READ": _digest(configs[name], folder.pki / "servers.crt"),
                **more.get(name, {}),
            },
        )
        for name, line in lines.items()
    ]


def answers(network: Network, uid: str) -> bool:
    """Whether containerd takes requests."""
    return _ctr(network, uid, ["version"], seconds=10)


def import_images(home: NodeFolder, network: Network, archives: Iterable[Path]) -> str:
    """Import the archives that are new since the last time. Returns which ones are no good.

    Those are tried again a while later.
    """
    bad = []
    for archive in archives:
        state = archive.stat()
        stamp = f"{state.st_mtime_ns} {state.st_size}"
        # One of the cluster's own may be called as one that somebody brought.
        place = sha256(bytes(archive.parent)).hexdigest()[:8]
        done = home.path / "imported" / f"{place}-{archive.name}"
        known = done.read_text() if done.exists() else ""
        if known == f"{stamp} bad" and time.time() - done.stat().st_mtime > TRYING_AGAIN_SECONDS:
            known = ""
        if known.rpartition(" ")[0] != stamp:
            arguments = ["--namespace=k8s.io", "images", "import", str(archive)]
            well = _import(network, home.uid, arguments)
            known = f"{stamp} {'good' if well else 'bad'}"
            write(done, known)
        if known.endswith("bad"):
            bad.append(str(archive))
    return f"Nodes cannot import {', '.join(bad)}: replace or remove it." if bad else ""


def _import(network: Network, uid: str, arguments: list[str]) -> bool:
    """Import an archive. Raises OSError where that is not the archive's fault."""
    for _ in range(2):  # containerd may have ended in between, and may be back
        if _ctr(network, uid, arguments, seconds=IMPORTING_SECONDS):
            return True
        if not answers(network, uid):
            raise OSError(errno.EAGAIN, "containerd has ended while it imported images")
    return False


def _ctr(network: Network, uid: str, arguments: list[str], *, seconds: float) -> bool:
    command = network.node(uid).entering(
        host_program("ctr"), f"--address={SOCKET}", f"--timeout={seconds:.0f}s", *arguments
    )
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds + 5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _digest(*files: Path) -> str:
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
