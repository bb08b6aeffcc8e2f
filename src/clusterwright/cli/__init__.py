"""The command line: ``serve`` and ``admin`` start from the app, everything else is a client of
the API.
"""

import typer

from clusterwright.cli.serve import serve

app = typer.Typer(
    name="clusterwright",
    help="A self-hosted cluster manager that speaks the CCE v3 API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serve)


@app.callback()
def _root() -> None:
    """Keeps ``serve`` a command of its own even where it is the only one."""
