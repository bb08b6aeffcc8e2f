"""The page of commands, as the command line itself tells them."""

import inspect
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from clusterwright.cli import app

# Typer keeps its own copy of click private, so the types of commands cannot be named here.
_GIVEN_TO_ALL = ("help", "install_completion", "show_completion")


def lines() -> Iterator[str]:
    """A section for each command, in the order of the help."""
    root: Any = get_command(app)
    yield from _sections("clusterwright", root, root.make_context("clusterwright", ["version"]))


def _sections(path: str, command: Any, context: Any) -> Iterator[str]:
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        words = f"{path} {name}"
        # A deferred command's context is that of the real one.
        real = found.make_context(name, [], parent=context, resilient_parsing=True)
        if hasattr(real.command, "list_commands"):
            yield from _sections(words, real.command, real)
        else:
            yield from _section(words, real.command)


def _section(words: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [
        one
        for one in command.params
        if one.param_type_name == "option" and one.name not in _GIVEN_TO_ALL
    ]
    usage = " ".join([words, *map(_name, arguments)])
    yield f"## {words}\n"
    yield f"{inspect.cleandoc(command.help)}\n"
    yield f"`{usage}{' [OPTIONS]' if options else ''}`\n"
    if arguments or options:
        yield "| | meaning | default |"
        yield "|---|---|---|"
    for one in arguments:
        yield f"| `{_cell(_name(one))}` | {_cell(one.help)} | {_default(one)} |"
    for one in options:
        names = ", ".join(f"`{each}`" for each in (*one.opts, *one.secondary_opts))
        yield f"| {names} | {_cell(one.help)} | {_default(one)} |"
    if arguments or options:
        yield ""
    if command.epilog:
        yield f"{command.epilog.replace('Example: ', 'Example: `')}`\n"


def _name(argument: Any) -> str:
    """An argument as the usage names it; one that may be left out stands in brackets."""
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def _default(parameter: Any) -> str:
    shown = getattr(parameter, "show_default", None)
    if isinstance(shown, str):
        return shown
    if parameter.required:
        return "must be given"
    default = parameter.default
    if default is None or callable(default) or default == ():
        return ""
    if isinstance(default, bool):
        if parameter.secondary_opts:
            return f"`{(parameter.opts if default else parameter.secondary_opts)[0]}`"
        return ""
    return f"`{getattr(default, 'value', default)}`"
