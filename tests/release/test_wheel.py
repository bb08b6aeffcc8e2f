"""The wheel alone is enough: it runs the demo, tells its types and carries the console."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.release, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make dist`` builds, in a folder of its own."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("clusterwright-*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the wheel, its extra and what they ask for."""
    folder = tmp_path_factory.mktemp("installed")
    # Versions as locked. Hashes must go: with any of them pip wants one for the wheel too. Extras
    # must go from constraints.
    locked = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?(==[^\\\n]+)",
        (ROOT / "requirements.lock").read_text(),
        re.MULTILINE,
    )
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(map("".join, locked)))
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    interpreter = folder / "venv" / "bin" / "python"
    # Compiling the whole SDK takes longer than compiling what the demo imports.
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    subprocess.run(
        [interpreter, *install, "-c", constraints, f"{wheel}[client]"],
        env=surroundings(folder),
        check=True,
    )
    return interpreter


def surroundings(home: Path) -> dict[str, str]:
    """This environment, without what leads Python or the server back to this project."""
    foreign = ("PYTHON", "CLUSTERWRIGHT_", "HUAWEICLOUD_", "VIRTUAL_ENV")
    return {k: v for k, v in os.environ.items() if not k.startswith(foreign)} | {"PWD": str(home)}


def test_an_installed_wheel_runs_the_demo_from_an_empty_folder(
    python: Path, tmp_path: Path
) -> None:
    ran = subprocess.run(
        [python.with_name("clusterwright"), "demo", "--pace", "8"],
        cwd=tmp_path,
        env=surroundings(tmp_path) | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^✔ DeleteCluster +Success", ran.stdout, re.MULTILINE)


def test_an_installed_wheel_is_typed_and_needs_nothing_that_it_does_not_ask_for(
    python: Path, tmp_path: Path
) -> None:
    told = subprocess.run(
        [python, "-c", "import clusterwright; print(clusterwright.__file__)"],
        cwd=tmp_path,
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    package = Path(told.strip()).parent

    checked = subprocess.run([python, "-m", "pip", "check"], env=surroundings(tmp_path))

    assert package.is_relative_to(python.parents[1])
    assert (package / "py.typed").is_file()
    assert (package / "console" / "index.html").is_file()
    assert checked.returncode == 0
