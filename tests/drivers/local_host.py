"""The driver ``local`` for tests: real programs, and nothing of them left behind."""

import os
import signal
import socket
import ssl
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import httpx
from cryptography import x509

from clusterwright.drivers.contract import Cluster, Kubeconfig
from clusterwright.drivers.local import ports, processes
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import write_json
from clusterwright.drivers.local.processes import Record
from tests import kubernetes
from tests.kit import until_async


@asynccontextmanager
async def driver(home: Path, **options: Any) -> AsyncIterator[LocalDriver]:
    """A driver at work on a folder. Skips the test where there are no programs."""
    kubernetes.binaries()
    async with LocalDriver(home, kubernetes.binaries, **options) as opened:
        try:
            yield opened
        finally:
            await opened.close()
            end_all(home)


async def eventually(holds: Callable[[], Awaitable[bool]], *, seconds: float = 90) -> None:
    """Wait until something is observed: a driver tells only when asked."""
    await until_async("it is not observed", holds, seconds)


async def until_ready(driver: LocalDriver, cluster: Cluster) -> None:
    """Wait until a control plane answers."""

    async def is_ready() -> bool:
        return (await driver.observe_control_plane(cluster)).ready

    await eventually(is_ready)


def end_all(home: Path) -> None:
    """End every process that works on this folder, even one that was begun and is not noted yet."""
    deadline = time.monotonic() + 20
    killed: set[int] = set()
    while at_work := [pid for pid in pids() if str(home) in " ".join(command(pid))]:
        assert time.monotonic() < deadline, f"{at_work} do not end"
        for pid in at_work:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed |= set(at_work)
        time.sleep(0.01)
    while any(map(_is_ending, killed)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _is_ending(pid: int) -> bool:
    """Whether threads of a process still let go of ports, though it has no command any more."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir()) > 1
    except OSError:
        return False


def pids() -> list[int]:
    """The processes of this host but this one."""
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in found if pid != os.getpid()]


def begin(argv: Sequence[str], record: Path) -> Record:
    """Start a process and wait until it is noted."""
    processes.start(argv, environment={}, record=record, log=record.with_suffix(".log"))
    deadline = time.monotonic() + 20
    while (known := processes.read(record)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return known


def command(pid: int) -> list[str]:
    """The command line of a process; empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def contents(folder: Path) -> list[Path]:
    """What is in a folder."""
    return list(folder.iterdir())


def decoded(data: str) -> str:
    """A text of a kubeconfig."""
    return b64decode(data).decode()


def write_record(path: Path, known: Record, **different: str) -> None:
    """Note a process as somebody else would."""
    write_json(path, asdict(known) | different)


@contextmanager
def listening(port: int) -> Iterator[None]:
    """A stranger on a port of loopback."""
    with socket.create_server((ports.HOST, port)):
        yield


def served_names(url: str) -> list[str]:
    """The host names in the certificate that a server shows."""
    where = httpx.URL(url)
    pem = ssl.get_server_certificate((where.host, where.port or 443))
    names = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return names.value.get_values_for_type(x509.DNSName)


class Kubernetes:
    """A cluster through a kubeconfig, as a user's program sees it."""

    def __init__(self, kubeconfig: Kubeconfig, *, anonymous: bool = False) -> None:
        self.kubeconfig = kubeconfig
        context = ssl.create_default_context(cadata=kubeconfig.ca)
        if not anonymous:
            with NamedTemporaryFile("w") as pair:
                pair.write(kubeconfig.client_certificate + kubeconfig.client_key)
                pair.flush()
                context.load_cert_chain(pair.name)
        self._context = context

    def get(self, path: str) -> int:
        """The status of an answer; 0 where there is none."""
        try:
            return self._send("GET", path).status_code
        except httpx.HTTPError:
            return 0

    @contextmanager
    def connected(self) -> Iterator[httpx.Client]:
        """A connection that stays open."""
        with httpx.Client(verify=self._context, base_url=self.kubeconfig.server) as client:
            yield client

    def read(self, path: str) -> dict[str, Any]:
        """An object that is there."""
        answer = self._send("GET", path)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def create_namespace(self, name: str) -> int:
        return self._create("/api/v1/namespaces", {"metadata": {"name": name}})

    def create_secret(self, name: str, text: str) -> int:
        document = {"metadata": {"name": name}, "stringData": {"text": text}}
        return self._create("/api/v1/namespaces/default/secrets", document)

    def create_pod(self, name: str) -> int:
        spec = {"containers": [{"name": "main", "image": "example.test/main"}]}
        document = {"metadata": {"name": name}, "spec": spec}
        return self._create("/api/v1/namespaces/default/pods", document)

    def _create(self, path: str, document: dict[str, Any]) -> int:
        return self._send("POST", path, document).status_code

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        # A connection of its own each time: what the server shows and trusts may change.
        with self.connected() as client:
            return client.request(method, path, json=body, timeout=30)
