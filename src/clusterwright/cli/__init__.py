"""The command line: ``serve``, ``admin`` and ``fault`` for the server, the rest is a client.

No command's module is imported before the command is asked for, so that help and completion are
fast and a client never loads the server.
"""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from clusterwright import __version__

COMMANDS = {
    "serve": "Serve the API. Every option can also be given as CLUSTERWRIGHT_<NAME>.",
    "env": "Print how SDKs, Terraform and the OpenStack tools reach the server, secrets included.",
    "demo": "Start a throw-away server, create a cluster and nodes with the SDK, delete all of it.",
    "version": "Print the versions of Clusterwright, Python and the most important libraries.",
    "cluster": "Create, look at, use and delete clusters.",
    "node": "Create, look at and delete nodes of a cluster.",
    "nodepool": "Create, look at, scale and delete node pools of a cluster.",
    "addon": "Find, install, look at and delete add-ons of a cluster.",
    "job": "List, follow, explain, cancel, resume and export jobs.",
    "webhook": "Register, look at and delete webhooks; send what was sent again.",
    "kubernetes": "Find and install the programs of real Kubernetes; tell what this host can run.",
    "fault": "Make steps of clusters fail on demand, whichever driver they have.",
    "admin": "Manage who may use the server.",
}
"""Each command, or group of commands, with its help: the ``app`` of the module of its name."""


class Deferred(TyperGroup):
    """Stands for a command until it is asked for, and only then imports it."""

    # Typer keeps its own copy of click private, so its types cannot be named here.
    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """The context of the real command, which takes over from here."""
        module = import_module(f"{__name__}.{self.name}")
        return get_command(module.app).make_context(info_name, args, parent, **extra)


app = typer.Typer(
    name="clusterwright",
    help="A self-hosted cluster manager that speaks the CCE v3 API.",
    epilog="Start with: clusterwright demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"clusterwright {__version__}")
        raise typer.Exit


@app.callback()
def _begin(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True),
    ] = False,
) -> None: ...


for _name, _help in COMMANDS.items():
    app.add_typer(typer.Typer(cls=Deferred), name=_name, help=_help)
