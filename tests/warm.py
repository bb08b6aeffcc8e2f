"""``clusterwright`` forked from a process that has imported it all already.

Importing is nine tenths of what a server does until it answers and of what a command does, and
tests start hundreds of both. What runs is what runs everywhere, in a process of its own with its
own variables and files, which can be killed at any time. What imports what, the stand-ins for
libraries that are not imported, and all that is told of a start are for processes that start cold.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests import slow

_AHEAD = (
    "tests.warm",
    "clusterwright.app",
    "clusterwright.cli.addon",
    "clusterwright.cli.admin",
    "clusterwright.cli.cluster",
    "clusterwright.cli.clusters_here",
    "clusterwright.cli.env",
    "clusterwright.cli.fault",
    "clusterwright.cli.job",
    "clusterwright.cli.serve",
    "clusterwright.web.listener",
    "huaweicloudsdkcore.client",
    "rich.table",
)
"""What is imported ahead. A process imports what it lacks by itself."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(_AHEAD))


class WarmProcess:
    """A process that runs a command, with what our tests ask of ``subprocess.Popen``."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        out: Path,
        err: Path | None = None,
    ) -> None:
        """Start it in a folder. What it prints goes to the end of ``out``, errors to ``err``."""
        self._process = _context.Process(
            target=_run, args=(list(arguments), dict(environ), folder, out, err or out)
        )
        self._process.start()
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        """The exit code; None while the process runs."""
        return self._process.exitcode

    def send_signal(self, which: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, which)

    def wait(self, timeout: float) -> int:
        """Wait for the exit code. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("clusterwright", timeout)
        return code


def run(
    arguments: Sequence[str], *, environ: Mapping[str, str], folder: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises subprocess.TimeoutExpired, and then it has ended too."""
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept) / "out", Path(kept) / "err"
        process = WarmProcess(arguments, environ=environ, folder=folder, out=out, err=err)
        try:
            code = process.wait(timeout)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout)
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


def _run(arguments: list[str], environ: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    for number, path in enumerate((out, err), start=1):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    sys.argv = ["clusterwright", *arguments]
    slow.down_if_asked()
    from clusterwright.__main__ import main

    main()
