"""``clusterwright version``: what is installed, for a report of an error."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import typer

from clusterwright import __version__
from clusterwright.cli.options import Output, OutputOption
from clusterwright.cli.output import print_document, print_facts

app = typer.Typer(add_completion=False)

LIBRARIES = ("dbos", "fastapi", "granian", "pydantic", "sqlalchemy", "huaweicloudsdkcce")


@app.command(epilog="Example: clusterwright version -o json")
def version(output: OutputOption = Output.TABLE) -> None:
    """Print the versions of Clusterwright, Python and the most important libraries."""
    found = {"clusterwright": __version__, "python": platform.python_version()}
    found |= {name: _installed(name) for name in LIBRARIES}
    if output is Output.TABLE:
        print_facts(found)
    else:
        print_document(found, output)


def _installed(name: str) -> str:
    try:
        return installed(name)
    except PackageNotFoundError:
        return "not installed"
