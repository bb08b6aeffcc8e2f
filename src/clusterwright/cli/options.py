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
        help="Follow the job to its end and print it; or print the cluster and leave.",
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
ClusterName = Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of a cluster.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="Id of a job or of a sub-job.")]

TIMEOUT = 1800.0
"""Longer than any step may take."""
EXIT_FAILED = 1
EXIT_TIMEOUT = 3
