"""Tells what this host can run, and what to do about what is missing. Changes nothing."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import memory
from clusterwright.drivers.local.binaries import (
    CONTROL_PLANE,
    REAL_NODES,
    SIMULATED_NODES,
    SNAPSHOTS,
    Binaries,
    told_version,
)

CONTROL_PLANE_MEMORY = 600
"""MiB that must be free for one more control plane; idle, it keeps about half of them."""
CNI_FOLDERS = (Path("/opt/cni/bin"), Path("/usr/lib/cni"), Path("/usr/libexec/cni"))
RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
"""Where a host tells whom it asks for names; the second one where the first names itself."""
CNI_PLUGINS = ("host-local", "loopback", "portmap", "ptp")
TRYING_SECONDS = 10

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
_CGROUPS = Path("/sys/fs/cgroup")
_PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mount": "mount",
    "iptables": "iptables",
    "conntrack": "conntrack",
}
"""Programs of the host that real nodes need, and the Debian packages that they are in."""


TRIALS = (
    (
        "namespaces",
        ("true",),
        "Root must be allowed to make namespaces of networks and mounts (CAP_SYS_ADMIN).",
    ),
    (
        "links between namespaces",
        ("ip", "link", "add", "name", "a0", "type", "veth", "peer", "name", "b0"),
        "The kernel must have veth, and a container CAP_NET_ADMIN. Run: modprobe veth",
    ),
    (
        "rules of Services",
        ("iptables", "--table", "nat", "--list", "--numeric"),
        "iptables must work on the table nat in a network namespace. Run: modprobe nf_nat",
    ),
)
"""What real nodes do, tried in namespaces that end with the trial; and what to do about it."""


class Purpose(StrEnum):
    """What something is needed for."""

    CONTROL_PLANES = "control planes"
    SIMULATED_NODES = "simulated nodes"
    REAL_NODES = "real nodes"
    DNS = "cluster DNS"
    SNAPSHOTS = "snapshots"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked for."""

    name: str
    purpose: Purpose
    well: bool
    found: str
    """What is there, in few words; empty where nothing is."""
    remedy: str = ""
    """What to do where it is not well: a sentence or a command."""


def check(binaries: Binaries | None) -> list[Check]:
    """Everything that was looked for, with the programs that would be used.

    Blocks: some programs are started, to ask for their versions.
    """
    return [*_programs(binaries), *_machine(), *_for_real_nodes()]


def cni_plugins() -> Path:
    """The folder of the plugins for pods' networks. Raises DriverError where there is none."""
    found = _plugins_folder()
    if found is None:
        raise DriverError(
            f"No folder of this host has the plugins {', '.join(CNI_PLUGINS)}."
            " Run: clusterwright kubernetes check",
            causes.HOST_LACKS,
        )
    return found


def host_program(name: str) -> str:
    """Where a program of the host is. Raises DriverError where it is missing."""
    found = _which(name)
    if found is None:
        raise DriverError(
            f"This host has no {name}. Run: clusterwright kubernetes check", causes.HOST_LACKS
        )
    return found


def resolvers() -> tuple[str, ...]:
    """The servers of names that this host asks, but those that only it can reach."""
    for path in RESOLVERS:
        try:
            lines = path.read_text("ascii", "replace").splitlines()
        except OSError:
            continue
        words = [line.split() for line in lines]
        told = [each[1] for each in words if len(each) > 1 and each[0] == "nameserver"]
        if found := tuple(each for each in told if _is_reachable(each)):
            return found
    return ()


