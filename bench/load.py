"""Load on a server: ready-made requests over kept connections, by wrk where it is installed.

The slower generator in Python is for machines without wrk. Then it is the generator that is
measured as much as the server, and the report says so.
"""

import asyncio
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bench import processes

CONNECTIONS = 64

_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Request:
    """A GET that is sent over and over. ``headers`` includes Host."""

    path: str
    headers: Mapping[str, str]

    def raw(self) -> bytes:
        """The bytes on the wire."""
        head = [f"GET {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in self.headers.items())]
        return "\r\n".join([*head, "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run measured.

    Requests per second, latencies in milliseconds, and the microseconds of processor time that the
    server used for a request.
    """

    rate: float
    p50: float
    p99: float
    cpu: float


def median(runs: Iterable[Figures]) -> Figures:
    """Each figure's median."""
    rounds = list(runs)
    return Figures(
        rate=statistics.median(run.rate for run in rounds),
        p50=statistics.median(run.p50 for run in rounds),
        p99=statistics.median(run.p99 for run in rounds),
        cpu=statistics.median(run.cpu for run in rounds),
    )


def generator() -> str:
    """The name of the load generator that ``measure`` uses here."""
    return "wrk" if shutil.which("wrk") else "the generator in Python (install wrk for real rates)"


def store(requests: Iterable[Request], file: Path) -> None:
    """Write requests down for ``measure``."""
    file.write_bytes(b"\0".join(request.raw() for request in requests))


def measure(port: int, requests: Path, seconds: int, *, pid: int) -> Figures:
    """Send stored requests in turn for a while to the server in process ``pid``.

    Raises RuntimeError when any answer is no 200.
    """
    before = processes.cpu_seconds(pid)
    if shutil.which("wrk"):
        found = _by_wrk(port, requests, seconds)
    else:
        found = asyncio.run(_by_python(port, requests.read_bytes().split(b"\0"), seconds))
    if failed := found.pop("failed"):
        raise RuntimeError(f"{failed:.0f} requests failed.")
    used = processes.cpu_seconds(pid) - before
    return Figures(cpu=used / found.pop("requests") * 1e6, **found)


def _by_wrk(port: int, requests: Path, seconds: int) -> dict[str, float]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT)]
    target = [f"http://127.0.0.1:{port}", "--", str(requests)]
    done = subprocess.run([*command, *target], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


async def _by_python(port: int, requests: list[bytes], seconds: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    upcoming = cycle(requests)
    start = time.perf_counter()
    clients = [_Client(upcoming, start + seconds) for _ in range(CONNECTIONS)]
    for client in clients:
        # mypy infers no lambda with a default.
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - start
    waits = sorted(wait for client in clients for wait in client.waits)
    return {
        "requests": len(waits),
        "rate": len(waits) / took,
        "p50": waits[len(waits) // 2] * 1e3,
        "p99": waits[len(waits) * 99 // 100] * 1e3,
        "failed": sum(client.failed for client in clients),
    }


class _Client(asyncio.Protocol):
    """One kept connection that sends its next request when an answer is complete."""

    def __init__(self, upcoming: Iterator[bytes], until: float) -> None:
        self.waits: list[float] = []
        self.failed = 0
        self.done = asyncio.get_running_loop().create_future()
        self._upcoming = upcoming
        self._until = until
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._received.clear()
        self._sent = time.perf_counter()
        self._transport.write(next(self._upcoming))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = bytes(self._received).partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not separator or len(body) < int(length):
            return
        now = time.perf_counter()
        self.waits.append(now - self._sent)
        self.failed += not head.startswith(b"HTTP/1.1 200 ")
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.failed += error is not None
        self.done.set_result(None)
