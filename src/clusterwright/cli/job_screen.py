"""Jobs on the screen: how a tree looks, and how it is followed to its end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clusterwright.cli.client import Api
from clusterwright.cli.options import EXIT_FAILED, EXIT_TIMEOUT, Output
from clusterwright.cli.output import Document, console, fail, print_document, progress

PAUSE = 0.25
"""Seconds between two looks at a job."""
FINAL = ("Success", "Failed")


@dataclass(frozen=True, slots=True)
class Look:
    """How a phase is shown; ``plain`` is for terminals without Unicode."""

    icon: str
    plain: str
    style: str


_LOOKS = {
    "Initializing": Look("○", ".", "dim"),
    "Running": Look("●", "*", "cyan"),
    "Success": Look("✔", "+", "green"),
    "Failed": Look("✘", "x", "red"),
}
_UNKNOWN = Look("?", "?", "yellow")
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@dataclass(frozen=True, slots=True)
class Line:
    """One job of a tree, with what stands before its name and when it began."""

    job: Document
    guide: str
    began: float

    @property
    def phase(self) -> str:
        """The phase as the server tells it."""
        phase: str = self.job["status"]["phase"]
        return phase

    @property
    def reason(self) -> str:
        """The reason, unless a sub-job tells the same."""
        own: str = self.job["status"].get("reason") or ""
        below = (child["status"].get("reason") for child in self.job["spec"].get("subJobs", ()))
        return "" if own in below else own

    def seconds(self, now: float) -> float | None:
        """How long the job has run, or ran; nothing where it has not begun."""
        if self.phase == "Initializing":
            return None
        end = _updated(self.job) if self.phase in FINAL else now
        return max(0.0, end - self.began)


def lines(root: Document) -> list[Line]:
    """Every job of a tree, from the top, depth first.

    A document does not tell when a sub-job began, for the whole tree is created at once (API
    reference, 3.2). A running step was last changed when it began. A finished one began when those
    before it had ended; neighbours of one type count as begun together.
    """
    return [Line(root, "", _moment(root["metadata"]["creationTimestamp"])), *_below(root, "")]


def _below(parent: Document, guide: str, began: float | None = None) -> Iterator[Line]:
    children: list[Document] = parent["spec"].get("subJobs", [])
    start = _moment(parent["metadata"]["creationTimestamp"]) if began is None else began
    ended = start
    for index, child in enumerate(children):
        if index and child["spec"]["type"] != children[index - 1]["spec"]["type"]:
            start = ended
        is_last = index == len(children) - 1
        is_step = not child["spec"].get("subJobs")
        is_running_step = is_step and child["status"]["phase"] == "Running"
        yield Line(
            child,
            guide + ("└─ " if is_last else "├─ "),
            _updated(child) if is_running_step else start,
        )
        yield from _below(child, guide + ("   " if is_last else "│  "), start)
        ended = max(ended, _updated(child))


def _updated(job: Document) -> float:
    return _moment(job["metadata"]["updateTimestamp"])


def _moment(timestamp: str) -> float:
    """Seconds since 1970 of a time as Go prints it (API reference, 1.2)."""
    whole, _, fraction = timestamp.removesuffix(" +0000 UTC").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


class JobTree:
    """A job as rich prints it; the seconds of what is running are those of the moment."""

    def __init__(self, job: Document, *, moving: bool = False) -> None:
        self.job = job
        self.moving = moving

    def __rich_console__(self, screen: Console, options: ConsoleOptions) -> RenderResult:
        """The tree, one line per job."""
        now = time.time()
        grid = Table.grid(padding=(0, 2, 0, 0))
        for _ in ("step", "phase"):
            grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for line in lines(self.job):
            look = _LOOKS.get(line.phase, _UNKNOWN)
            icon = look.plain if options.ascii_only else self._icon(look, line.phase, now)
            guide = _ascii(line.guide) if options.ascii_only else line.guide
            name = Text.assemble((guide, "dim"), (icon, look.style), " ", line.job["spec"]["type"])
            seconds = line.seconds(now)
            grid.add_row(
                name,
                Text(line.phase, style=look.style),
                "" if seconds is None else f"{seconds:.1f} s",
                Text(line.reason, style=look.style),
            )
        yield grid

    def _icon(self, look: Look, phase: str, now: float) -> str:
        if self.moving and phase == "Running":
            return _SPINNER[int(now * 10) % len(_SPINNER)]
        return look.icon


def _ascii(guide: str) -> str:
    return guide.translate(str.maketrans("├└│─", "|`|-"))


def follow(api: Api, uid: str, *, timeout: float, screen: Console) -> Document:
    """The job when it has ended, or as it was when the time was up; the way there is shown.

    A terminal shows the tree as it changes. Anything else gets a line per change, then the tree.
    """
    looks = _looks(api, uid, timeout)
    if screen.is_terminal and not screen.is_dumb_terminal:
        return _watch(looks, screen)
    return _log(looks, screen)


def _looks(api: Api, uid: str, timeout: float) -> Iterator[Document]:
    """The job again and again, at least once, until it has ended or the time is up.

    A server that is away for a moment is waited for; one that was never there is not.
    """
    deadline = time.monotonic() + timeout
    job = api.show_job(uid)
    while True:
        yield job
        left = deadline - time.monotonic()
        if job["status"]["phase"] in FINAL or left <= 0:
            return
        time.sleep(min(PAUSE, left))
        job = api.peek_job(uid) or job


def _watch(looks: Iterator[Document], screen: Console) -> Document:
    tree = JobTree(next(looks), moving=True)
    with Live(tree, console=screen, refresh_per_second=10):
        for job in looks:
            tree.job = job
        tree.moving = False
    return tree.job


def _log(looks: Iterator[Document], screen: Console) -> Document:
    seen: dict[str, str] = {}
    for job in looks:
        for line in lines(job):
            uid = line.job["metadata"]["uid"]
            if seen.get(uid) != line.phase:
                seen[uid] = line.phase
                screen.print(f"{line.job['spec']['type']}: {line.phase}")
    screen.print(JobTree(job))
    return job


def wait(api: Api, uid: str, *, timeout: float, output: Output) -> Document:
    """Follow a job, print it where a program asked for it, and leave unless it succeeds."""
    job = follow(api, uid, timeout=timeout, screen=progress(output))
    if output is not Output.TABLE:
        print_document(job, output)
    conclude(job, timeout=timeout)
    return job


def advise(uid: str, output: Output) -> None:
    """Tell people how to follow a job."""
    if output is Output.TABLE:
        typer.echo(f"Follow it with: clusterwright job wait {uid}")


def conclude(job: Document, *, timeout: float) -> None:
    """Leave the command with the exit code of the job's phase, unless it is Success."""
    uid, status = job["metadata"]["uid"], job["status"]
    if status["phase"] == "Failed":
        reason = status.get("reason") or "no reason was given"
        fail(f"Job {uid} failed: {reason}", EXIT_FAILED)
    if status["phase"] != "Success":
        fail(
            f"Job {uid} has not ended after {timeout:g} s."
            f" Follow it with: clusterwright job wait {uid}",
            EXIT_TIMEOUT,
        )


def show(job: Document, output: Output) -> None:
    """Print a job as it is now."""
    if output is Output.TABLE:
        console().print(JobTree(job))
    else:
        print_document(job, output)
