"""Build the console into the package, where its sources have changed since the last time.

Node.js is needed to build and never to run. The machine's own is taken where it is new enough;
otherwise the one that comes as a package of Python, into ``.cache``. What is built does not depend
on which of them did it.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "console"
BUILT = ROOT / "src" / "clusterwright" / "console"
CACHE = ROOT / ".cache"
DIGEST = "built-from.txt"
"""The file among what is built that tells of which sources it is."""

_NODE = ((20, 19), ("node", "--version"))
_NPM = ((11,), ("npm", "--version"))
"""The oldest versions that build it, and how to ask for them."""
_NOT_SOURCES = {"node_modules", "dist"}


class BuildFailed(Exception):
    """The console could not be built; the text says why."""


def digest() -> str:
    """What stands for all sources: no two different ones share it."""
    told = hashlib.sha256()
    for file in sorted(_sources()):
        told.update(f"{file.relative_to(SOURCES).as_posix()}\0".encode())
        told.update(hashlib.sha256(file.read_bytes()).digest())
    return told.hexdigest()


def _sources() -> Iterator[Path]:
    for top in SOURCES.iterdir():
        if top.name in _NOT_SOURCES:
            continue
        yield from (each for each in (top, *top.rglob("*")) if each.is_file())


def is_current() -> bool:
    """Whether what is built is of these sources."""
    told = BUILT / DIGEST
    return told.is_file() and told.read_text().strip() == digest()


def build(*, anew: bool = False) -> bool:
    """Build where needed, one process at a time. Returns whether there was anything to do.

    Raises BuildFailed.
    """
    if not anew and is_current():
        return False
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "console.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not anew and is_current():  # another process was faster
            return False
        _build()
    return True


def _build() -> None:
    environment = os.environ | {"PATH": search_path(), "CI": "1", "NO_UPDATE_NOTIFIER": "1"}
    of = digest()
    made = CACHE / "console"
    shutil.rmtree(made, ignore_errors=True)
    # No package runs a program of its own while it is installed.
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
    _run(install, environment)
    _run(["npm", "run", "--silent", "build"], environment | {"CONSOLE_OUT": str(made)})
    (made / DIGEST).write_text(of + "\n")
    shutil.rmtree(BUILT, ignore_errors=True)
    shutil.move(made, BUILT)


def _run(command: list[str], environment: dict[str, str]) -> None:
    ran = subprocess.run(
        command,
        cwd=SOURCES,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise BuildFailed(f"{' '.join(command)} failed:\n{ran.stdout}{ran.stderr}")


def search_path() -> str:
    """The search path with a Node.js and an npm that are new enough. Raises BuildFailed."""
    path = os.environ.get("PATH", os.defpath)
    if all(_is_new_enough(oldest, ask, path) for oldest, ask in (_NODE, _NPM)):
        return path
    folder = CACHE / "node"
    if not _is_new_enough(*_NODE, str(folder / "bin")):
        _fetch_node(folder)
    return os.pathsep.join((str(folder / "bin"), path))


def _is_new_enough(oldest: tuple[int, ...], ask: tuple[str, ...], path: str) -> bool:
    program = shutil.which(ask[0], path=path)
    if program is None:
        return False
    environment = os.environ | {"PATH": os.pathsep.join((path, os.defpath))}
    ran = subprocess.run([program, *ask[1:]], env=environment, capture_output=True, text=True)
    numbers = re.match(r"v?(\d+)\.(\d+)", ran.stdout)
    return numbers is not None and tuple(map(int, numbers.groups())) >= oldest


def _fetch_node(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    here = Path(__file__)
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True)
    install = [
        here.parents[1] / "install.sh",
        folder / "bin" / "python",
        here.with_name("node.txt"),
    ]
    ran = subprocess.run(install, capture_output=True, text=True)
    if made.returncode or ran.returncode:
        raise BuildFailed(
            f"No Node.js from version {_NODE[0]} on, and none to be had: {ran.stderr}"
        )


def main() -> None:
    """``python tools/console/build.py [--anew] [--where-possible]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--anew", action="store_true", help="build even if nothing has changed")
    parser.add_argument(
        "--where-possible",
        action="store_true",
        help="go on without the console, which the server then answers for in words, except in CI",
    )
    asked = parser.parse_args()
    try:
        done = build(anew=asked.anew)
    except BuildFailed as error:
        if not asked.where_possible or os.environ.get("CI"):
            sys.exit(str(error))
        print(f"Going on without the console; make console tries again.\n{error}", file=sys.stderr)
        return
    if done:
        print(f"Built the console into {BUILT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
