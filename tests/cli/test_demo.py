"""``clusterwright demo`` sets everything up, runs the main job and leaves nothing behind."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_the_demo_ends_with_the_finished_delete_job(alone: CommandLine) -> None:
    ran = alone("demo", "--pace", "8")

    assert ran.code == 0
    job = json.loads(ran.out[ran.out.index("\n{") :])
    assert (job["spec"]["type"], job["status"]["phase"]) == ("DeleteCluster", "Success")
    assert "✔ CreateCluster" in ran.out
    assert "Available" in ran.out
    assert "What to try next:" in ran.err
    assert left_behind(alone) == []


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
