"""Options that several commands share, so that they read the same everywhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    """How a result is printed: for people, or as one document for programs."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


OutputOption = Annotated[
    Output,
    typer.Option(
        "-o", "--output", help="table is for people; json and yaml print one document on stdout."
    ),
]
Timeout = Annotated[
    float, typer.Option(min=0, help="Seconds to follow the job; then the exit code is 3.")
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait/--no-wait",
        help="Follow what was asked for to its end; or print what is promised and leave.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        help="Data folder (CLUSTERWRIGHT_DATA).", show_default=".clusterwright", file_okay=False
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="postgresql:// URL of the database without a password (CLUSTERWRIGHT_DATABASE).",
        show_default="SQLite in the data folder",
    ),
]
Server = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Data folder of the server to use.",
        show_default="the SDK's variables, else .clusterwright",
        file_okay=False,
    ),
]
InCluster = Annotated[
    str, typer.Argument(metavar="CLUSTER", help="Name or id of the cluster that it is about.")
]
ClusterName = Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of a cluster.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="Id of a job or of a sub-job.")]

TIMEOUT = 1800.0
"""Longer than any step may take."""
EXIT_FAILED = 1
EXIT_TIMEOUT = 3
EXIT_INTERRUPTED = 130
EXITS = (
    "Exit codes: 0 done, 1 refused or failed, 2 not understood,"
    " 3 not at its end when --timeout was over."
)
"""What ends the help of every group of commands."""
