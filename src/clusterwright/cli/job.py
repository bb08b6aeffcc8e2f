"""``clusterwright job``: how work is going."""

import typer

from clusterwright.cli import job_screen
from clusterwright.cli.client import connect
from clusterwright.cli.options import EXITS, TIMEOUT, JobId, Output, OutputOption, Server, Timeout

app = typer.Typer(
    help="See how jobs are going.", epilog=EXITS, no_args_is_help=True, add_completion=False
)


@app.command(epilog="Example: clusterwright job show $JOB_ID -o json")
def show(job_id: JobId, output: OutputOption = Output.TABLE, data: Server = None) -> None:
    """Show a job as it is now."""
    job_screen.show(connect(data).show_job(job_id), output)


@app.command(epilog="Example: clusterwright job wait $JOB_ID --timeout 60 && echo done")
def wait(
    job_id: JobId,
    timeout: Timeout = TIMEOUT,
    output: OutputOption = Output.TABLE,
    data: Server = None,
) -> None:
    """Follow a job to its end: exit code 0 is Success, 1 Failed, 3 not in time."""
    job_screen.wait(connect(data), job_id, timeout=timeout, output=output)
