"""How a job looks: its tree as lines, with times and a bar, from either document of a job.

The official document tells no beginnings and no progress: there they follow from what it tells. The
extension's document (``steps``) has both.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from clusterwright.cli.output import Document

FINAL = ("Success", "Failed")


@dataclass(frozen=True, slots=True)
class Mark:
    """How a phase is shown; ``plain`` is for terminals without Unicode."""

    icon: str
    plain: str
    style: str


_MARKS = {
    "Initializing": Mark("○", ".", "dim"),
    "Running": Mark("●", "*", "cyan"),
    "Success": Mark("✔", "+", "green"),
    "Failed": Mark("✘", "x", "red"),
}
_UNKNOWN = Mark("?", "?", "yellow")
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BAR = 40
"""Columns of the bar, where there is room."""
_ALMOST = 0.95
"""How far a bar goes by itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """One job of a tree, with what stands before its name; times in seconds since 1970."""

    uid: str
    type: str
    phase: str
    reason: str
    guide: str
    began: float
    ended: float | None
    attempt: int = 1
    is_below_success: bool = False
    """Whether a job above it has succeeded, so that nobody misses this line."""

    def seconds(self, now: float) -> float | None:
        """How long the job has run, or ran; nothing where it has not begun."""
        if self.phase == "Initializing":
            return None
        end = now if self.ended is None else self.ended
        return max(0.0, end - self.began)


def lines(job: Document) -> list[Line]:
    """Every job of a tree, from the top, depth first."""
    if "steps" in job:
        return list(_told(job["steps"]))
    began = moment(job["metadata"]["creationTimestamp"])
    return [_line(job, "", began), *_below(job, "", began, _phase(job) == "Success")]


def progress(job: Document) -> float:
    """How much of a job is done, from 0 to 1: as the server tells it, or by its finished steps."""
    if "progress" in job:
        return float(job["progress"])
    leaves = list(_leaves(job))
    return sum(_phase(leaf) == "Success" for leaf in leaves) / len(leaves)


def _leaves(job: Document) -> Iterator[Document]:
    below = job["spec"].get("subJobs", ())
    if not below:
        yield job
    for child in below:
        yield from _leaves(child)


def _told(steps: Sequence[Document]) -> Iterator[Line]:
    """The lines of the extension's document, which tells everything but the guides."""
    by_uid = {step["uid"]: step for step in steps}
    last = {step["parentUID"]: step["uid"] for step in steps}
    guides = {steps[0]["uid"]: ""}
    succeeded = {steps[0]["uid"]: False}
    reasons = {(step["parentUID"], step["reason"]) for step in steps}
    for step in steps:
        uid, parent = step["uid"], step["parentUID"]
        guide = ""
        if parent in by_uid:
            is_last = last[parent] == uid
            guide = guides[parent] + ("└─ " if is_last else "├─ ")
            guides[uid] = guides[parent] + ("   " if is_last else "│  ")
            succeeded[uid] = succeeded[parent] or by_uid[parent]["phase"] == "Success"
        reason = "" if (uid, step["reason"]) in reasons else step["reason"] or ""
        began, ended = step["startedAt"], step["endedAt"]
        yield Line(
            uid=uid,
            type=step["type"],
            phase=step["phase"],
            reason=reason,
            guide=guide,
            began=moment(began) if began else time.time(),
            ended=moment(ended) if ended else None,
            attempt=step["attempt"],
            is_below_success=succeeded.get(uid, False),
        )


def _below(parent: Document, guide: str, start: float, is_below_success: bool) -> Iterator[Line]:
    """The lines below a job of the official document.

    It does not tell when a sub-job began, for the whole tree is created at once (API reference,
    3.2). A running step was last changed when it began. A finished one began when those before it
    had ended; neighbours of one type count as begun together.
    """
    children: list[Document] = parent["spec"].get("subJobs", [])
    ended = start
    for index, child in enumerate(children):
        if index and child["spec"]["type"] != children[index - 1]["spec"]["type"]:
            start = ended
        is_last = index == len(children) - 1
        is_running_step = not child["spec"].get("subJobs") and _phase(child) == "Running"
        yield _line(
            child,
            guide + ("└─ " if is_last else "├─ "),
            _updated(child) if is_running_step else start,
            is_below_success=is_below_success,
        )
        yield from _below(
            child,
            guide + ("   " if is_last else "│  "),
            start,
            is_below_success or _phase(child) == "Success",
        )
        ended = max(ended, _updated(child))


