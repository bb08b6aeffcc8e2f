"""Jobs on the screen: followed to their end, shown as they are, and what the exit code tells."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer
from rich.console import Console
from rich.live import Live

from clusterwright.cli.client import Api
from clusterwright.cli.extension import Away, Refused
from clusterwright.cli.job_looks import Look, deadline_of, looks, official
from clusterwright.cli.job_tree import JobTree, lines
from clusterwright.cli.options import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TIMEOUT, Output
from clusterwright.cli.output import (
    Document,
    console,
    fail,
    print_aligned,
    print_document,
    print_line,
    progress,
)


def follow(api: Api, uid: str, *, timeout: float | None, screen: Console) -> Document:
    """The job when it has ended, or as it was when the time was up; the way there is shown.

    A terminal shows the tree as it changes. Anything else gets a line per change, then the tree.
    What is returned is the official document, whichever way the job was followed.
    """
    deadline = deadline_of(timeout)
    found = looks(api, uid, deadline)
    if screen.is_terminal and not screen.is_dumb_terminal:
        _watch(found, screen)
    else:
        _log(found, screen)
    return official(api, uid, deadline)


def _watch(found: Iterator[Look], screen: Console) -> None:
    look = next(found)
    tree = JobTree(look.job, moving=True)
    with Live(tree, console=screen, refresh_per_second=10):
        for look in found:
            tree.job = look.job
            for message in look.messages:
                screen.print(message["text"], style=_STYLES.get(message["level"], ""))
        tree.moving = False


_STYLES = {"warning": "yellow", "error": "red"}


def _log(found: Iterator[Look], screen: Console) -> None:
    seen: dict[str, str] = {}
    for look in found:
        for line in lines(look.job):
            if seen.get(line.uid) != line.phase:
                seen[line.uid] = line.phase
                screen.print(f"{line.type}: {line.phase}")
        for message in look.messages:
            screen.print(f"{message['level']}: {message['text']}")
    print_aligned(JobTree(look.job), screen)


def wait(api: Api, uid: str, *, timeout: float, output: Output) -> Document:
    """Follow a job, print it where a program asked for it, and leave unless it succeeds."""
    job = follow_quietly(api, uid, timeout=timeout, output=output)
    conclude(job, timeout=timeout)
    return job


def advise(uid: str, output: Output) -> None:
    """Tell people how to follow a job."""
    if output is Output.TABLE:
        typer.echo(f"Follow it with: clusterwright job wait {uid}")


def promise_end(document: Document, job: str, sentence: str, output: Output) -> None:
    """Print what is on its way out: its document for programs, a sentence and advice for people."""
    if output is Output.TABLE:
        typer.echo(sentence)
    else:
        print_document(document, output)
    advise(job, output)


def conclude(job: Document, *, timeout: float | None) -> None:
    """Leave the command with the exit code of the job's phase, unless it is Success."""
    uid, status = job["metadata"]["uid"], job["status"]
    if status["phase"] == "Failed":
        reason = status.get("reason") or "no reason was given"
        fail(
            f"Job {uid} failed: {reason}\nWhy, and what to do: clusterwright job explain {uid}",
            EXIT_FAILED,
        )
    if status["phase"] != "Success":
        fail(
            f"Job {uid} has not ended after {timeout or 0:g} s."
            f" Follow it with: clusterwright job wait {uid}",
            EXIT_TIMEOUT,
        )


@contextmanager
def leaving(uid: str) -> Iterator[None]:
    """Whoever leaves by Ctrl-C is told that the job goes on, and how to come back."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"It goes on. Watch it with: clusterwright job watch {uid}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def watch(api: Api, uid: str, output: Output) -> None:
    """Show a job until it ends, for programs a document per change; then leave as ``wait`` does."""
    with leaving(uid):
        if output is Output.TABLE:
            job = follow(api, uid, timeout=None, screen=console())
        else:
            for look in looks(api, uid):
                print_line(look.job, output)
            job = official(api, uid)
    conclude(job, timeout=None)


def follow_quietly(api: Api, uid: str, *, timeout: float, output: Output) -> Document:
    """Follow a job and print it where a program asked for it, whatever its end."""
    with leaving(uid):
        job = follow(api, uid, timeout=timeout, screen=progress(output))
    if output is not Output.TABLE:
        print_document(job, output)
    return job


def show(api: Api, uid: str, output: Output) -> None:
    """Print a job as it is now: for programs the official document, for people what is known."""
    job = api.show_job(uid)
    if output is not Output.TABLE:
        print_document(job, output)
        return
    with suppress(Refused, Away):
        job = api.extension.get(f"/jobs/{uid}")
    print_aligned(JobTree(job), console())
