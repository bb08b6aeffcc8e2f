"""``clusterwright cluster snapshot``: the state of a real cluster, in a file."""

from pathlib import Path
from typing import Annotated

import typer

from clusterwright.cli.clusters_here import find, programs, wish_of
from clusterwright.cli.options import ClusterName, Data
from clusterwright.cli.output import fail
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import snapshots

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: clusterwright cluster snapshot demo demo.snapshot")
def snapshot(
    name: ClusterName,
    file: Annotated[Path, typer.Argument(help="The new file.", dir_okay=False)],
    data: Data = None,
) -> None:
    """Write the state of a real cluster into a file, by etcd's own means, while it runs."""
    folder = find(name, data)
    wish = wish_of(folder)
    try:
        taken = snapshots.take(folder, wish, programs(wish), file)
    except (DriverError, OSError) as error:
        fail(f"No snapshot was taken. {error}")
    typer.echo(f"Wrote {file}: revision {taken.revision}, {taken.keys} keys, {taken.size} bytes.")
