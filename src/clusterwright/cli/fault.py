"""``clusterwright fault``: faults of clusters, in the database of a running server."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from clusterwright.cli import rows
from clusterwright.cli.folder import configured, is_served
from clusterwright.cli.options import Data, DatabaseUrl, Output, OutputOption
from clusterwright.cli.output import fail, print_document, print_records
from clusterwright.drivers import faults
from clusterwright.drivers.causes import Blame
from clusterwright.drivers.faults import Fault, FaultRequest, Kind
from clusterwright.storage.database import Tx

T = TypeVar("T")

app = typer.Typer(
    help="Make steps of clusters fail on demand, whichever driver they have.",
    no_args_is_help=True,
    add_completion=False,
)


class KnownSteps(frozenset[str]):
    """The names of all steps, for a warning of any other. The context's object may tell others."""


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
    blame: Annotated[
        Blame, typer.Option("--class", help="Whose the failure is, for whoever explains it.")
    ] = Blame.PROVIDER,
    data: Data = None,
    database: DatabaseUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Arm a fault: the step's next calls of the driver fail."""
    try:
        asked = FaultRequest(
            step=step, reason=reason, times=times, kind=kind, cluster=cluster, blame=blame
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise typer.BadParameter(f"{field}: {first['msg']}.") from error
    known = context.find_object(KnownSteps) or _known_steps()
    if step not in known:
        names = ", ".join(sorted(known))
        typer.echo(f"Warning: no job has a step {step}. The steps are {names}.", err=True)
    settings = configured({"data": data, "database": database})
    fault_id = rows.transact(settings, lambda tx: faults.add(tx, asked)).id
    if output is not Output.TABLE:
        print_document({"id": fault_id}, output)
    else:
        typer.echo(f"Armed fault {fault_id}: {step} fails {times} time{'s' if times > 1 else ''}.")
    if not settings.database and not is_served(settings.data):
        told = f"No server runs on {settings.data}: the fault waits for one that does."
        typer.echo(told, err=True)


def _known_steps() -> KnownSteps:
    # The whole server, which no other command of this group needs.
    from clusterwright.app import REGISTRY

    types = REGISTRY.types.values()
    return KnownSteps(step.name for job_type in types for step in job_type.steps())


@app.command("list")
def list_faults(
    data: Data = None, database: DatabaseUrl = None, output: OutputOption = Output.TABLE
) -> None:
    """Show every fault, used up or not."""
    found = [_facts(fault) for fault in _run(data, database, faults.find_all)]
    if output is Output.TABLE:
        any_of = ("cluster", "project")
        found = [facts | {name: facts[name] or "any" for name in any_of} for facts in found]
    print_records(found, output, none="There are no faults.", folds=True)


def _facts(fault: Fault) -> dict[str, Any]:
    """What is told of a fault; its reason, which may be long, comes last."""
    facts = asdict(fault) | {"kind": fault.kind.value}
    facts["class"] = facts.pop("blame").value
    return facts | {"reason": facts.pop("reason")}


@app.command()
def clear(
    fault_id: Annotated[int | None, typer.Argument(metavar="ID", help="Which fault.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every fault.")] = False,
    data: Data = None,
    database: DatabaseUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Remove one fault, or all. Those of the settings' file return when a server starts with it."""
    if (fault_id is None) != everything:
        raise typer.BadParameter("Give either the id of a fault or --all.")
    count = _run(data, database, lambda tx: faults.clear(tx, fault_id))
    if fault_id is not None and not count:
        fail(f"There is no fault {fault_id}. See them with: clusterwright fault list")
    if output is not Output.TABLE:
        print_document({"cleared": count}, output)
    else:
        typer.echo(f"Cleared {count} fault{'' if count == 1 else 's'}.")


def _run(data: Path | None, database: str | None, work: Callable[[Tx], Awaitable[T]]) -> T:
    return rows.transact(configured({"data": data, "database": database}), work)
