"""What has no job that the API names is followed by its phase instead."""

import time
from collections.abc import Callable

from clusterwright.cli import job_screen
from clusterwright.cli.client import Api
from clusterwright.cli.options import EXIT_TIMEOUT, Output
from clusterwright.cli.output import fail, progress

PAUSE = 0.25
"""Seconds between two looks."""


def follow(
    api: Api,
    resource: str,
    what: str,
    look: Callable[[], str],
    busy: tuple[str, ...],
    *,
    timeout: float,
    output: Output,
) -> str:
    """Follow the last job about a resource, where the server tells it, then ``wait``."""
    deadline = time.monotonic() + timeout
    if job := api.peek_latest_job(resource):
        with job_screen.leaving(job):
            job_screen.follow(api, job, timeout=timeout, screen=progress(output))
    left = max(0.0, deadline - time.monotonic())
    return wait(what, look, busy, timeout=left, output=output)


def wait(
    what: str, look: Callable[[], str], busy: tuple[str, ...], *, timeout: float, output: Output
) -> str:
    """Look until the phase is not one of the ``busy`` ones, and return it.

    A terminal shows the phase with the seconds that go by, anything else gets a line per change.
    When the time is up, the command ends with the exit code for that.
    """
    screen = progress(output)
    began = time.monotonic()
    phase = look()
    if screen.is_terminal and not screen.is_dumb_terminal:
        with screen.status("") as status:
            while phase in busy and time.monotonic() - began < timeout:
                status.update(f"{what}: {phase}  {time.monotonic() - began:.1f} s")
                time.sleep(PAUSE)
                phase = look()
    else:
        told = ""
        while phase in busy and time.monotonic() - began < timeout:
            if phase != told:
                screen.print(f"{what}: {phase}")
                told = phase
            time.sleep(PAUSE)
            phase = look()
    if phase in busy:
        fail(f"{what} is still {phase}, and the time is up.", EXIT_TIMEOUT)
    return phase
