#!/usr/bin/env python3
"""``python3 tools/kubernetes/build.py``: build the programs that the driver ``local`` starts.

They end in ``CACHE/HASH/VERSION/NAME``, where HASH is over the sources beside this file, so that
one machine builds the same sources once. Whoever calls while another builds waits for that build,
and a call that finds everything returns at once. Nothing here needs more than Python and Go.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
FAILED = "failed.txt"
"""Beside the version's folder: why the last build of these sources ended without its programs."""
LEAST_GO = (1, 26)


@dataclass(frozen=True)
class Program:
    """One Go module here, and the file that is built of it."""

    module: str
    names: tuple[str, ...]
    """What the file is called: a program of several names does what its name says."""
    flags: tuple[str, ...]
    package: str = "."
    asked_for: bool = False
    """Whether it is built only when its name is given."""


def required(module: str, path: str) -> str:
    """The version of ``path`` that a module here is pinned to."""
    text = (SOURCES / module / "go.mod").read_text()
    found = re.search(rf"^(?:require )?\s*{re.escape(path)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"{module}/go.mod does not require {path}")
    return found[1]


KUBERNETES = required("hyper", "k8s.io/kubernetes")
_, _MINOR, _ = KUBERNETES.removeprefix("v").split(".")
# Without these every program says that it is v0.0.0-master. The date stands still, so that the same
# sources give the same bytes.
_STAMPS = {
    "gitVersion": KUBERNETES,
    "gitMajor": "1",
    "gitMinor": _MINOR,
    "gitCommit": "unknown",
    "gitTreeState": "clean",
    "buildDate": "2026-02-10T00:00:00Z",
}
_VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
_HYPER_STAMPS = [
    f"-X {package}.{name}={value}"
    for package in _VERSION_PACKAGES
    for name, value in _STAMPS.items()
]


def _linker(*stamps: str) -> tuple[str, str]:
    return "-ldflags", " ".join(("-s -w", *stamps))


PROGRAMS = (
    Program(
        "hyper",
        (
            "kubectl",
            "kubelet",
            "kube-proxy",
            "kube-scheduler",
            "kube-controller-manager",
            "kube-apiserver",
        ),
        ("-tags", "providerless,selinux", *_linker(*_HYPER_STAMPS)),
    ),
    Program(
        "etcd",
        ("etcdctl", "etcdutl", "etcd"),
        _linker("-X go.etcd.io/etcd/api/v3/version.GitSHA=unknown"),
    ),
    Program("kwok", ("kwok",), _linker(), "sigs.k8s.io/kwok/cmd/kwok"),
    Program(
        "coredns", ("coredns",), _linker("-X github.com/coredns/coredns/coremain.GitCommit=unknown")
    ),
    Program("kwok", ("kwokctl",), _linker(), "sigs.k8s.io/kwok/cmd/kwokctl", asked_for=True),
)
# What simulated kubelets do with nodes and pods: kwok has no defaults and ends without.
STAGES = "stages.yaml"
_STAGE_FILES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)


class BuildFailed(Exception):
    """A program could not be built; the text tells why."""


