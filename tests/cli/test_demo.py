"""``clusterwright demo`` sets everything up, runs the main job and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from clusterwright.cli import kubectl
from clusterwright.cli.demo import what_next
from tests import kubernetes
from tests.cli.command_line import LIMIT, CommandLine, begun
from tests.drivers import local_host, real_nodes
from tests.kubernetes import needs_kubernetes

pytestmark = pytest.mark.clients


@pytest.fixture
def alone(nowhere: CommandLine) -> CommandLine:
    """A command line whose temporary files are its own, with settings that must not matter."""
    (nowhere.home / "tmp").mkdir()
    disturbing = {"CLUSTERWRIGHT_DRIVER": "none", "HTTP_PROXY": "http://127.0.0.1:1"}
    return CommandLine(nowhere.home, {"TMPDIR": str(nowhere.home / "tmp")} | disturbing)


def left_behind(command_line: CommandLine) -> list[Path]:
    return list((command_line.home / "tmp").iterdir())


def test_the_demo_tells_three_jobs_and_ends_with_their_finished_trees(alone: CommandLine) -> None:
    ran = alone("demo", "--pace", "8")

    before, brace, rest = ran.out.partition("\n{")
    document, end = json.JSONDecoder().raw_decode(brace + rest, 1)
    story = rest[end - 1 :]
    steps = [step["spec"]["type"] for step in document["spec"]["subJobs"]]
    ended = re.findall(r"^[│├└─ ]*✔ (\w+) +Success +\d+\.\d s *$", story, re.MULTILINE)
    node = ["CreateNode", "GetPSMCert", "CreateNodeVM", "InstallNode"]
    assert ran.code == 0
    assert document["spec"]["type"] == "CreateCluster"
    assert steps == ["CreatePSMCert", *["InstallMaster"] * 3]
    assert "✔" not in before
    assert ended == [
        *("CreateCluster", *steps),
        *("ScaleupCluster", *node, *node),
        *("DeleteCluster", "UninstallMaster"),
    ]
    assert "The cluster is Available." in story
    assert story.splitlines()[-1].startswith("└─ ✔ UninstallMaster")
    assert "What to try next:" in ran.err
    assert left_behind(alone) == []


def test_the_demo_writes_plain_text_where_nobody_looks_at_a_screen(alone: CommandLine) -> None:
    ran = alone("demo", "--pace", "0")

    assert ran.code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ran.out + ran.err)


def test_what_to_try_next_fits_a_narrow_screen() -> None:
    lines = what_next(["--driver", "local", "--nodes", "real"]).splitlines()

    assert max(map(len, lines)) < 80


@needs_kubernetes
def test_a_real_demo_shows_the_nodes_by_kubectl_and_leaves_nothing(alone: CommandLine) -> None:
    ran = with_programs(alone)("demo", "--driver", "local", "--nodes", "simulated")

    told = ran.out[ran.out.index("kubectl get nodes") :]
    assert ran.code == 0, ran.err
    assert len(re.findall(r"^\d+\.\d+\.\d+\.\d+ +Ready +<none> .* v1\.34", told, re.MULTILINE)) == 2
    assert re.findall(r"✔ (\w+) +Success", told)[0] == "DeleteCluster"
    assert "clusterwright serve --driver local" in ran.err
    assert left_behind(alone) == []
    assert at_work(alone) == []


@needs_kubernetes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_real_demo_that_is_stopped_deletes_its_cluster_first(
    alone: CommandLine, number: signal.Signals
) -> None:
    known = with_programs(alone)
    words = ("demo", "--driver", "local", "--nodes", "simulated")
    with begun(known.environ, *words) as demo:
        assert demo.stdout is not None
        assert next(line for line in demo.stdout if "InstallMaster: " in line)
        demo.send_signal(number)
        rest = demo.stdout.read()
        assert demo.wait(timeout=LIMIT) != 0

    assert "Deleting the cluster, which would go on running." in rest
    assert left_behind(alone) == []
    assert at_work(alone) == []


@needs_kubernetes
@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_pods_of_a_real_demo_answer_and_leave_nothing_whether_it_is_stopped_or_not(
    alone: CommandLine, number: signal.Signals | None
) -> None:
    real_nodes.require()
    words = ("demo", "--driver", "local", "--nodes", "real")
    with begun(with_programs(alone).environ, *words) as demo:
        assert demo.stdout is not None
        assert next(line for line in demo.stdout if line.startswith("kubectl deploys"))
        (cluster,) = (alone.home / "tmp").glob("clusterwright-demo-*/data/local/*/wanted.json")
        assert all(real_nodes.traces(cluster.parent).values())
        if number is not None:
            demo.send_signal(number)
        rest = demo.stdout.read()
        ended_well = demo.wait(timeout=LIMIT) == 0

    pods = re.findall(r"^(hello-\S+) +Running +[\d.]+ +([\d.]+)$", rest, re.MULTILINE)
    assert ended_well is (number is None), rest
    if ended_well:
        assert len({node for _, node in pods}) == 2
        assert any(f"Hello from {pod} on the node {node}\n" in rest for pod, node in pods)
    assert not any(real_nodes.traces(cluster.parent).values())
    assert left_behind(alone) == []
    assert at_work(alone) == []


@needs_kubernetes
def test_a_demo_whose_pods_have_no_program_to_run_says_so(alone: CommandLine) -> None:
    real_nodes.require()
    (alone.home / "bin").mkdir()
    (alone.home / "bin" / "busybox").symlink_to(sys.executable)
    known = with_programs(alone)
    other = {"PATH": f"{alone.home / 'bin'}:{os.environ['PATH']}"}

    ran = CommandLine(alone.home, known.variables | other)(
        "demo", "--driver", "local", "--nodes", "real"
    )

    assert ran.code == 1
    assert ran.err.startswith("Error: Real nodes do not run here with this busybox: ")
    assert "needs libraries" in ran.err
    assert left_behind(alone) == []


@pytest.mark.parametrize(
    ("does", "seconds", "told"),
    [
        ("echo no >&2; exit 1", 90, "kubectl get nodes: no"),
        ("sleep 9", 0.2, "kubectl get nodes: no answer within 0.2 s."),
    ],
)
def test_a_kubectl_that_fails_or_hangs_ends_the_demo_with_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    does: str,
    seconds: float,
    told: str,
) -> None:
    program = tmp_path / "kubectl"
    program.write_text(f"#!/bin/sh\nexec sh -c '{does}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(kubectl, "_SECONDS", seconds)

    with pytest.raises(typer.Exit):
        kubectl.Kubectl(program, tmp_path).nodes()

    assert told in capsys.readouterr().err


def test_nodes_of_the_demo_are_chosen_for_real_clusters_alone(alone: CommandLine) -> None:
    ran = alone("demo", "--nodes", "real")

    assert ran.code == 2
    assert "belongs to --driver local" in ran.err


def test_a_real_demo_without_programs_says_how_to_get_them(alone: CommandLine) -> None:
    nothing = {"PATH": str(alone.home), "XDG_CACHE_HOME": str(alone.home)}

    ran = CommandLine(alone.home, alone.variables | nothing)("demo", "--driver", "local")

    assert ran.code == 1
    assert ran.err.startswith("Error: Real clusters do not run here without etcd, kube-apiserver")
    assert "Run: clusterwright kubernetes install v1.34" in ran.err
    assert left_behind(alone) == []


def with_programs(alone: CommandLine) -> CommandLine:
    """The same command line on a host with the programs of Kubernetes."""
    kubernetes.binaries()
    programs = {"CLUSTERWRIGHT_KUBERNETES_BIN_DIR": str(kubernetes.bin_dir())}
    return CommandLine(alone.home, alone.variables | programs)


def at_work(alone: CommandLine) -> list[int]:
    """The processes that work on the temporary files of the command line."""
    folder = str(alone.home / "tmp")
    return [pid for pid in local_host.pids() if folder in " ".join(local_host.command(pid))]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_stopped_takes_its_server_with_it(
    alone: CommandLine, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "clusterwright", "demo", "--pace", "0.001"]
    with subprocess.Popen(command, env=alone.environ, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        story = (line for line in demo.stdout if "InstallMaster: " in line)
        assert next(story)
        (folder,) = left_behind(alone)
        server = json.loads((folder / "data" / "server.json").read_text())["pid"]
        demo.send_signal(number)
        assert demo.wait(timeout=LIMIT) != 0

    assert not Path(f"/proc/{server}").exists()
    assert left_behind(alone) == []
