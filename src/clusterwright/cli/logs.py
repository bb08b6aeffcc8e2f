"""``clusterwright cluster logs``: what the components of a real cluster of this host wrote.

It reads the server's data folder, so it works where the server does not: for whoever runs it, not
for its clients, whom the API gives no logs.
"""

import time
from collections import deque
from collections.abc import Iterator
from typing import Annotated

import typer

from clusterwright.cli.clusters_here import find
from clusterwright.cli.options import EXIT_INTERRUPTED, ClusterName, Data
from clusterwright.cli.output import fail
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.logs import Reader

app = typer.Typer(add_completion=False)

PAUSE = 0.2


@app.command(epilog="Example: clusterwright cluster logs demo kube-apiserver --follow")
def logs(
    name: ClusterName,
    component: Annotated[
        str | None,
        typer.Argument(
            metavar="COMPONENT", help="One component, such as etcd; without it, all of them."
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on with what is written, until Ctrl-C.")
    ] = False,
    tail: Annotated[
        int | None, typer.Option(min=0, help="Only so many of the last lines of each.")
    ] = None,
    data: Data = None,
) -> None:
    """Print the logs of a real cluster's control plane, from the server's data folder."""
    folder = find(name, data)
    try:
        for line in _lines(folder, component, tail, follow=follow):
            typer.echo(line)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _lines(
    folder: Folder, component: str | None, tail: int | None, *, follow: bool
) -> Iterator[str]:
    """The lines, each behind its component's name where several are printed."""
    readers = _readers(folder, component)
    width = max(map(len, readers))
    heads = {name: "" if component else f"{name:<{width}} | " for name in readers}
    for name, reader in readers.items():
        first = reader.lines() if tail is None else deque(reader.lines(), maxlen=tail)
        yield from (heads[name] + line for line in first)
    while follow and folder.exists:
        time.sleep(PAUSE)
        for name, reader in readers.items():
            yield from (heads[name] + line for line in reader.lines())
    for name, reader in readers.items():
        yield from (heads[name] + line for line in reader.rest())


def _readers(folder: Folder, component: str | None) -> dict[str, Reader]:
    known = folder.logged()
    if not known:
        fail("No component of this cluster has been started yet.")
    if component is not None and component not in known:
        fail(f"There is no log of {component}. There are {', '.join(known)}.")
    return {name: Reader(folder.log(name)) for name in ([component] if component else known)}