def cache() -> Path:
    """Where builds of this user are kept, whatever sources they are of."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "clusterwright" / "kubernetes"


def digest() -> str:
    """What tells these sources from others: 16 hexadecimal digits."""
    total = hashlib.sha256()
    for file in sorted(SOURCES.rglob("*")):
        if file.suffix in (".go", ".mod", ".sum", ".py") and file.is_file():
            content = file.read_bytes()
            total.update(f"{file.relative_to(SOURCES).as_posix()}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()[:16]


def bin_dir() -> Path:
    """Where the build of these sources is, or will be: ``bin_dir()/VERSION/NAME``."""
    return cache() / digest()


def wanted(only: list[str]) -> list[Program]:
    """The programs to build: those with one of the names, or all that need no asking."""
    if not only:
        return [program for program in PROGRAMS if not program.asked_for]
    return [program for program in PROGRAMS if {program.module, *program.names} & set(only)]


def is_there(program: Program, folder: Path) -> bool:
    """Whether a program is built under all its names."""
    files = [*program.names, *([STAGES] if "kwok" in program.names else [])]
    return all((folder / name).is_file() for name in files)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of these sources; the end of this process, however it ends, gives it back."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f"{digest()}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another build of the same sources is under way; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def under_way() -> bool:
    """Whether a build of these sources is under way."""
    try:
        with (cache() / f"{digest()}.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def build(programs: list[Program]) -> None:
    """Build what is missing. Raises BuildFailed, and leaves its text in FAILED."""
    folder = bin_dir() / KUBERNETES  # asked once: sources may be edited meanwhile
    with alone():
        folder.mkdir(parents=True, exist_ok=True)
        failed = folder.parent / FAILED
        missing = [program for program in programs if not is_there(program, folder)]
        try:
            if missing:
                _require_go()
            for program in missing:
                _build_one(program, folder)
        except BuildFailed as error:
            failed.write_text(f"{error}\n")
            raise
        failed.unlink(missing_ok=True)


def _build_one(program: Program, folder: Path) -> None:
    # Names appear by renaming, and the one that others wait for is the last: whoever finds it can
    # use all of them.
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder.parent) as scratch:
        made = Path(scratch, "made")
        _compile(program, made)
        made.chmod(0o755)
        if "kwok" in program.names:
            stages = Path(scratch, STAGES)
            stages.write_text(_stages())
            stages.replace(folder / STAGES)
        for name in program.names:
            link = Path(scratch, name)
            try:
                link.hardlink_to(made)
            except OSError:  # a file system without hard links
                shutil.copy2(made, link)
            link.replace(folder / name)


def _compile(program: Program, made: Path) -> None:
    began = time.monotonic()
    package = program.package
    listed = _go(program, "list", "-deps", "-f", "{{.ImportPath}}", package)
    total = len(listed.splitlines())
    # What is left out when all is linked (-s -w) is not made first: a seventh of the whole time.
    command = ["go", "build", "-v", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"]
    tail: list[str] = []
    show = progress(program.names[-1], began)
    with _running([*command, *program.flags, "-o", str(made), package], program) as go:
        show(f"0 of at most {total} packages", False)
        assert go.stderr is not None
        for number, line in enumerate(go.stderr, 1):
            tail = [*tail, line.rstrip()][-20:]
            show(f"{number} of at most {total} packages", False)
    if go.returncode:
        raise BuildFailed(f"{program.module} did not build: " + "\n".join(tail))
    show(f"{made.stat().st_size / 1e6:.0f} MB", True)


@contextlib.contextmanager
def _running(command: list[str], program: Program) -> "Iterator[subprocess.Popen[str]]":
    """A command of Go that ends with what is done meanwhile, or is told to end."""
    go = subprocess.Popen(
        command,
        cwd=SOURCES / program.module,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with go:
        try:
            yield go
        except BaseException:
            go.send_signal(signal.SIGINT)  # the signal that it hands on to its compilers
            raise


def progress(name: str, began: float) -> Callable[[str, bool], None]:
    """What shows how far a build is: one line in place for a terminal, else one every 30 s."""
    terminal = sys.stderr.isatty()
    told = float("-inf")

    def show(text: str, end: bool) -> None:
        nonlocal told
        now = time.monotonic()
        line = f"{name:<14} {now - began:4.0f} s  {text}"
        if terminal:
            print(f"\r\x1b[K{line}", end="\n" if end else "", file=sys.stderr, flush=True)
        elif end or now - told >= 30:
            told = now
            say(line)

    return show


def _stages() -> str:
    program = next(program for program in PROGRAMS if program.module == "kwok")
    module = Path(_go(program, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok").strip())
    texts = [(module / "kustomize/stage" / name).read_text().strip() for name in _STAGE_FILES]
    return "\n---\n".join(texts) + "\n"


def _require_go() -> None:
    try:
        # Asked in a module, where a Go that may fetch a newer one tells that.
        done = subprocess.run(
            ["go", "env", "GOVERSION"],
            cwd=SOURCES / "etcd",
            capture_output=True,
            text=True,
            check=False,
        )
        told = (done.stdout or done.stderr).strip()
    except OSError:
        told = "none"
    found = re.match(r"go(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < LEAST_GO:
        least = ".".join(map(str, LEAST_GO))
        raise BuildFailed(f"Go {least} or newer is needed; found {told}.")


def _go(program: Program, *arguments: str) -> str:
    done = subprocess.run(
        ["go", *arguments],
        cwd=SOURCES / program.module,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(f"{program.module}: {done.stderr.strip()}")
    return done.stdout


def _environment() -> dict[str, str]:
    # What a user has set for own work, such as build tags, must not change what is built here.
    return os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}


def say(text: str) -> None:
    """Print one line for people."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Build, and print where the programs are."""
    parser = argparse.ArgumentParser(description="Build the programs of the driver local.")
    names = sorted({name for program in PROGRAMS for name in (program.module, *program.names)})
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--print", action="store_true", help="print the folder and build nothing")
    parser.add_argument("--nice", type=int, default=10, help="how much others go first (10)")
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(names)}")
    if not asked.print:
        # Shells start what goes on in the background deaf to SIGINT, and Go would be deaf, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        os.nice(asked.nice)
        try:
            build(wanted(asked.only))
        except BuildFailed as error:
            say(f"Error: {error}")
            return 1
    print(bin_dir())
    return 0


if __name__ == "__main__":
    sys.exit(main())
