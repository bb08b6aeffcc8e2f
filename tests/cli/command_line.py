"""Runs commands like a person or a script would: in processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import warm

Begun = AbstractContextManager["subprocess.Popen[str]"]
"""A command at work inside a block."""
LIMIT = 180
"""Seconds that one command may take."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """``clusterwright`` with a home of its own and only the variables that are given."""

    home: Path
    variables: dict[str, str]

    @property
    def environ(self) -> dict[str, str]:
        """All variables that a command sees."""
        foreign = ("CLUSTERWRIGHT_", "HUAWEICLOUD_", "HW_", "OS_", "FORCE_COLOR", "NO_COLOR")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        return inherited | {"HOME": str(self.home)} | self.variables

    def __call__(self, *arguments: str) -> Ran:
        """Run a command to its end."""
        done = warm.run(arguments, environ=self.environ, folder=self.home, timeout=LIMIT)
        return Ran(done.returncode, done.stdout, done.stderr)

    def program(self, *arguments: str) -> Ran:
        """Run Python to its end."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environ,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def begun(
    environ: dict[str, str], *arguments: str, **how: Any
) -> Iterator["subprocess.Popen[str]"]:
    """``clusterwright`` at work inside the block, and gone after it whatever happens there."""
    how = {"stdout": subprocess.PIPE, "text": True} | how
    command = [sys.executable, "-m", "clusterwright", *arguments]
    with subprocess.Popen(command, env=environ, **how) as process:
        try:
            yield process
        finally:
            process.kill()
