"""Waiting for a job goes on where the server does."""

import subprocess
import sys
from pathlib import Path

from tests.cli.command_line import LIMIT, CommandLine
from tests.server_process import ServerProcess


def test_a_wait_outlives_a_server_that_is_killed_and_restarted(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", pace=0.5).start()
    run = CommandLine(tmp_path, {"CLUSTERWRIGHT_DATA": str(server.data)})
    created = run("cluster", "create", "patient", "--no-wait", "-o", "json").document
    command = [sys.executable, "-m", "clusterwright", "job", "wait", created["status"]["jobID"]]
    waiting = subprocess.Popen(command, env=run.environ, stdout=subprocess.PIPE, text=True)
    assert waiting.stdout is not None
    assert waiting.stdout.readline().startswith("CreateCluster")

    server.kill()
    server.start()

    output, _ = waiting.communicate(timeout=LIMIT)
    assert waiting.returncode == 0, output
    assert "InstallMaster: Success" in output
    server.stop()
