"""``clusterwright demo`` sets everything up, runs the main job and leaves nothing behind."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clusterwright.cli.demo import NEXT
from tests.cli.command_line import LIMIT, CommandLine

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
    assert max(map(len, NEXT.splitlines())) < 80


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
