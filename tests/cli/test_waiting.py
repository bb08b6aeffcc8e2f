"""Waiting for a job goes on where the server does."""

import re
from pathlib import Path

from tests.cli.command_line import LIMIT, CommandLine, begun
from tests.server_process import ServerProcess


def test_a_wait_outlives_a_server_that_is_killed_and_restarted(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", pace=0.5)
    run = CommandLine(tmp_path, {"CLUSTERWRIGHT_DATA": str(server.data)})
    try:
        server.start()
        created = run("cluster", "create", "patient", "--no-wait", "-o", "json").document
        with begun(run.environ, "job", "wait", created["status"]["jobID"]) as waiting:
            assert waiting.stdout is not None
            assert "CreateCluster" in waiting.stdout.readline()

            server.kill()
            server.start()

            output, _ = waiting.communicate(timeout=LIMIT)
        assert waiting.returncode == 0, output
        assert re.search("InstallMaster:? +Success", output)
    finally:
        server.kill()
