"""What is declared is what is used: every import has a requirement, every bound was tested."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
_DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())
_LOCKED = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", re.MULTILINE)
_LOWEST = {">=", "==", "~="}
_OURS = {"clusterwright", "tests", "bench", "docs", "tools"}


def requirements(*, developing: bool) -> list[Requirement]:
    """What the package requires with all its extras, or also what its development does."""
    project = _DECLARED["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    if developing:
        lists += _DECLARED["dependency-groups"].values()
    return [Requirement(line) for line in chain.from_iterable(lists)]


def locked() -> dict[str, Version]:
    """The version of each package in the lock."""
    found = _LOCKED.findall((ROOT / "requirements.lock").read_text())
    return {canonicalize_name(name): Version(version) for name, version in found}


def imported(folder: str) -> set[str]:
    """The first names of all modules that files of a folder import from elsewhere."""
    found: set[str] = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - _OURS


@pytest.mark.parametrize(
    ("folder", "developing"), [("src", False), ("tests", True), ("bench", True), ("docs", True)]
)
def test_every_import_comes_from_a_package_that_is_declared(folder: str, developing: bool) -> None:
    declared = {canonicalize_name(each.name) for each in requirements(developing=developing)}
    providers = packages_distributions()

    undeclared = {
        module
        for module in imported(folder)
        if not declared & {canonicalize_name(each) for each in providers.get(module, [])}
    }

    assert undeclared == set()


@pytest.mark.parametrize("requirement", requirements(developing=False), ids=str)
def test_the_lowest_version_that_is_allowed_is_of_the_release_that_is_tested(
    requirement: Requirement,
) -> None:
    lowest = [Version(each.version) for each in requirement.specifier if each.operator in _LOWEST]
    tested = locked()[canonicalize_name(requirement.name)]

    assert len(lowest) == 1, "Declare a lower bound: the release that the lock holds."
    assert lowest[0] <= tested
    assert lowest[0].release[:2] == tested.release[:2]


def test_the_lock_holds_every_package_that_is_declared() -> None:
    declared = {canonicalize_name(each.name) for each in requirements(developing=True)}

    assert declared <= locked().keys()
