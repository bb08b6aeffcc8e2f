"""Packages whose names are imported when they are asked for are as they are when imported whole."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LAZILY = "from clusterwright.cli.lazy_packages import import_lazily as package"
AS_EVER = "from importlib import import_module as package"
NAMES = """
import json, sys
sys.path.insert(0, {folder!r})
found = [package(one) for one in {parents!r}][-1]
before = [one for one in sys.modules if one.startswith({name!r})]
names = {{name: getattr(found, name).__module__ for name in dir(found) if name[0].isupper()}}
print(json.dumps([names, len(before)]))
"""


def names(how: str, package: str, folder: Path | str = "") -> tuple[dict[str, str], int]:
    """The classes of a package with their modules, and how many modules were loaded by its name."""
    parents = [package.rpartition(".")[0], package] if package.endswith(".model") else [package]
    program = how + NAMES.format(name=package, parents=parents, folder=str(folder))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    classes, loaded = json.loads(done.stdout)
    return classes, loaded


@pytest.mark.parametrize("package", ["huaweicloudsdkcce.v3", "huaweicloudsdkcce.v3.model"])
def test_the_official_sdk_has_the_same_classes_and_loads_none_of_them(package: str) -> None:
    lazily, loaded = names(LAZILY, package)
    as_ever, all_modules = names(AS_EVER, package)

    assert lazily == as_ever
    assert loaded == 1 < len(as_ever) < all_modules


@pytest.mark.parametrize(
    "more",
    [
        "Three = 3",
        "if True:\n    from lazy.two import Two",
        "import lazy.two",
        "from .one import *",
    ],
)
def test_a_package_that_does_more_is_imported_as_ever(tmp_path: Path, more: str) -> None:
    (tmp_path / "lazy").mkdir()
    for name in ("One", "Two"):
        (tmp_path / "lazy" / f"{name.lower()}.py").write_text(f"class {name}: ...\n")
    init = tmp_path / "lazy" / "__init__.py"
    init.write_text("# Classes.\nfrom lazy.one import One\n\nfrom lazy.two import Two\n")
    assert names(LAZILY, "lazy", tmp_path) == ({"One": "lazy.one", "Two": "lazy.two"}, 1)

    init.write_text(f"from lazy.one import One\n{more}\nclass Here: ...\n")

    found, loaded = names(LAZILY, "lazy.one", tmp_path)
    assert (found, loaded) == ({"One": "lazy.one"}, 1)
    program = f"{LAZILY}\nimport sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    program += "print(package('lazy').Here.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "lazy\n"


def test_what_is_not_there_is_told_as_ever() -> None:
    for how in (LAZILY, AS_EVER):
        done = subprocess.run(
            [sys.executable, "-c", f"{how}\npackage('huaweicloudsdknone.v3')"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "ModuleNotFoundError: No module named 'huaweicloudsdknone'" in done.stderr
