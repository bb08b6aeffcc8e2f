"""Runs Helm, with charts that strangers wrote.

A template of Helm can loop without end and ask for all memory, so each run is a process of its own
with limits on its time, memory and output, in a group that is killed as a whole. It gets a folder
of its own, which goes with it, and an environment that tells it nothing: Helm finds no
configuration, no plugins and no cluster but the one that it is told of. Schemas of values are left
out, because the libraries that check them fetch whatever URL a schema refers to.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.uninterrupted import uninterrupted

MEMORY = 2 * 1024 * 1024
"""KiB of addresses that rendering may take; Go reserves some hundred thousand before it begins."""
MEMORY_WITH_A_CLUSTER = 2 * MEMORY
"""The same of a run that speaks to a cluster, in many threads."""
PROCESSOR_SECONDS = 60
FILES = 64 * 1024
"""512-byte blocks of the largest file that a run may write."""
RENDERING_SECONDS = 20.0
MOST_MANIFESTS = 512 * 1024
"""Bytes of manifests that are kept of one release."""
_MOST_OUTPUT = 16 * 1024 * 1024
_MOST_SAID = 64 * 1024
_LONGEST_REASON = 1000
_ADVICE = "Use --debug"
_NO_MEMORY = (
    "out of memory",
    "cannot allocate",
    "pthread_create failed",
    "failed to create new OS",
)
_RENDERING = 2
_CHART, _VALUES = "chart.tgz", "values.json"
# Limits by the shell, for a process that is made by several threads cannot set its own in between.
_LIMITED = f"""\
ulimit -v "$1" 2>/dev/null; ulimit -t {PROCESSOR_SECONDS}; ulimit -f {FILES}; ulimit -c 0
ulimit -s 1024; shift
exec "$0" "$@"
"""

MISSING = (
    "Helm is not on this host. Put the program helm on PATH, or beside the programs of Kubernetes."
)


@dataclass(frozen=True, slots=True)
class Chart:
    """What is to be rendered or installed: an archive, and values as the text of an object."""

    archive: bytes
    values: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of Helm ended."""

    code: int
    output: str
    said: str
    """What it wrote about it, the folder's name left out."""

    @property
    def reason(self) -> str:
        """Why it failed, in its own words."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        told = next((n for n, line in enumerate(lines) if line.startswith("Error:")), None)
        if told is not None:
            said = [line for line in lines[told:] if not line.startswith(_ADVICE)]
            return " ".join(said).removeprefix("Error:").strip()[:_LONGEST_REASON]
        if any(sign in line for line in lines for sign in _NO_MEMORY):
            return "The chart needs more memory than a chart may have."
        return (lines[0] if lines else f"Helm ended with {self.code}.")[:_LONGEST_REASON]


class Helm:
    """The program, looked for anew by each run."""

    def __init__(self, find: Callable[[], Path | None]) -> None:
        self._find = find
        # Rendering is all work and no waiting: a crowd of charts takes turns.
        self._turns = asyncio.Semaphore(_RENDERING)

    async def is_here(self) -> bool:
        """Whether there is a program to run."""
        return await asyncio.to_thread(self._find) is not None

    async def render(
        self, chart: Chart, *, name: str, namespace: str, version: str, hooks: bool
    ) -> str:
        """The manifests that a cluster of ``version`` would get. Raises DriverError."""
        async with self._turns:
            ended = await self.run(
                [
                    "template",
                    name,
                    _CHART,
                    f"--namespace={namespace}",
                    f"--values={_VALUES}",
                    f"--kube-version={version}",
                    "--skip-schema-validation",
                    "--include-crds",
                    *([] if hooks else ["--no-hooks"]),
                ],
                chart,
                seconds=RENDERING_SECONDS,
            )
        if ended.code:
            raise DriverError(f"The chart cannot be rendered: {ended.reason}", causes.BAD_CHART)
        return bounded(ended.output)

    async def run(
        self,
        words: Sequence[str],
        chart: Chart | None = None,
        *,
        seconds: float,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run Helm to its end, beside ``chart.tgz`` and ``values.json`` where a chart is given.

        Raises DriverError where it is missing, takes longer than ``seconds`` or writes too much.
        """
        program = await asyncio.to_thread(self._find)
        if program is None:
            raise DriverError(MISSING, causes.HOST_LACKS)
        async with _folder(chart) as folder:
            return await _ended(program, words, folder, seconds, environment or {})


def bounded(manifests: str) -> str:
    """The same manifests. Raises DriverError for more than are kept."""
    if len(manifests.encode()) > MOST_MANIFESTS:
        raise DriverError(
            f"The chart makes more than {MOST_MANIFESTS} bytes of manifests.", causes.BAD_CHART
        )
    return manifests


@asynccontextmanager
async def _folder(chart: Chart | None) -> AsyncIterator[Path]:
    def make() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="helm-"))
        if chart is not None:
            (folder / _CHART).write_bytes(chart.archive)
            (folder / _VALUES).write_text(chart.values)
        return folder

    async def remove(folder: Path) -> None:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    folder = await uninterrupted(asyncio.to_thread(make), remove)
    try:
        yield folder
    finally:
        await remove(folder)


async def _ended(
    program: Path,
    words: Sequence[str],
    folder: Path,
    seconds: float,
    environment: Mapping[str, str],
) -> Ended:
    beginning = asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        _LIMITED,
        program,
        str(MEMORY_WITH_A_CLUSTER if environment else MEMORY),
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=_environment(folder) | dict(environment),
        start_new_session=True,
    )
    # By itself a cancelled beginning ends the first process of the group alone, and then waits for
    # whatever that has begun.
    process = await uninterrupted(beginning, _killed)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(seconds):
            output, said = await asyncio.gather(
                _read(process.stdout, _MOST_OUTPUT), _read(process.stderr, _MOST_SAID, more=True)
            )
            code = await process.wait()
    except TimeoutError:
        raise DriverError(
            f"The chart took longer than {seconds:g} s, and was given up.", causes.CHART_TIMEOUT
        ) from None
    finally:
        await _killed(process)
    return Ended(code, output, said.replace(f"{folder}/", ""))


async def _read(stream: asyncio.StreamReader, most: int, *, more: bool = False) -> str:
    """What is written, up to ``most`` bytes; ``more`` of it is passed over, or DriverError."""
    found = bytearray()
    while data := await stream.read(64 * 1024):
        if len(found) + len(data) <= most:
            found += data
        elif not more:
            raise DriverError(f"The chart makes more than {most} bytes.", causes.BAD_CHART)
    return found.decode(errors="replace")


async def _killed(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Everything that Helm may know of this host: its own folder."""
    homes = ("HOME", "TMPDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")
    return {
        **dict.fromkeys(homes, str(folder)),
        "HELM_PLUGINS": str(folder / "plugins"),
        "KUBECONFIG": str(folder / "none"),
        "GOMAXPROCS": "2",
        "MALLOC_ARENA_MAX": "1",  # or each thread of a program with C takes 128 MiB of addresses
    }
