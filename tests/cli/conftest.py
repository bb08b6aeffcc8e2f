"""Command lines, with a server and without."""

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.server_process import ServerProcess


@pytest.fixture
def nowhere(tmp_path: Path) -> CommandLine:
    """A command line that knows no server."""
    return CommandLine(tmp_path, {})


@pytest.fixture
def run(live_server: ServerProcess, tmp_path: Path) -> CommandLine:
    """A command line that knows the running server by nothing but its data folder."""
    return CommandLine(tmp_path, {"CLUSTERWRIGHT_DATA": str(live_server.data)})