def _line(job: Document, guide: str, began: float, *, is_below_success: bool = False) -> Line:
    own: str = job["status"].get("reason") or ""
    below = (child["status"].get("reason") for child in job["spec"].get("subJobs", ()))
    return Line(
        uid=job["metadata"]["uid"],
        type=job["spec"]["type"],
        phase=_phase(job),
        reason="" if own in below else own,
        guide=guide,
        began=began,
        ended=_updated(job) if _phase(job) in FINAL else None,
        is_below_success=is_below_success,
    )


def _phase(job: Document) -> str:
    phase: str = job["status"]["phase"]
    return phase


def _updated(job: Document) -> float:
    return moment(job["metadata"]["updateTimestamp"])


def moment(timestamp: str) -> float:
    """Seconds since 1970 of a time as Go prints it (API reference, 1.2), or of RFC 3339."""
    whole, _, fraction = timestamp.removesuffix(" +0000 UTC").removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


def duration(seconds: float) -> str:
    """A time that something took, for people."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


class JobTree:
    """A job as rich prints it; the seconds of what is running are those of the moment.

    A ``moving`` one has a bar, and leaves out what a terminal has no room for: first what is below
    finished jobs, then the end.
    """

    def __init__(self, job: Document, *, moving: bool = False) -> None:
        self.job = job
        self.moving = moving

    def __rich_console__(self, screen: Console, options: ConsoleOptions) -> RenderResult:
        """The tree, one line per job."""
        now = time.time()
        found = lines(self.job)
        hidden = 0
        if self.moving:
            room = max(1, screen.height - 4)
            shown = found
            if len(shown) > room:
                shown = [line for line in found if not line.is_below_success]
            shown = shown[:room]
            hidden = len(found) - len(shown)
            yield self._bar(found[0], now, options)
            found = shown
        grid = Table.grid(padding=(0, 2, 0, 0))
        for _ in ("step", "phase"):
            grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for line in found:
            mark = _MARKS.get(line.phase, _UNKNOWN)
            icon = mark.plain if options.ascii_only else self._icon(mark, line.phase, now)
            guide = _ascii(line.guide) if options.ascii_only else line.guide
            again = f" (attempt {line.attempt})" if line.attempt > 1 else ""
            name = Text.assemble((guide, "dim"), (icon, mark.style), " ", line.type, (again, "dim"))
            seconds = line.seconds(now)
            grid.add_row(
                name,
                Text(line.phase, style=mark.style),
                "" if seconds is None else duration(seconds),
                Text(line.reason, style=mark.style),
            )
        yield grid
        if hidden:
            yield Text(f"and {hidden} more", style="dim")

    def _bar(self, top: Line, now: float, options: ConsoleOptions) -> Table:
        """How far the job is, how long it has run, and what it will take where that is known."""
        done = progress(self.job)
        run = top.seconds(now) or 0.0
        # What is left was told for the moment of the document; half of all jobs took less.
        estimate = {} if top.phase in FINAL else self.job.get("estimate") or {}
        usual = estimate.get("p50", 0.0)
        if usual > 0:
            # Steps count when they end. Between their ends the bar goes on as such jobs usually do.
            done = max(done, min(_ALMOST, run / usual))
        words = [f"{done:4.0%}", duration(run)]
        if estimate.get("slow"):
            words.append("slower than usual")
        elif usual > run:
            words.append(f"about {duration(usual - run)} left")
        bar = Table.grid(padding=(0, 1, 0, 0))
        bar.add_column(width=min(_BAR, max(5, options.max_width - 45)))
        bar.add_column(no_wrap=True)
        style = _MARKS.get(top.phase, _UNKNOWN).style
        bar.add_row(
            ProgressBar(completed=done * 100, complete_style=style, finished_style=style),
            "  ".join(words),
        )
        return bar

    def _icon(self, mark: Mark, phase: str, now: float) -> str:
        if self.moving and phase == "Running":
            return _SPINNER[int(now * 10) % len(_SPINNER)]
        return mark.icon


def _ascii(guide: str) -> str:
    return guide.translate(str.maketrans("├└│─", "|`|-"))
