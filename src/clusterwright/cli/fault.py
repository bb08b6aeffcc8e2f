"""``clusterwright fault``: faults of simulated clusters, in the database of a running server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from clusterwright.cli.folder import configured
from clusterwright.drivers import faults
from clusterwright.drivers.faults import FaultRequest, Kind
from clusterwright.storage.database import Database, StorageUnavailable, Tx, sqlite_path

T = TypeVar("T")

app = typer.Typer(
    help="Make steps of simulated clusters fail on demand.",
    no_args_is_help=True,
    add_completion=False,
)


class KnownSteps(frozenset[str]):
    """The names of all steps, for a warning of any other. The context's object may tell others."""


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the server's SQLite database (CLUSTERWRIGHT_DATA).",
        show_default=".clusterwright",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="postgresql:// URL of the server's database, without a password"
        " (CLUSTERWRIGHT_DATABASE).",
        show_default="SQLite in the data folder",
    ),
]
Output = Annotated[Format, typer.Option("--output", "-o", help="Format of the output.")]


@app.command()
def add(
    context: typer.Context,
    step: Annotated[str, typer.Argument(help="Name of the step, such as InstallMaster.")],
    reason: Annotated[
        str, typer.Option(help="Text that the failed job shows.")
    ] = FaultRequest.model_fields["reason"].default,
    times: Annotated[int, typer.Option(help="How many times to fail.")] = 1,
    kind: Annotated[
        Kind, typer.Option(help="error fails the step; unavailable makes it try again.")
    ] = Kind.ERROR,
    cluster: Annotated[
        str | None, typer.Option(help="Name of the only cluster to fail; any by default.")
    ] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    output: Output = Format.TABLE,
) -> None:
    """Arm a fault: the step's next calls of the driver fail."""
    try:
        asked = FaultRequest(step=step, reason=reason, times=times, kind=kind, cluster=cluster)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise typer.BadParameter(f"{field}: {first['msg']}.") from error
    known = context.find_object(KnownSteps) or _known_steps()
    if step not in known:
        names = ", ".join(sorted(known))
        typer.echo(f"Warning: no job has a step {step}. The steps are {names}.", err=True)
    fault_id = _run(data, database, lambda tx: faults.add(tx, asked))
    if output is Format.JSON:
        typer.echo(json.dumps({"id": fault_id}))
    else:
        typer.echo(f"Armed fault {fault_id}: {step} fails {times} time{'s' if times > 1 else ''}.")


def _known_steps() -> KnownSteps:
    # The whole server, which no other command of this group needs.
    from clusterwright.app import REGISTRY

    types = REGISTRY.types.values()
    return KnownSteps(step.name for job_type in types for step in job_type.steps())


@app.command("list")
def list_faults(
    data: Data = None, database: DatabaseUrl = None, output: Output = Format.TABLE
) -> None:
    """Show every fault, used up or not."""
    found = _run(data, database, faults.listed)
    if output is Format.JSON:
        typer.echo(json.dumps([asdict(fault) for fault in found], indent=2))
    elif not found:
        typer.echo("There are no faults.")
    else:
        table = Table("ID", "STEP", "REMAINING", "KIND", "CLUSTER", "REASON", box=None)
        for fault in found:
            cells = (fault.id, fault.step, fault.remaining, fault.kind, fault.cluster or "any")
            table.add_row(*map(str, cells), fault.reason)
        # A reason is plain text, in which square brackets mean nothing.
        Console(markup=False).print(table)


@app.command()
def clear(
    fault_id: Annotated[int | None, typer.Argument(metavar="[ID]", help="Which fault.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every fault.")] = False,
    data: Data = None,
    database: DatabaseUrl = None,
    output: Output = Format.TABLE,
) -> None:
    """Remove one fault, or all. Those of the settings' file return when a server starts with it."""
    if (fault_id is None) != everything:
        raise typer.BadParameter("Give either the id of a fault or --all.")
    count = _run(data, database, lambda tx: faults.clear(tx, fault_id))
    if fault_id is not None and not count:
        _fail(f"There is no fault {fault_id}. See them with: clusterwright fault list")
    if output is Format.JSON:
        typer.echo(json.dumps({"cleared": count}))
    else:
        typer.echo(f"Cleared {count} fault{'' if count == 1 else 's'}.")


def _run(data: Path | None, database: str | None, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Do ``work`` in one transaction on the server's database, which must exist already."""
    url = configured({"data": data, "database": database}).database_url
    opened = Database(url, pool_size=1, name="clusterwright fault")
    if opened.is_sqlite and not sqlite_path(opened.url).exists():
        _fail(f"There is no database at {sqlite_path(opened.url)}. Start the server first.")

    async def transact() -> T:
        try:
            async with opened.transaction() as tx:
                return await work(tx)
        finally:
            await opened.dispose()

    try:
        return asyncio.run(transact())
    except (StorageUnavailable, DBAPIError) as error:
        _fail(f"The database cannot be used: {error}")


def _fail(text: str) -> NoReturn:
    typer.echo(f"Error: {text}", err=True)
    raise typer.Exit(1)
