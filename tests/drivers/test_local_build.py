"""The script that builds the programs of Kubernetes builds once, whoever calls it and how often."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clusterwright.drivers.local import binaries
from tests import kubernetes
from tools.kubernetes import build

GO = """#!/bin/sh
echo "$*" >> "$GO_LOG"
case "$1" in
env) echo "${GO_VERSION:-go1.26.0}" ;;
list) echo "$GO_MODULE" ;;
build)
    trap 'kill $!; exit 130' INT
    sleep "${GO_SECONDS:-0}" & wait $!
    test -z "$GO_FAILS" || { echo "main.go:1: no such package" >&2; exit 1; }
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\necho Kubernetes v1.34.4\\n' > "$2"
    ;;
esac
"""
"""A Go that is fast: it notes what it is asked for and makes a file."""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """The fake Go on PATH; tells what was built."""
    program = tmp_path / "path" / "go"
    program.parent.mkdir()
    program.write_text(GO)
    program.chmod(0o755)
    module = tmp_path / "module"
    for name in build._STAGE_FILES:
        (module / "kustomize/stage" / name).parent.mkdir(parents=True, exist_ok=True)
        (module / "kustomize/stage" / name).write_text(f"kind: Stage # {name}\n")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GO_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("GO_MODULE", str(module))
    kubernetes._found.cache_clear()

    def built() -> list[str]:
        log = tmp_path / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if line.startswith("build ")]

    yield built
    kubernetes._found.cache_clear()  # or all later tests of this process look where these did


def start() -> "subprocess.Popen[str]":
    """The script, in a process of its own."""
    script = Path(build.__file__)
    return subprocess.Popen(
        [sys.executable, script, "--nice", "0"],
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_everything_that_is_built_is_found(go: Callable[[], list[str]], tmp_path: Path) -> None:
    build.build(build.wanted([]))

    found = binaries.find("v1.31", tmp_path / "none")

    assert len(go()) == 4
    folder = build.bin_dir() / build.KUBERNETES
    every = (*binaries.KUBERNETES, *binaries.COMPANIONS, binaries.STAGES)
    assert {name: folder / name for name in every} == found.paths
    assert found.paths["kubelet"].samefile(found.paths["kube-apiserver"])
    assert found.paths[binaries.STAGES].read_text().count("kind: Stage") == len(build._STAGE_FILES)
    assert {each.name for each in build.bin_dir().iterdir()} == {build.KUBERNETES}


def test_what_is_built_is_not_built_again(go: Callable[[], list[str]]) -> None:
    build.build(build.wanted([]))
    before = len(go())

    build.build(build.wanted([]))

    assert len(go()) == before


def test_a_program_by_name_is_built_alone(go: Callable[[], list[str]]) -> None:
    build.build(build.wanted(["kwokctl"]))

    assert len(go()) == 1
    assert {each.name for each in (build.bin_dir() / build.KUBERNETES).iterdir()} == {"kwokctl"}


def test_two_at_once_build_once(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_SECONDS", "0.3")

    first, second = start(), start()
    told = [process.communicate(timeout=60) for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], told
    assert len(go()) == 4
    assert "".join(err for _, err in told).count("Another build of the same sources") == 1


def test_a_failed_build_tells_why_and_may_be_tried_again(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_FAILS", "yes")
    with pytest.raises(build.BuildFailed, match=r"hyper did not build: main\.go:1: no such"):
        build.build(build.wanted([]))
    assert "hyper did not build: main.go:1" in kubernetes.why_not("")

    monkeypatch.delenv("GO_FAILS")
    build.build(build.wanted([]))

    assert "not built, run make kubernetes" in kubernetes.why_not("")


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9", "", "devel"])
def test_a_go_that_is_too_old_is_told(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("GO_VERSION", version or " ")

    with pytest.raises(build.BuildFailed, match=r"Go 1\.26 or newer is needed; found"):
        build.build(build.wanted([]))

    assert go() == []


def test_without_go_the_script_ends_with_one_line(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    process = start()

    assert process.communicate(timeout=60)[1] == (
        "Error: Go 1.26 or newer is needed; found none.\n"
    )
    assert process.returncode == 1


def test_a_build_that_is_stopped_leaves_nothing_half(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_SECONDS", "60")
    process = start()
    assert process.stderr is not None
    assert process.stderr.readline().startswith("kube-apiserver ")
    assert build.under_way()

    process.terminate()
    process.communicate(timeout=60)

    assert process.returncode != 0
    assert not build.under_way()
    assert not any((build.bin_dir() / build.KUBERNETES).iterdir())
    assert {each.name for each in build.bin_dir().iterdir()} == {build.KUBERNETES}


def test_tests_wait_for_a_build_that_is_under_way(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_SECONDS", "0.2")
    process = start()
    wait_until(build.under_way)

    found = kubernetes.binaries()

    assert process.wait(timeout=60) == 0
    process.communicate()
    assert found.place == str(build.bin_dir() / build.KUBERNETES)
    assert found.missing((*binaries.KUBERNETES, *binaries.COMPANIONS)) == ()


def test_tests_without_a_program_that_they_need_are_skipped(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "")
    build.build(build.wanted(["hyper", "etcd"]))

    assert kubernetes.binaries("v1.31", ["etcd", "kubelet"]).emulated_version == "1.31"
    with pytest.raises(pytest.skip.Exception, match=r"is without kwok, stages\.yaml"):
        kubernetes.binaries("v1.31")


@pytest.mark.parametrize("ci", [True, False])
def test_tests_without_programs_are_skipped_and_fail_in_ci(
    go: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, ci: bool
) -> None:
    monkeypatch.delenv("CLUSTERWRIGHT_KUBERNETES_BIN_DIR", raising=False)
    monkeypatch.setenv("CI", "true" if ci else "")

    ends = pytest.fail.Exception if ci else pytest.skip.Exception
    with pytest.raises(ends, match="run make kubernetes"):
        kubernetes.binaries()


def test_a_changed_source_is_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.go").write_text("package main")
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    before = build.digest()

    (tmp_path / "main.go").write_text("package main\n")

    assert build.digest() != before
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "build.pyc").write_text("")
    (tmp_path / "main.go").write_text("package main")
    assert build.digest() == before


def test_the_cache_is_where_the_driver_looks() -> None:
    assert build.cache() == binaries.build_cache()


def test_upstreams_own_tests_are_of_the_kubernetes_that_is_built() -> None:
    assert build.required("../conformance", "k8s.io/kubernetes") == build.KUBERNETES
