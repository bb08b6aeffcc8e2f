"""Servers under measurement: each in a process of its own, on a core of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.server_process import START_SECONDS, ServerProcess, free_port

# Compiled code left over from earlier starts is part of every real start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = _CORES[0], _CORES[-1]


def stay_on_client_core() -> None:
    """Keep this process and what it starts off the server's core."""
    os.sched_setaffinity(0, {CLIENT_CORE})


@contextmanager
def server_core() -> Iterator[None]:
    """Processes that are started inside the block stay on the server's core."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


@contextmanager
def clusterwright(data: Path, **settings: Any) -> Iterator[ServerProcess]:
    """A running product on a data folder."""
    server = ServerProcess(
        data, job_retention_days=36500, cluster_quota=1_000_000, log_level="WARNING", **settings
    )
    with server_core():
        server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def program(command: list[str]) -> Iterator[tuple[int, int]]:
    """A running server of another kind; gives its process id and its port.

    The port takes the place of ``{port}`` in the command.
    """
    port = free_port()
    with server_core():
        process = subprocess.Popen([part.replace("{port}", str(port)) for part in command])
    try:
        wait_for(port, process)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(timeout=30)


def tree(pid: int) -> list[int]:
    """A process and all that it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in tree(int(child)))]


def cpu_seconds(pid: int) -> float:
    """The processor time that a process and what it has started have used so far."""
    used = 0
    for each in tree(pid):
        # The second field is a name in parentheses, which may hold anything.
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> tuple[int, int]:
    """Bytes resident of a process and its children: RSS, and PSS, which shares pages out."""
    found = {"Rss": 0, "Pss": 0}
    for each in tree(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            name, _, amount = line.partition(":")
            if name in found:
                found[name] += int(amount.split()[0]) * 1024
    return found["Rss"], found["Pss"]


def python(module: str, *arguments: str) -> list[str]:
    """The command of a module of ours."""
    return [sys.executable, "-m", module, *arguments]


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens. Raises RuntimeError when the process ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not listen.")
