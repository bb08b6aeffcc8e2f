"""How much memory a new process may have: what the host has left, and what our limits leave.

In a container the host's figure means little: whoever goes beyond the control group's limit is
killed, without a word in any log.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = ("memory.max", "memory.current", "inactive_file")
_MIB = 1024 * 1024


def free() -> int | None:
    """MiB that can be used without swapping; None where nothing tells it."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        mine = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    told = next((line.split() for line in lines if line.startswith("MemAvailable:")), [])
    found = [int(told[1]) // 1024] if len(told) > 1 else []
    return min([*found, *left_in(_GROUPS, mine)], default=None)


def left_in(groups: Path, mine: list[str]) -> Iterator[int]:
    """MiB that are left below each limit that holds for a process.

    ``mine`` are the lines of its ``/proc/PID/cgroup``, ``groups`` where the hierarchies are (man 7
    cgroups).
    """
    for line in mine:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            root, names = groups, _V2
        elif "memory" in controllers.split(","):
            root, names = groups / "memory", _V1
        else:
            continue
        group = root / path.lstrip("/")
        # A limit holds for all groups below it. A container sees its own group as the root.
        for each in (group, *group.parents):
            if each != root and root not in each.parents:
                break
            left = _left(each, *names)
            if left is not None:
                yield left


def _left(group: Path, limit: str, usage: str, inactive: str) -> int | None:
    try:
        most = (group / limit).read_text().strip()
        used = int((group / usage).read_text())
        stat = _pairs(group / "memory.stat")
    except (OSError, ValueError):
        return None
    if most == "max":
        return None
    # Pages of files that nobody used lately are given back before anybody is killed.
    return max(int(most) - used + int(stat.get(inactive, 0)), 0) // _MIB


def _pairs(path: Path) -> Mapping[str, str]:
    return dict(line.split(maxsplit=1) for line in path.read_text().splitlines())
