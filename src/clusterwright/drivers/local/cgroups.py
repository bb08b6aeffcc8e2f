"""Control groups of nodes: made before anything runs in them, and emptied by killing what does.

On a host of version 1 a group is a folder in each hierarchy, on one of version 2 a single one. A
group has a part for the node's own programs; the kubelet makes parts for pods beside it. Everything
here blocks: call it in a thread. All of it raises OSError where the host refuses.
"""

import errno
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
TOP = "clusterwright"
"""The group above all of ours."""
PROGRAMS = "programs"
"""The part of a node's group that its own programs are in."""
EMPTYING_SECONDS = 20.0
MAKING_SECONDS = 5.0
"""How long others may be in the way of a new group."""


def hierarchies() -> list[Path]:
    """Where groups are made: one folder on version 2, one for each controller on version 1."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    # On a hybrid host one of them is of version 2, without controllers; runtimes use it as well.
    return sorted(path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink())


def ensure(group: str) -> None:
    """Make a group below TOP exist, with a part for programs."""
    deadline = time.monotonic() + MAKING_SECONDS
    for hierarchy in hierarchies():
        while True:
            try:
                _make(hierarchy, group)
                break
            except (FileNotFoundError, FileExistsError):
                # Whoever left TOP last, in any process of this host, may have removed it just then.
                if time.monotonic() > deadline:
                    raise


def _make(path: Path, group: str) -> None:
    for part in (TOP, *Path(group).parts, PROGRAMS):
        (path / part).mkdir(exist_ok=True)
        _hand_down(path, path / part)
        path /= part


def _hand_down(above: Path, part: Path) -> None:
    """Let a new group use what the one above it may use."""
    if (above / "cgroup.controllers").exists():
        # The part for programs is a leaf: no other group may have processes on version 2.
        controllers = (above / "cgroup.controllers").read_text().split()
        if controllers:
            enabled = " ".join(f"+{name}" for name in controllers)
            (above / "cgroup.subtree_control").write_text(enabled)
        return
    for name in ("cpuset.cpus", "cpuset.mems"):
        # A new set of version 1 is empty, and nothing could join it.
        if (part / name).exists() and not (part / name).read_text().strip():
            (part / name).write_text((above / name).read_text())


def doors(group: str) -> list[Path]:
    """The files by which a process joins the part for programs."""
    return [path / PROGRAMS / "cgroup.procs" for path in _folders(group)]


def remove(group: str) -> None:
    """Kill whatever is in a group, and remove it with all its parts, and TOP if that is empty."""
    deadline = time.monotonic() + EMPTYING_SECONDS
    while members := set(_members(group)):
        if time.monotonic() > deadline:
            raise OSError(errno.EBUSY, f"processes do not end: {sorted(members)}")
        for pid in members:
            _kill(pid, group)
        time.sleep(0.01)
    for folder in _folders(group):
        while folder.is_dir():
            try:
                for each in _parts(folder):
                    each.rmdir()
            except OSError as error:
                # A process that has just ended may still be counted.
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        with suppress(OSError):  # others are still in there
            for above in folder.parents[: len(Path(group).parts)]:
                above.rmdir()


def _folders(group: str) -> list[Path]:
    return [hierarchy / TOP / group for hierarchy in hierarchies()]


def _parts(folder: Path) -> Iterator[Path]:
    """A folder and those in it, the deepest first."""
    for below, _, _ in os.walk(folder, topdown=False):
        yield Path(below)


def _members(group: str) -> Iterable[int]:
    for folder in _folders(group):
        for part in _parts(folder):
            with suppress(FileNotFoundError):
                yield from map(int, (part / "cgroup.procs").read_text().split())


def _kill(pid: int, group: str) -> None:
    """Kill a process, if it still is in the group once its number cannot be another's."""
    with suppress(ProcessLookupError, FileNotFoundError):
        descriptor = os.pidfd_open(pid)
        try:
            groups = Path(f"/proc/{pid}/cgroup").read_text()
            if f"/{TOP}/{group}/" in groups.replace("\n", "/\n"):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
