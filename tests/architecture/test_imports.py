"""No two modules import each other, not even for types alone, and every module has its floor."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"


def modules() -> Mapping[str, Path]:
    """Every module of the product by its dotted name."""
    return {
        ".".join(file.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): file
        for file in SRC.rglob("*.py")
    }


def imports(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of the product that a file imports anywhere, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_circle_of_imports_exists() -> None:
    known = modules()
    graph = {name: {*imports(file, known)} & known.keys() for name, file in known.items()}
    # Whoever imports nobody that is left is on no circle; what remains in the end is on one.
    while free := [name for name, below in graph.items() if not below & graph.keys()]:
        for name in free:
            del graph[name]

    assert not graph


def test_every_container_of_modules_has_exhaustive_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layered = [c for c in contracts["contracts"] if c["type"] == "layers"]
    assert all(c["exhaustive"] for c in layered)

    watched = {container for c in layered for container in c["containers"]}
    packages = {name for name, file in modules().items() if file.name == "__init__.py"}
    # These have few files, which stand on each other in no order worth a rule.
    small = {
        "clusterwright.cli",
        "clusterwright.drivers.simulated",
        "clusterwright.storage.migrations",
        "clusterwright.storage.migrations.versions",
    }
    assert packages - watched == small