def _is_reachable(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    # Clusters have no way out by IPv6.
    return found.version == 4 and not found.is_loopback


def require_real_nodes() -> None:
    """Raises DriverError where this host cannot run real nodes; the text says what would help."""
    missing = [each for each in _for_real_nodes() if not each.well]
    if missing:
        reasons = " ".join(f"{each.name}: {each.remedy}" for each in missing)
        raise DriverError(f"This host cannot run real nodes. {reasons}", causes.HOST_LACKS)


def lacking(checks: Iterable[Check], purpose: Purpose) -> list[Check]:
    """What stands against a purpose. Nodes need what control planes need, too."""
    needs = {purpose}
    if purpose is not Purpose.CONTROL_PLANES:
        needs.add(Purpose.CONTROL_PLANES)
    return [each for each in checks if not each.well and each.purpose in needs]


def _programs(binaries: Binaries | None) -> Iterator[Check]:
    install = "Run: clusterwright kubernetes install v1.34, or in a checkout: make kubernetes"
    build = "In a checkout run: make kubernetes. Or put it on PATH."
    for purpose, names, remedy in (
        (Purpose.CONTROL_PLANES, CONTROL_PLANE, install),
        (Purpose.SIMULATED_NODES, SIMULATED_NODES, build),
        (Purpose.REAL_NODES, REAL_NODES, install),
        (Purpose.DNS, ("coredns",), build),
        (Purpose.SNAPSHOTS, SNAPSHOTS, install),
    ):
        missing = binaries.missing(names) if binaries else names
        there = binaries.version if binaries and not missing else ""
        without = f"without {', '.join(missing)}" if binaries and missing else ""
        yield Check(
            name=", ".join(names),
            purpose=purpose,
            well=not missing,
            found=there or without,
            remedy=remedy if missing else "",
        )


def _machine() -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0))
    yield Check(name="cores", purpose=Purpose.CONTROL_PLANES, well=True, found=str(cores))
    free = memory.free()
    enough = free is None or free >= CONTROL_PLANE_MEMORY
    yield Check(
        name="free memory",
        purpose=Purpose.CONTROL_PLANES,
        well=enough,
        found="unknown" if free is None else f"{free} MiB",
        remedy="" if enough else f"A control plane needs {CONTROL_PLANE_MEMORY} MiB.",
    )


def _for_real_nodes() -> Iterator[Check]:
    root = os.geteuid() == 0
    yield _real("root", root, "yes" if root else "no", "Serve as root.")
    for name, command, remedy in TRIALS:
        works = root and _succeeds("unshare", "--net", "--mount", *command)
        said = "yes" if works else "no" if root else "not tried"
        yield _real(name, works, said, remedy if root else "Ask again as root.")
    yield _cgroups(root=root)
    for program, package in _PACKAGES.items():
        path = _which(program)
        asked = program in ("containerd", "runc") and path
        version = told_version(Path(path)) if path and asked else ""
        yield _real(program, path is not None, version or path or "", _debian(package))
    yield _cni()


def _which(name: str) -> str | None:
    """Where a program is: users other than root often have no folder of system programs on PATH."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)


def _cgroups(*, root: bool) -> Check:
    if (_CGROUPS / "cgroup.controllers").exists():
        found, mounted = "v2", _CGROUPS
    elif (_CGROUPS / "memory").is_dir():
        found, mounted = "v1", _CGROUPS / "memory"
    else:
        return _real("cgroups", False, "", "Mount the host's cgroups below /sys/fs/cgroup.")
    if not root:
        return _real("cgroups", True, found, "")
    writable = os.access(mounted, os.W_OK)
    return _real(
        "cgroups",
        writable,
        found if writable else f"{found}, read-only",
        f"{mounted} must be writable: in a container, mount it so.",
    )


def _plugins_folder() -> Path | None:
    def is_complete(folder: Path) -> bool:
        return all((folder / name).is_file() for name in CNI_PLUGINS)

    return next(filter(is_complete, CNI_FOLDERS), None)


def _cni() -> Check:
    complete = _plugins_folder()
    wanted = f"The plugins {', '.join(CNI_PLUGINS)} must be in one folder."
    return _real(
        "CNI plugins",
        complete is not None,
        str(complete) if complete else "",
        f"{wanted} {_debian('containernetworking-plugins')}",
    )


def _debian(package: str) -> str:
    return f"On Debian and Ubuntu: apt-get install {package}"


def _real(name: str, well: bool, found: str, remedy: str) -> Check:
    return Check(
        name=name,
        purpose=Purpose.REAL_NODES,
        well=well,
        found=found,
        remedy="" if well else remedy,
    )


def _succeeds(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=TRYING_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
