"""Client programs: built once, started with an environment, told what to do.

That of an official SDK reads one JSON line per call and answers with one JSON line, so that one
test can drive every language. Operations are named as in the API (``ShowJob``), arguments as on the
wire (``job_id``, ``body``).
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

_SOURCES = Path(__file__).parent
_INSTALL = _SOURCES.parents[1] / "tools" / "install.sh"
_CACHE = _SOURCES.parent.parent / ".cache" / "clients"
_NOT_SOURCES = shutil.ignore_patterns("__pycache__", "node_modules", "target")


class LiveServer(Protocol):
    """A running server, as the fixture ``live_server`` gives it."""

    @property
    def credentials(self) -> Mapping[str, str]:
        """The first credentials: ``access_key``, ``secret_key``, ``project_id`` and more."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that send the official clients to this server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an SDK made of one call: a decoded body, or the exception that it raised."""

    ok: bool
    status: int | None = None
    body: Any = None
    exception: str | None = None
    error_code: str | None = None
    error_msg: str | None = None
    request_id: str | None = None


class UnsupportedOperationError(LookupError):
    """The SDK has no operation of that name in the version that is pinned."""


class Program:
    """A running client program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def call(self, operation: str, /, **args: Any) -> Answer:
        """Call an operation through the SDK. Raises UnsupportedOperationError."""
        asks, answers = self._process.stdin, self._process.stdout
        assert asks is not None
        assert answers is not None
        asks.write(json.dumps({"call": operation, "args": args}) + "\n")
        asks.flush()
        line = answers.readline()
        if not line:
            raise RuntimeError(f"The program ended with exit code {self._process.wait()}.")
        answer = Answer(**json.loads(line))
        if answer.exception == "UnsupportedOperation":
            raise UnsupportedOperationError(operation)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a program is built of: the folder of its name, the tools it needs, and the commands.

    They run in a copy of the folder, without a shell. ``{python}`` stands for this interpreter,
    ``{install}`` for what installs requirements.
    """

    name: str
    tools: tuple[str, ...] = ()
    module: str = ""
    build: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """What its tests need and this machine has not."""
        missing = [tool for tool in self.tools if shutil.which(tool) is None]
        if self.module and importlib.util.find_spec(self.module) is None:
            missing.append(self.module)
        return missing

    def built(self) -> Path:
        """The folder of the built program. Processes that ask at the same time build it once."""
        _require(self)
        folder = _CACHE / self.name
        _CACHE.mkdir(parents=True, exist_ok=True)
        (_CACHE / ".gitignore").write_text("*\n")
        with (_CACHE / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = folder / "built-from"
            digest = self._digest()
            if not stamp.is_file() or stamp.read_text() != digest:
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(_SOURCES / self.name, folder, ignore=_NOT_SOURCES)
                for command in self.build:
                    words = [
                        word.format(python=sys.executable, install=_INSTALL)
                        for word in command.split()
                    ]
                    subprocess.run(words, cwd=folder, check=True)
                stamp.write_text(digest)
        return folder

    def _digest(self) -> str:
        """A fingerprint of everything the build depends on that is ours."""
        digest = hashlib.sha256(repr(self.build).encode())
        for parent, folders, files in os.walk(_SOURCES / self.name):
            ignored = _NOT_SOURCES(parent, folders)
            folders[:] = sorted(folder for folder in folders if folder not in ignored)
            for file in sorted(files):
                digest.update(file.encode() + (Path(parent) / file).read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Source):
    """One official SDK, and the command that starts its program.

    ``{home}`` stands for the program's home folder, because Java does not take it from ``HOME``.
    """

    start: str

    @contextmanager
    def running(self, environ: Mapping[str, str], home: Path) -> Iterator[Program]:
        """The program, built first if need be, until the context ends."""
        folder = self.built()
        process = subprocess.Popen(
            [part.format(home=home, python=sys.executable) for part in self.start.split()],
            cwd=folder,
            env=surroundings(environ, home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        with process:
            try:
                yield Program(process)
            finally:
                process.kill()


def surroundings(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """A client's whole environment: ``environ``, a home of its own and nothing of the developer's.

    A regions file or credentials in the developer's home, or a proxy variable, would send the
    client to another place than the test means (client notes, A1).
    """
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
    return kept | {"HOME": str(home)} | dict(environ)


def _require(source: Source) -> None:
    """Skip the test when a tool is missing, and fail it where all of them must be there."""
    missing = source.missing()
    if not missing:
        return
    reason = f"The {source.name} client needs {', '.join(missing)}."
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


PYTHON = Language(
    name="python",
    module="huaweicloudsdkcce",
    start="{python} scenario.py",
)
_COPY_JARS = (
    "mvn -B -q -ntp dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib"
)
_COMPILE = "javac --release 17 -Xlint:all -Werror -cp lib/* -d classes src/main/java/Scenario.java"
JAVA = Language(
    name="java",
    tools=("mvn", "javac", "java"),
    build=(_COPY_JARS, _COMPILE),
    start="java -Duser.home={home} -cp classes:lib/* Scenario",
)
GO = Language(
    name="go",
    tools=("go",),
    build=("go build -mod=readonly -o scenario .",),
    start="./scenario",
)
NODE = Language(
    name="node",
    tools=("npm", "node"),
    build=("npm ci --ignore-scripts --no-audit --no-fund",),
    start="node scenario.mjs",
)

LANGUAGES = (PYTHON, JAVA, GO, NODE)

OPENSTACK = Source(
    name="openstack",
    build=(
        "{python} -m venv venv",
        "{install} venv/bin/python requirements.txt",
    ),
)
"""The ``openstack`` command, in an environment of its own: it wants other versions than we do."""
