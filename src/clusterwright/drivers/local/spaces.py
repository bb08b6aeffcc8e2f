"""Namespaces of real nodes, and the network between them, which this host's own never sees.

A cluster has a network namespace that routes, and each node a network and a mount namespace. They
are joined like machines at a router: one link per node, addresses of one machine each, and a route
to the pods behind it. In its mount namespace a node has its own ``/run``, ``/var/lib/kubelet`` and
``/var/log``, so that programs find the paths that they are used to, and mounts end with the node.

What keeps the namespaces is files of a small file system below RUN, a mount of this host.
Everything here blocks: call it in a thread. All of it raises OSError where the host refuses.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

RUN = Path("/run/clusterwright")
KUBELET = Path("/var/lib/kubelet")
"""Where programs look for what a kubelet keeps: an empty folder of this host, made if need be."""
ROUTER = "198.19.255.1"
"""The address of the router, where nodes and pods meet the API server. No machine has it: it is of
a range for measurements inside networks (RFC 2544)."""
SECONDS = 20

_LINK = "eth0"
_MADE = "made"
"""The file that is written when a space is complete."""

# $1 and $2 are what the node keeps; the rest is what every network namespace needs.
_FURNISH = f"""
# What this host mounts there to keep spaces would keep them alive in here as well.
for kept in {RUN}/*; do umount --recursive --lazy "$kept"; done
mount --make-rshared /
mount -t tmpfs -o mode=0755 clusterwright-node /run
mount --bind "$1" {KUBELET}
mount --bind "$2" /var/log
echo 1 > /proc/sys/net/ipv4/ip_forward
"""
_ROUTE = "echo 1 > /proc/sys/net/ipv4/ip_forward"


def name_of(path: Path) -> str:
    """A short name for what is kept in a folder, different for each folder of a host."""
    return sha256(str(path.absolute()).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Space:
    """What holds a namespace of a cluster, or the two of a node."""

    path: Path

    @property
    def is_made(self) -> bool:
        """Whether it is complete. Nothing is after a reboot."""
        return (self.path / _MADE).exists()

    @property
    def network(self) -> Path:
        """The network namespace, as programs are told of it."""
        return self.path / "net"

    def entering(self, *argv: str) -> tuple[str, ...]:
        """The command line that runs another one inside."""
        mounts = self.path / "mnt"
        flags = [f"--net={self.network}", *([f"--mount={mounts}"] if mounts.exists() else [])]
        return ("nsenter", *flags, "--", *argv)


class Network:
    """The spaces of one cluster."""

    def __init__(self, cluster: Path) -> None:
        self.name = name_of(cluster)
        self.path = RUN / self.name
        self.router = Space(self.path)
        self.socket = self.path / "gateway.sock"
        """Where the router's gateway takes connections to nodes."""
        self.uplink = self.path / "uplink"
        """There while the router is joined with this host, and tells by which addresses."""

    def node(self, uid: str) -> Space:
        """The space of a node."""
        return Space(self.path / "nodes" / uid)

    def ensure(self) -> None:
        """Make the router exist."""
        if self.router.is_made:
            return
        self.remove()
        while not self.path.exists():
            # Whoever leaves RUN last, in any process of this host, removes it.
            with suppress(FileNotFoundError):
                RUN.mkdir(exist_ok=True)
                self.path.mkdir(mode=0o700)
        # A file that keeps a mount namespace must be on a mount that is told to nobody.
        on_host("mount", "-t", "tmpfs", "-o", "mode=0700", "clusterwright", str(self.path))
        on_host("mount", "--make-private", str(self.path))
        self.router.network.touch()
        on_host("unshare", f"--net={self.router.network}", "true")
        _ip(self.router, "link set lo up", f"address add {ROUTER}/32 dev lo")
        on_host(*self.router.entering("sh", "-ec", _ROUTE))
        (self.path / "nodes").mkdir()
        (self.path / _MADE).touch()

    def ensure_node(self, uid: str, address: str, *, kubelet: Path, log: Path) -> None:
        """Make a node's space exist, and its link to the router."""
        space = self.node(uid)
        if space.is_made:
            return
        self.remove_node(uid)
        KUBELET.mkdir(parents=True, exist_ok=True)
        space.path.mkdir()
        for name in ("net", "mnt"):
            (space.path / name).touch()
        on_host(
            "unshare",
            f"--net={space.network}",
            f"--mount={space.path / 'mnt'}",
            *("--propagation", "slave", "sh", "-ec", _FURNISH, "furnish", str(kubelet), str(log)),
        )
        link = _link(uid)
        _ip(
            self.router,
            f"link add {link} type veth peer name {_LINK} netns {space.network}",
            f"link set {link} up",
            f"route add {address}/32 dev {link}",
        )
        _ip(
            space,
            "link set lo up",
            f"address add {address}/32 dev {_LINK}",
            f"link set {_LINK} up",
            f"route add {ROUTER}/32 dev {_LINK}",
            f"route add default via {ROUTER} dev {_LINK}",
        )
        (space.path / _MADE).touch()

    def route_pods(self, uid: str, address: str, pods: str) -> None:
        """Let the router find a node's pods behind it."""
        _ip(self.router, f"route replace {pods} via {address} dev {_link(uid)} onlink")

    def remove_node(self, uid: str) -> None:
        """Give a node's space back. Nothing may run in it any more."""
        space = self.node(uid)
        if not space.path.exists():
            return
        (space.path / _MADE).unlink(missing_ok=True)
        with suppress(OSError):  # there may be none yet, and it goes with its other end
            _ip(self.router, f"link delete {_link(uid)}")
        for name in ("mnt", "net"):
            _unmount(space.path / name)
        shutil.rmtree(space.path)

    def remove(self) -> None:
        """Give the router back. There must be no node any more."""
        if not self.path.exists():
            return
        (self.path / _MADE).unlink(missing_ok=True)
        _unmount(self.router.network)
        _unmount(self.path)
        shutil.rmtree(self.path)
        with suppress(OSError):  # another cluster is there
            RUN.rmdir()

    def nodes(self) -> list[str]:
        """Nodes that have a space, complete or not."""
        try:
            return sorted(path.name for path in (self.path / "nodes").iterdir())
        except FileNotFoundError:
            return []


def mounts_below(path: Path) -> Iterator[Path]:
    """What is mounted in this host's namespace below a folder, the deepest first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [Path(line.split()[4].encode().decode("unicode_escape")) for line in lines]
    yield from (point for point in reversed(points) if point.is_relative_to(path))


def _unmount(path: Path) -> None:
    while path in set(mounts_below(path)):
        on_host("umount", "--lazy", str(path))


def _link(uid: str) -> str:
    """The router's end of a node's link: a name of at most 15 characters."""
    return f"n{sha256(uid.encode()).hexdigest()[:12]}"


def _ip(space: Space, *commands: str) -> None:
    network = f"--net={space.network}"
    on_host("nsenter", network, "--", "ip", "-batch", "-", lines=commands)


def on_host(*command: str, lines: Sequence[str] = ()) -> str:
    """What a program of this host prints. Raises OSError where it fails or does not end."""
    try:
        done = subprocess.run(
            command,
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(errno.ETIMEDOUT, f"{command[0]} does not end") from error
    if done.returncode:
        told = " ".join(done.stderr.split())[:300]
        raise OSError(errno.EIO, f"{' '.join(command[:3])} failed: {told}")
    return done.stdout
