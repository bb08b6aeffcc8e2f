"""The official clients, unchanged, with real Kubernetes behind the API: their scripts in short."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from clusterwright.drivers.contract import Kubeconfig
from tests import kubernetes
from tests.clients.client_programs import LANGUAGES, Language
from tests.clients.life import ACCESS, CREATE, END, IN_CLUSTER, NODES
from tests.clients.script import Call, walk
from tests.clients.terraform import Provider, Signature
from tests.clients.test_page_samples import filled, run
from tests.clients.walks import care, huaweicloud, opentelekomcloud
from tests.drivers import local_host
from tests.drivers.local_host import Kubernetes
from tests.server_process import ServerProcess

pytestmark = [pytest.mark.clients, kubernetes.needs_kubernetes]

KUBECONFIG = {
    "server": "clusters.0.cluster.server",
    "ca": "clusters.0.cluster.certificate-authority-data",
    "client_certificate": "users.0.user.client-certificate-data",
    "client_key": "users.0.user.client-key-data",
}
MADE = (
    *(replace(call, keeps={**call.keeps, "made": "status.jobID"}) for call in CREATE[:1]),
    *CREATE[1:],
    *NODES[:4],
    replace(ACCESS[0], keeps=KUBECONFIG),
    Call(operation="ListNodes", args=IN_CLUSTER, keeps={"addresses": "items"}),
)
"""A cluster with two nodes, a way in, and the nodes as the API lists them."""
DELETED = END[-3:]
WALKS = {
    "huaweicloud": (
        *huaweicloud.CONFIGURE,
        *huaweicloud.CLUSTERS,
        *huaweicloud.NODES,
        *care.IDENTITY,
        *care.ASSUMED,
        *huaweicloud.DESTROY[2:],
    ),
    "opentelekomcloud": opentelekomcloud.WALK,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose clusters are real, and gone with it."""
    kubernetes.binaries()
    data = tmp_path_factory.mktemp("real") / "data"
    server = ServerProcess(data, driver="local", kubernetes_bin_dir=kubernetes.bin_dir())
    try:
        yield server.start()
    finally:
        server.stop()
        local_host.end_all(data / "local")


@pytest.mark.timeout(kubernetes.LIMIT + 900)
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.name)
def test_an_sdk_makes_a_kubernetes_that_has_the_nodes_of_the_api(
    language: Language, server: ServerProcess, tmp_path: Path
) -> None:
    with language.running(server.environ, tmp_path) as program:
        kept = walk(program, MADE, {"name": f"real-{uuid4().hex[:8]}"})
        named = {name: b64decode(kept[name]).decode() for name in KUBECONFIG if name != "server"}
        inside = Kubernetes(Kubeconfig(server=kept["server"], **named))
        found = inside.read("/api/v1/nodes")["items"]

        assert {one["metadata"]["name"] for one in found} == addresses(kept["addresses"])
        assert len(found) == 2
        if language.name == "python":
            sample = run(filled(server, job_id=kept["made"]), server, tmp_path)
            assert '"phase": "Success"' in sample.stdout
        walk(program, DELETED, kept)
        assert inside.get("/version") == 0


def addresses(listed: object) -> set[str]:
    """The private addresses of the nodes of a list."""
    assert isinstance(listed, list)
    return {one["status"]["privateIP"] for one in listed}


@pytest.mark.parametrize("script", WALKS.values(), ids=WALKS)
def test_a_terraform_provider_walks_over_real_kubernetes(
    script: tuple[Call, ...], server: ServerProcess
) -> None:
    account = server.credentials
    keys = Signature(account["access_key"], account["secret_key"], account["project_id"])
    values = {"project": account["project_id"], "name": f"tf-{uuid4().hex[:8]}"}

    with closing(Provider(server.endpoint, keys)) as provider:
        walk(provider, script, values)
