"""A real server in a process of its own, started, killed and started again by an operator."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import httpx

from tests import schema, warm
from tests.warm import WarmProcess

START_SECONDS = 120
STOP_SECONDS = 120
START_WARM = False
"""Whether servers are forked from a process that has imported everything (``tests.warm``), and find
their tables there. So it is in tests; benchmarks start cold.
"""
PLAIN = httpx.Client(verify=False, timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
"""For requests without TLS, each on a connection of its own. ``httpx.get`` would read all known
authorities first: 20 ms of processor time, again and again while a server starts.
"""


class KeptPort:
    """A port of the loopback address that nobody listens on, and nobody else is given.

    That is so for as long as this object is kept, also while a server of it is dead: a socket that
    is bound and does not listen keeps it. A server may listen beside that socket if it sets
    SO_REUSEADDR, as all do.
    """

    def __init__(self) -> None:
        with socket.socket() as keeper:
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            keeper.bind(("127.0.0.1", 0))
            self.number: int = keeper.getsockname()[1]
            weakref.finalize(self, os.close, keeper.detach())


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    return KeptPort().number


class ServerProcess:
    """``clusterwright serve`` on a free port; ``start`` it, ``kill`` it, ``stop`` it."""

    def __init__(
        self,
        data: Path,
        *,
        database: str = "",
        pace: float = 0,
        cold: bool = False,
        **settings: Any,
    ) -> None:
        self.data = data
        self._kept_port = KeptPort()
        self.port = self._kept_port.number
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self.program = ["-m", "clusterwright", "serve"]
        self._is_warm = START_WARM and not cold
        self._process: subprocess.Popen[bytes] | WarmProcess | None = None
        chosen = settings | {"data": data, "database": database, "pace": pace, "port": self.port}
        self.variables = {
            f"CLUSTERWRIGHT_{name.upper()}": str(value) for name, value in chosen.items()
        }

    @property
    def credentials(self) -> dict[str, str]:
        """The first account, as the server wrote it into its data folder."""
        found: dict[str, str] = json.loads((self.data / "credentials.json").read_text())
        return found

    @property
    def environ(self) -> dict[str, str]:
        """The variables that ``clusterwright env`` prints for this server."""
        printed = self.command("env", "--data", str(self.data), "--format", "json")
        found: dict[str, str] = json.loads(printed)
        return found

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def command(self, *arguments: str) -> str:
        """Run another command of the command line and return what it prints."""
        environ = os.environ | self.variables
        if START_WARM:
            done = warm.run(arguments, environ=environ, folder=Path.cwd(), timeout=START_SECONDS)
        else:
            command = [sys.executable, "-m", "clusterwright", *arguments]
            done = subprocess.run(command, env=environ, capture_output=True, text=True)
        done.check_returncode()
        return done.stdout

    def start(self) -> "ServerProcess":
        """Start the server and wait until it serves requests."""
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_alive():
            try:
                if PLAIN.get(f"{self.endpoint}/healthz").status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"The server did not start:\n{self.log.read_text()[-4000:]}")

    def launch(self) -> None:
        """Start the process and wait for nothing."""
        environ = os.environ | self.variables
        if self._is_warm:
            if not self.variables["CLUSTERWRIGHT_DATABASE"] and not self.data.exists():
                schema.write_sqlite(self.data / "clusterwright.db")
            folder = Path.cwd()
            self._process = WarmProcess(["serve"], environ=environ, folder=folder, out=self.log)
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.program], env=environ, stdout=log, stderr=log
            )

    def is_alive(self) -> bool:
        """Whether the process has been started and has not ended, by itself or otherwise."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End the process like a power cut: no handler runs."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Ask the process to end, and wait for it. Returns its exit code, None if none ran."""
        self.signal(how)
        return self.wait()

    def signal(self, which: signal.Signals) -> None:
        """Send a signal and wait for nothing. A process that is gone gets none."""
        if self._process is not None:
            self._process.send_signal(which)

    def wait(self, seconds: float = STOP_SECONDS) -> int | None:
        """Wait for the end of the process. Returns its exit code, None if none ran.

        Raises subprocess.TimeoutExpired.
        """
        if self._process is None:
            return None
        code = self._process.wait(timeout=seconds)
        self._process = None
        return code
