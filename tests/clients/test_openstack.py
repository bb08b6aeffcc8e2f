"""The ``openstack`` command line with otcextensions makes and deletes a cluster, a node, a pool."""

import json
import re
import subprocess
from collections.abc import Iterator
from string import Template
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.client import Client
from tests.clients.client_programs import OPENSTACK, surroundings
from tests.clients.walks.openstack import COMMANDS, SENDS
from tests.kit import until
from tests.server_process import ServerProcess

# The first build of the environment downloads some fifty packages.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

_SENT = re.compile(r'^REQ: curl -g -i -X ([A-Z]+) "?(http[^ "]+)', re.MULTILINE)
_TOKEN = re.compile(r"^Making authentication request to (http\S+)", re.MULTILINE)
_HOLES = re.compile(r"{\w+}")


@pytest.fixture(scope="module")
def name() -> str:
    """The name of the cluster that the session makes."""
    return f"openstack-{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def session(
    live_server: ServerProcess, name: str, tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    """Everything that a session with all the commands printed, and its log of requests."""
    typed = "\n".join(Template(line).substitute(name=name) for line in COMMANDS)
    return subprocess.run(
        [OPENSTACK.built() / "venv/bin/openstack", "--debug"],
        input=f"{typed}\n",
        env=surroundings(live_server.environ, tmp_path_factory.mktemp("home")),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def printed(session: subprocess.CompletedProcess[str]) -> list[Any]:
    """The documents that the commands printed, in their order."""
    documents = list(_documents(session.stdout))
    assert len(documents) == sum("-f json" in line for line in COMMANDS), session.stderr[-4000:]
    return documents


def test_a_session_shows_the_cluster_the_node_and_the_pool_that_it_made(
    printed: list[Any], name: str
) -> None:
    created, clusters, shown, certificate, nodes, node, made, pools, pool = printed

    assert created["name"] == shown["name"] == name
    assert name in [each["name"] for each in clusters]
    assert (shown["status"], shown["router_id"], shown["network_id"]) == (
        "Available",
        "a-router",
        "a-network",
    )
    assert certificate["name"] == "internal"
    assert certificate["client_key"]
    assert [(each["name"], each["status"]) for each in nodes] == [("a-node", "Active")]
    assert (node["flavor"], node["data_volume_size_1"]) == ("s6.large.2", 100)
    assert [each["ID"] for each in pools] == [made["ID"]] == [pool["ID"]]
    assert (pool["name"], pool["current_node"]) == ("a-pool", 1)


def test_a_session_deletes_what_it_made(
    printed: list[Any], name: str, live_server: ServerProcess
) -> None:
    client = Client(live_server)

    assert printed

    def gone() -> bool:
        return name not in [each["metadata"]["name"] for each in client.clusters()]

    until("the cluster is there", gone)
    client.close()


def test_a_session_sends_what_its_walk_says(session: subprocess.CompletedProcess[str]) -> None:
    sent = _SENT.findall(session.stderr)
    sent += [("POST", url) for url in _TOKEN.findall(session.stderr)]
    seen = {f"{method} {urlsplit(url).path}" for method, url in sent}

    fits = {shape: re.compile(_HOLES.sub("[^/]+", shape)) for shape in SENDS}

    assert {shape for shape in SENDS if any(map(fits[shape].fullmatch, seen))} == SENDS
    assert [each for each in seen if not any(fit.fullmatch(each) for fit in fits.values())] == []


def _documents(text: str) -> Iterator[Any]:
    """Every JSON document in a text, each of which begins a line.

    A session says first that its own options are no commands.
    """
    decoder = json.JSONDecoder()
    while begin := re.search(r"^[{\[]", text, re.MULTILINE):
        document, end = decoder.raw_decode(text, begin.start())
        yield document
        text = text[end:]
