"""Real clusters leave nothing behind; ``python -m tests.durability.leaks`` is the long form."""

from pathlib import Path

import pytest

from tests import kubernetes
from tests.drivers import local_host
from tests.durability import leaks


@pytest.mark.clients
@kubernetes.needs_kubernetes
def test_clusters_that_come_and_go_leave_the_host_as_it_was(tmp_path: Path) -> None:
    kubernetes.binaries()
    server = leaks.a_server(tmp_path).start()
    try:
        faults = leaks.run(server, 3, print)
    finally:
        server.stop()
        local_host.end_all(server.data / "local")

    assert faults == []
