"""``clusterwright job``: how work is going, why it failed, and what can be done about it."""

import os
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from clusterwright.cli import job_report, job_screen, job_trace
from clusterwright.cli.client import Api, connect
from clusterwright.cli.job_tree import FINAL
from clusterwright.cli.options import (
    EXITS,
    TIMEOUT,
    JobId,
    Output,
    OutputOption,
    Server,
    Timeout,
    Wait,
)
from clusterwright.cli.output import Document, fail, print_document, print_list

app = typer.Typer(
    help="List, follow, explain, cancel, resume and export jobs.",
    epilog=EXITS,
    no_args_is_help=True,
    add_completion=False,
)

PAGE = 200
"""The most jobs that one request answers."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Phase(StrEnum):
    """Phases of jobs."""

    INITIALIZING = "Initializing"
    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"


def _time(text: str) -> str:
    """RFC 3339 of a time, or of so long ago."""
    try:
        if found := re.fullmatch(r"(\d{1,6})([smhdw])", text):
            ago = timedelta(**{_UNITS[found[2]]: int(found[1])})
            return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
        given = datetime.fromisoformat(text)
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text} is neither a time such as 2026-01-31T08:00:00Z nor an age such as 30m or 2d,"
            " since the year 1."
        ) from None


@app.command("list", epilog="Example: clusterwright job list --phase Failed --since 2d")
def list_jobs(
    phase: Annotated[Phase | None, typer.Option(help="Only those in this phase.")] = None,
    type: Annotated[
        str | None, typer.Option(help="Only those of this type, such as CreateCluster.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="NAME|ID", help="Only those of this cluster.")
    ] = None,
    resource: Annotated[
        str | None, typer.Option(metavar="ID", help="Only those about this resource.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME|AGE", parser=_time, help="Only those from then on, such as 30m or 2d."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME|AGE", parser=_time, help="Only those before then.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 50,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """List the project's jobs, newest first."""
    api = connect(data)
    filters = {
        "phase": phase and phase.value,
        "type": type,
        "cluster_id": cluster and _cluster(api, cluster),
        "resource_id": resource,
        "since": since,
        "until": until,
    }
    found = _pages(api, filters, limit)
    print_list(found, output, job_report.facts, none="There are no such jobs.", key="jobs")
    if output is Output.TABLE and found["nextMarker"]:
        typer.echo("There are more: see them with a larger --limit.", err=True)


def _cluster(api: Api, name_or_id: str) -> str:
    """The id of a cluster, also of one that is gone and known only by its id."""
    if re.fullmatch(r"[0-9a-f-]{36}", name_or_id):
        return name_or_id
    uid: str = api.find_cluster(name_or_id)["metadata"]["uid"]
    return uid


def _pages(api: Api, filters: Document, limit: int) -> Document:
    """As many pages of the history as it takes, as one document."""
    jobs: list[Document] = []
    page: Document = {}
    marker = None
    while len(jobs) < limit and (marker or not page):
        page = api.list_jobs(**filters, limit=min(PAGE, limit - len(jobs)), marker=marker)
        jobs += page["jobs"]
        marker = page["nextMarker"]
    return {**page, "jobs": jobs}


@app.command(epilog="Example: clusterwright job show $JOB_ID -o json")
def show(job_id: JobId, output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """Show a job as it is now; json and yaml are the official document."""
    api = connect(data)
    job_screen.show(api, job_id, output)


@app.command(epilog="Example: clusterwright job watch $JOB_ID")
def watch(
    job_id: JobId,
    output: Annotated[
        Output,
        typer.Option(
            "-o", "--output", help="table is for people; json and yaml print a document per change."
        ),
    ] = Output.TABLE,
    data: Server = None,
) -> None:
    """Watch a job as it changes, however long it takes. Ctrl-C leaves it alone."""
    job_screen.watch(connect(data), job_id, output)


@app.command(epilog="Example: clusterwright job wait $JOB_ID --timeout 60 && echo done")
def wait(
    job_id: JobId,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Follow a job to its end: exit code 0 is Success, 1 Failed, 3 not in time."""
    job_screen.wait(connect(data), job_id, timeout=timeout, output=output)


@app.command(epilog="Example: clusterwright job explain $JOB_ID")
def explain(job_id: JobId, output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """Tell why a job failed or where it is, what was tried, and what to do next."""
    api = connect(data)
    job = api.describe_job(job_id)
    if output is not Output.TABLE:
        print_document(job, output)
        return
    job_report.explain(job, api.list_events(job_id))


@app.command(epilog="Example: clusterwright job cancel $JOB_ID --after-step --reason 'Too late.'")
def cancel(
    job_id: JobId,
    after_step: Annotated[
        bool, typer.Option("--after-step", help="Let the running steps come to their end.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for whoever reads the job.")] = None,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Cancel a job and follow it to its end: exit code 0 if it has ended before Success."""
    api = connect(data)
    body: dict[str, Any] = {"mode": "after-step" if after_step else "now"}
    if reason:
        body["reason"] = reason
    job = api.cancel_job(job_id, body)
    if not wait:
        _promise(job, job_id, output)
        return
    ended = job_screen.follow_quietly(api, job_id, timeout=timeout, output=output)
    if ended["status"]["phase"] == "Success":
        fail(f"Job {job_id} succeeded before it could be cancelled.")
    if ended["status"]["phase"] != "Failed":
        job_screen.conclude(ended, timeout=timeout)
    if output is Output.TABLE:
        typer.echo(f"Job {job_id} is cancelled.")


@app.command(epilog="Example: clusterwright job resume $JOB_ID")
def resume(
    job_id: JobId,
    wait: Wait = True,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Go on with a failed job at the step that failed: a new job continues it. Follow that."""
    api = connect(data)
    uid = api.resume_job(job_id)
    if output is Output.TABLE:
        typer.echo(f"Job {uid} continues it.")
    if wait:
        job_screen.wait(api, uid, timeout=timeout, output=output)
    else:
        _promise(api.describe_job(uid), uid, output)


@app.command(epilog="Example: clusterwright job export $JOB_ID")
def export(job_id: JobId, output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """Send a job that has ended as a trace to the collector of OTEL_EXPORTER_OTLP_ENDPOINT."""
    api = connect(data)
    job = api.describe_job(job_id)
    if job["phase"] not in FINAL:
        fail(f"Job {job_id} has not ended. Wait for it: clusterwright job wait {job_id}")
    happened = api.list_events(job_id)
    try:
        url = job_trace.send(job, happened, os.environ)
    except job_trace.CannotExport as error:
        fail(str(error))
    if output is Output.TABLE:
        typer.echo(f"Sent to {url}.")
    else:
        print_document(job_trace.trace(job, happened, os.environ), output)


def _promise(job: Document, uid: str, output: Output) -> None:
    if output is not Output.TABLE:
        print_document(job, output)
    job_screen.advise(uid, output)
