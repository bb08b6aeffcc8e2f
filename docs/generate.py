"""Writes the pages that the code itself knows: ``python -m docs.generate``.

With ``--check`` nothing is written; a page that is not as it would be written fails with a diff.
"""

import argparse
import ast
import difflib
import inspect
import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi.routing import APIRoute
from huaweicloudsdkcce.v3 import CceClient

from bench import readme as benchmarks
from clusterwright.app import ROUTERS, routes
from clusterwright.settings import Settings
from clusterwright.unsupported import UNSUPPORTED
from docs import commands as command_line
from tests.clients.missing import lacking
from tests.clients.walks import (
    ansible,
    examples,
    huaweicloud,
    identities,
    openstack,
    opentelekomcloud,
)

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"

SDKS = ("Python", "Java", "Go", "Node")
NOTE = "This page is written by `make docs`; do not edit it.\n"

_SDK_OPERATION = re.compile(
    r"def _(\w+)_http_info\(cls, request\):"
    r'.*?"method": "(\w+)",\s*"resource_path": "([^"]+)"',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as the official Python SDK knows it."""

    method: str
    path: str
    snake_name: str

    @property
    def name(self) -> str:
        """The official name."""
        return "".join(word.capitalize() for word in self.snake_name.split("_"))

    @property
    def shape(self) -> str:
        """What tells it apart from others, whatever its path parameters are called."""
        return shape(self.method, self.path)


def shape(method: str, path: str) -> str:
    """A method and a path, parameters without their names."""
    return f"{method} {re.sub(r'{[^}]+}', '{}', path)}"


def official() -> list[Operation]:
    """Every operation of the official Python SDK of CCE, by path and method."""
    return sdk_operations(CceClient)


def sdk_operations(client: type) -> list[Operation]:
    """Every operation that a client of the official Python SDK has, by path and method."""
    found = _SDK_OPERATION.findall(inspect.getsource(client))
    operations = [Operation(method, path, name) for name, method, path in found]
    return sorted(operations, key=lambda each: (each.path, each.method))


def _routes() -> Iterator[tuple[str, APIRoute]]:
    for router in ROUTERS:
        for route in router.routes:
            for method in route.methods or ():
                yield shape(method, route.path), route


def refused() -> set[str]:
    """The shapes of every route that only refuses."""
    return {shape(method, row.path) for row in UNSUPPORTED for method in row.methods}


def served() -> set[str]:
    """The shapes of every route that does more than refuse."""
    return {which for which, _ in _routes()} - refused()


def driven(operations: list[Operation]) -> Mapping[str, str]:
    """Which official clients call an operation in the tests, by the operation's name.

    A test of every SDK names ``LANGUAGES``, one of a single SDK names ``PYTHON``; both call
    operations by name, themselves or through the test modules they import. Other tests call the
    Python SDK's methods. What an SDK lacks is known by ``tests.clients.missing``.
    """
    names = {operation.name for operation in operations}
    methods = {operation.snake_name: operation.name for operation in operations}
    found: dict[str, str] = {}
    for path in sorted(TESTS.rglob("*.py")):
        tree = ast.parse(path.read_text())
        words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if "LANGUAGES" in words or "PYTHON" in words:
            helpers = [each for near in _helpers(tree) for each in (near, *_helpers(near))]
            called = set().union(*map(_constants, (tree, *helpers)))
            for name in called & names:
                if "LANGUAGES" in words:
                    found[name] = _having(name)
                else:
                    found.setdefault(name, "Python")
        if _uses_the_sdk(tree):
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and node.attr in methods:
                    found.setdefault(methods[node.attr], "Python")
    return found


WALKS: Mapping[str, Collection[str]] = {
    "openstack": openstack.SENDS,
    "Ansible": [call.operation for call in ansible.WALK],
    "Terraform (huaweicloud)": [
        call.operation for call in (*huaweicloud.WALK, *examples.WALK, *identities.WALK)
    ],
    "Terraform (opentelekomcloud)": [call.operation for call in opentelekomcloud.WALK],
}
"""What the other clients send: the first in the tests, the others as it was recorded."""


def walked() -> Mapping[str, Collection[str]]:
    """Which of the other clients call a route, by its shape."""
    routes = list(_routes())
    found: dict[str, list[str]] = {}
    for client, sent in WALKS.items():
        for operation in sent:
            method, _, path = operation.partition(" ")
            url = re.sub(r"[${}]", "", path.partition("?")[0])
            called = next(
                (
                    which
                    for which, route in routes
                    if method in (route.methods or ()) and route.path_regex.match(url)
                ),
                "",
            )
            clients = found.setdefault(called, [])
            if client not in clients:
                clients.append(client)
    return found


def beside() -> Iterator[tuple[str, APIRoute]]:
    """Every route that does more than refuse and that the official SDK of CCE does not know."""
    known = {one.shape for one in official()} | refused()
    for which, route in _routes():
        if which not in known and route.include_in_schema:
            yield which, route


def _graded(*drivers: str) -> str:
    return ", ".join(each for each in drivers if each) or "answered only"


def _having(operation: str) -> str:
    return ", ".join(sdk for sdk in SDKS if operation not in lacking(sdk.lower()))


def _constants(tree: ast.Module) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _helpers(tree: ast.Module) -> Iterator[ast.Module]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            path = ROOT / f"{str(node.module).replace('.', '/')}.py"
            if path.is_file():
                yield ast.parse(path.read_text())


def _uses_the_sdk(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and (node.module or "").startswith("huaweicloudsdkcce")
        for node in ast.walk(tree)
    )


def coverage() -> str:
    """The page that tells how each official operation is served."""
    operations = official()
    groups = {
        "Clusters with nodes": [one for one in operations if "/autopilot/" not in one.path],
        "Autopilot clusters": [one for one in operations if "/autopilot/" in one.path],
    }
    has, clients, others = served(), driven(operations), walked()
    answered = sum(one.shape in has for one in operations)
    lines = [
        "# Coverage\n",
        NOTE,
        (
            f"The official Python SDK knows {len(operations)} operations. This server answers"
            f" {'all' if answered == len(operations) else answered} of them; any other is known and"
            " refused with status 501 and a body from the error catalogue. *Driven by* names the"
            " official SDKs that call the operation in this project's tests, *openstack* where that"
            " command with otcextensions does, and Ansible and the Terraform providers where their"
            " requests do, which were recorded and are replayed; an operation that is *answered"
            " only* is tested over HTTP.\n"
        ),
    ]
    for title, members in groups.items():
        lines += [
            f"## {title}\n",
            "| operation | request | served | driven by |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {one.name} | `{one.method} {one.path}` | answered |"
            f" {_graded(clients.get(one.name, ''), *others.get(one.shape, ()))} |"
            if one.shape in has
            else f"| {one.name} | `{one.method} {one.path}` | not supported |  |"
            for one in members
        ]
        lines.append("")
    lines += [
        "## Services beside CCE\n",
        "| operation | request | driven by |",
        "|---|---|---|",
    ]
    lines += [
        f"| {route.operation_id} | `{which.partition(' ')[0]} {route.path}` |"
        f" {_graded(*others.get(which, ()))} |"
        for which, route in sorted(beside(), key=lambda each: (each[1].path, each[0]))
    ]
    lines.append("")
    return "\n".join(lines)


def settings() -> str:
    """The page of settings."""
    lines = [
        "# Settings\n",
        NOTE,
        "Every setting is an environment variable of the server.\n",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    prefix = Settings.model_config["env_prefix"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in ("", None) else f"`{field.default}`"
        lines.append(f"| `{prefix}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def openapi() -> str:
    """The API's own description, as ``/openapi.json`` serves it."""
    return json.dumps(routes().openapi(), indent=1, sort_keys=True) + "\n"


def commands() -> str:
    """The page of commands."""
    lines = [
        "# Commands\n",
        NOTE,
        (
            "The same as `clusterwright --help`, on one page. Every command that prints a result"
            " has `-o table`, `-o json` and `-o yaml`. A table is for people: what a narrow"
            " terminal has no room for is left out, and a pipe gets plain text in lines that are"
            " never wrapped. The others print one document of the API on standard output; what is"
            " told on the way then goes to standard error.\n"
        ),
        "| exit code | meaning |",
        "|---|---|",
        *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()),
        "",
        *command_line.lines(),
    ]
    return "\n".join(lines)


EXIT_CODES = {
    0: "done",
    1: "refused, failed, or nobody answers; standard error tells why in one line",
    2: "not understood: a wrong option, argument or setting",
    3: "not at its end when `--timeout` was over; it goes on without the command",
    130: "interrupted",
}

PAGES = {
    "docs/reference/commands.md": commands,
    "docs/reference/coverage.md": coverage,
    "docs/reference/settings.md": settings,
    "docs/reference/openapi.json": openapi,
    "bench/README.md": benchmarks.page,
}
"""Every generated page and what writes it."""


def outdated() -> Iterator[str]:
    """The differences between the pages as they are and as they would be written."""
    for name, write in PAGES.items():
        path = ROOT / name
        now = path.read_text() if path.is_file() else ""
        yield from difflib.unified_diff(
            now.splitlines(keepends=True),
            write().splitlines(keepends=True),
            fromfile=name,
            tofile="generated",
        )


def main() -> int:
    """Write the pages, or check them. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail with a diff")
    if parser.parse_args().check:
        difference = "".join(outdated())
        sys.stderr.write(difference)
        return 1 if difference else 0
    for name, write in PAGES.items():
        (ROOT / name).write_text(write())
    return 0


if __name__ == "__main__":
    sys.exit(main())
