"""The command line: ``serve``, ``admin`` and ``fault`` work on the server's own data, everything
else is a client of the API.

Nothing heavy is imported before a command needs it, so that help and completion are fast.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from clusterwright.cli import cluster, job
from clusterwright.cli.demo import demo
from clusterwright.cli.env import env
from clusterwright.cli.serve import serve
from clusterwright.cli.version import version


class Deferred(TyperGroup):
    """A group whose module, of the same name, is imported when one of its commands is asked for."""

    # Typer keeps its own copy of click private, so its types cannot be named here.
    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """The context of the real group, which takes over from here."""
        module = import_module(f"{__name__}.{self.name}")
        return get_group(module.app).make_context(info_name, args, parent, **extra)


class Faults(Deferred):
    """``fault``, which warns of names that no step has."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """The context of the real group, with the names of all steps."""
        from clusterwright.app import REGISTRY
        from clusterwright.cli.fault import KnownSteps

        types = REGISTRY.types.values()
        steps = KnownSteps(step.name for job_type in types for step in job_type.steps())
        return super().make_context(info_name, args, parent, obj=steps, **extra)


app = typer.Typer(
    name="clusterwright",
    help="A self-hosted cluster manager that speaks the CCE v3 API.",
    epilog="Start with: clusterwright demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog="Example: clusterwright serve --port 0 --pace 8")(serve)
app.command(epilog='Example: eval "$(clusterwright env)"')(env)
app.command(epilog="Example: clusterwright demo --pace 4")(demo)
app.command(epilog="Example: clusterwright version -o json")(version)
app.add_typer(cluster.app, name="cluster")
app.add_typer(job.app, name="job")
app.add_typer(
    typer.Typer(cls=Faults), name="fault", help="Make steps of simulated clusters fail on demand."
)
app.add_typer(typer.Typer(cls=Deferred), name="admin", help="Manage who may use the server.")
