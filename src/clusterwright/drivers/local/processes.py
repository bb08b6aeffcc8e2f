"""Processes that outlive the one that started them, and are found again by it or by another.

A process is known by its number, by when it started and by the boot it started in: a number that
was given to a stranger since then is never taken for ours, and never signalled. Each writes its own
record before it becomes the program, so that none is without a record, whenever the starter dies.
Everything here blocks for milliseconds: call it in a thread.
"""

import json
import os
import select
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from clusterwright.drivers.local.logs import rotate

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_START_TIME = 19
"""The place of the start time behind a process's name in ``/proc/PID/stat`` (man 5 proc)."""

# $0 is the record, $1 the digest, the rest the command. A rename makes the record whole or absent.
_RECORD_AND_BECOME = """
set -e
read -r boot < /proc/sys/kernel/random/boot_id
read -r stat < /proc/$$/stat
record=$0 digest=$1
shift
start() { shift 19; echo "$1"; }
printf '{"pid": %s, "start_time": "%s", "boot_id": "%s", "digest": "%s"}' \
    $$ "$(start ${stat##*) })" "$boot" "$digest" > "$record.new"
mv -f "$record.new" "$record"
cd /
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Record:
    """Which process it is, and of what command."""

    pid: int
    start_time: str
    boot_id: str
    digest: str


def digest(argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """What tells one command from another."""
    text = json.dumps([list(argv), sorted(environment.items())])
    return sha256(text.encode()).hexdigest()[:32]


def start(argv: Sequence[str], *, environment: Mapping[str, str], record: Path, log: Path) -> None:
    """Start a command in a session of its own, with its output at the end of ``log``.

    Its ``record`` appears a moment later, before the command itself runs. Raises OSError.
    """
    rotate(log)
    known = digest(argv, environment)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.posix_spawn(
        "/bin/sh",
        ["/bin/sh", "-c", _RECORD_AND_BECOME, str(record), known, *argv],
        {"PATH": os.environ.get("PATH", os.defpath), **environment},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
        # An interpreter ignores SIGPIPE, and what is ignored is inherited.
        setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    )


def read(record: Path) -> Record | None:
    """What a record says; None where there is none, or none that can be read."""
    try:
        found = json.loads(record.read_bytes())
        return Record(
            int(found["pid"]), found["start_time"], found["boot_id"], str(found["digest"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_alive(known: Record | None) -> bool:
    """Whether it is this very process that runs under the number, and has not ended."""
    if known is None or known.boot_id != _boot_id():
        return False
    state = _state(known.pid)
    if state is None or state[1] != known.start_time:
        return False
    if state[0] in "ZX":
        # The first thread has ended; the others may still be letting go of ports and files.
        if _threads(known.pid) > 1:
            return True
        # Ended, and perhaps ours to bury; somebody else's are their parent's.
        with suppress(ChildProcessError):
            os.waitpid(known.pid, os.WNOHANG)
        return False
    return True


def are_alive(records: Iterable[Path]) -> list[bool]:
    """Of each record whether its process runs."""
    return [is_alive(read(record)) for record in records]


def is_at_work(known: Record | None) -> bool:
    """Whether the process is alive, and no signal has stopped it."""
    state = _state(known.pid) if known is not None and is_alive(known) else None
    return state is not None and state[0] not in "Tt"


def open_descriptor(known: Record) -> int | None:
    """A descriptor that becomes readable when the process ends; None where it does not run.

    The caller closes it.
    """
    try:
        descriptor = os.pidfd_open(known.pid)
    except OSError:
        return None
    # Asked after opening: what the descriptor means cannot change any more.
    if is_alive(known):
        return descriptor
    os.close(descriptor)
    return None


def stop(records: Iterable[Path], *, seconds: float) -> None:
    """End the processes of these records, all at once, and forget the records.

    Each is asked first, and killed where it still runs after so many ``seconds``.
    """
    kept = list(records)
    open_ones = {
        descriptor
        for known in map(read, kept)
        if known is not None and (descriptor := open_descriptor(known)) is not None
    }
    try:
        remaining = _signal_and_wait(open_ones, signal.SIGTERM, seconds)
        # Nothing survives this one, so it is waited for much longer than it can take.
        _signal_and_wait(remaining, signal.SIGKILL, 30.0)
    finally:
        for descriptor in open_ones:
            os.close(descriptor)
    for path in kept:
        known = read(path)
        if not is_alive(known):
            path.unlink(missing_ok=True)


def _signal_and_wait(descriptors: set[int], number: signal.Signals, seconds: float) -> set[int]:
    for descriptor in descriptors:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, number)
    deadline = time.monotonic() + seconds
    remaining = set(descriptors)
    ends = select.poll()  # a select would refuse the high numbers that a server of many has
    for descriptor in remaining:
        ends.register(descriptor, select.POLLIN)
    while remaining and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in ends.poll(left * 1000):
            ends.unregister(descriptor)
            remaining.remove(descriptor)
    return remaining


def _state(pid: int) -> tuple[str, str] | None:
    """The state and the start time of whatever has this number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return None
    # The name before it may hold anything, brackets too.
    fields = stat.rpartition(") ")[2].split()
    return fields[0], fields[_START_TIME]


def _threads(pid: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return 0


def _boot_id() -> str:
    return _BOOT_ID.read_text("ascii").strip()
