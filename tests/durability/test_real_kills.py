"""A server of real clusters is killed whenever a job of theirs has come further: nothing is lost.

What is killed is the server alone; what runs of the clusters goes on, and the next server finds it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusterwright.cli.demo import NODES
from clusterwright.drivers.local.binaries import CONTROL_PLANE
from clusterwright.drivers.local.wanted import Nodes
from tests import kubernetes
from tests.api.upgrades_asked import asked
from tests.client import Client
from tests.drivers import local_host, real_nodes
from tests.durability import leaks
from tests.job_documents import FINAL, phase, phases
from tests.kit import cluster_body, until
from tests.kubernetes import takes_minutes
from tests.server_process import ServerProcess
from tests.streams import Watcher

pytestmark = [pytest.mark.durability, kubernetes.needs_kubernetes]


class Mortal:
    """A server that dies each time that a job has come further, and a client of it."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self.client = Client(server)
        self._watcher = Watcher(server, self.client.token)
        self.deaths: Counter[str] = Counter()
        """By the type of the job."""

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something that is a job, and see its end. Returns the answer."""
        answer = self.client.ask(method, path, body)
        [job] = self._watcher.get("/jobs", limit=1).json()["jobs"]
        seen: dict[str, str] = {}

        def is_over() -> bool:
            nonlocal seen
            document = self.client.job(job["uid"])
            if phases(document) == seen:
                return phase(document) in FINAL
            seen = phases(document)
            self.deaths[document["spec"]["type"]] += 1
            self._server.kill()
            self._server.start()
            return False

        until(f"{job['type']} is over", is_over, 120)
        assert set(seen.values()) == {"Success"}, seen
        return answer

    def end(self) -> None:
        """Delete what a test has left: real nodes leave traces on the host that no kill removes."""
        if not self._server.is_alive():
            self._server.start()
        for cluster in self.client.clusters():
            self.client.ask("DELETE", f"/clusters/{cluster['metadata']['uid']}")
        home = self._server.data / "local"
        until("clusters stay", lambda: not real_nodes.clusters(home), 60)
        self.client.close()
        self._watcher.close()
        self._server.stop()


@pytest.fixture(params=[Nodes.SIMULATED, pytest.param(Nodes.REAL, marks=takes_minutes)])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mortal]:
    """A server of real clusters with nodes of a kind."""
    kubernetes.binaries()
    if request.param is Nodes.REAL:
        real_nodes.require()
    server = leaks.a_server(tmp_path, nodes=request.param).start()
    mortal = Mortal(server)
    try:
        yield mortal
    finally:
        mortal.end()
        local_host.end_all(server.data / "local")


def control_plane(home: Path) -> Counter[str]:
    """How many processes of a cluster run each of its components."""
    names = (Path(local_host.command(pid)[0]).name for pid in leaks.at_work(home))
    return Counter(name for name in names if name in CONTROL_PLANE)


def test_real_clusters_live_their_whole_life_on_a_server_that_dies_at_every_step(
    mortal: Mortal, tmp_path: Path
) -> None:
    body = cluster_body("mortal", version="v1.33", flavor="cce.s1.medium")
    uid = mortal.do("POST", "/clusters", body)["metadata"]["uid"]
    path, home = f"/clusters/{uid}", tmp_path / "data" / "local" / uid
    mortal.do("POST", f"{path}/nodes", NODES)
    first, second = mortal.client.ask("GET", f"{path}/nodes")["items"]
    assert {node["status"]["phase"] for node in (first, second)} == {"Active"}
    mortal.do("POST", f"{path}/operation/upgrade", asked("v1.34"))
    mortal.do("POST", f"{path}/operation/hibernate")
    assert not control_plane(home)
    mortal.do("POST", f"{path}/operation/awake")
    mortal.do("DELETE", f"{path}/nodes/{first['metadata']['uid']}")

    assert control_plane(home) == dict.fromkeys(CONTROL_PLANE, 1)
    assert mortal.client.ask("GET", path)["spec"]["version"] == "v1.34"
    [left] = mortal.client.ask("GET", f"{path}/nodes")["items"]
    assert left["metadata"]["uid"] == second["metadata"]["uid"]
    mortal.do("DELETE", path)
    assert leaks.at_work(home) == []
    assert not home.exists()
    assert all(deaths > 1 for deaths in mortal.deaths.values()), mortal.deaths
    assert len(mortal.deaths) == 7
