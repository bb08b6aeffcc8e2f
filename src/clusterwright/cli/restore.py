"""``clusterwright cluster restore``: a real cluster gets the state of a snapshot back."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from clusterwright.cli.clusters_here import find, programs, wish_of
from clusterwright.cli.options import ClusterName, Data
from clusterwright.cli.output import fail
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import components, snapshots
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.inside import Inside

app = typer.Typer(add_completion=False)

READY_SECONDS = 120
PAUSE = 0.2


@app.command(epilog="Example: clusterwright cluster restore demo demo.snapshot")
def restore(
    name: ClusterName,
    file: Annotated[Path, typer.Argument(help="A snapshot of this cluster.")],
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a snapshot in the place of a real cluster's state; what was changed since is lost."""
    if not file.is_file():
        fail(f"There is no file {file}.")
    folder = find(name, data)
    wish = wish_of(folder)
    able = programs(wish)
    try:
        found = snapshots.look(file, able)
        if not yes:
            typer.confirm(
                f"Give {name} the state of revision {found.revision}, and lose what it has now?",
                abort=True,
            )
        typer.echo("Restoring. The control plane stands still for some seconds.")
        starts = snapshots.put_back(folder, able, file)
    except (DriverError, OSError) as error:
        fail(f"Nothing was restored. {error}")
    if not starts:
        typer.echo("Restored. It runs when its server runs, unless it hibernates.")
        return
    if not asyncio.run(_is_ready(folder, components.server_url(wish.ports))):
        fail(f"Restored, but not ready after {READY_SECONDS} s. See: clusterwright cluster logs")
    typer.echo("Restored, and ready.")


async def _is_ready(folder: Folder, url: str) -> bool:
    inside = Inside(folder)
    deadline = time.monotonic() + READY_SECONDS
    try:
        while time.monotonic() < deadline:
            if await inside.is_ready(url):
                return True
            await asyncio.sleep(PAUSE)
        return False
    finally:
        await inside.close()
