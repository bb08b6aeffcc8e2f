"""kill -9 while something is asked for under a key, or resumed: it is done once."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.durability.conftest import Launch, SignIn
from tests.job_documents import phase
from tests.kit import cluster_body, log_in_body, until
from tests.server_process import ServerProcess

pytestmark = pytest.mark.durability

KILLS = 4
LONGEST = 0.03
"""Seconds from a request to a kill: most answers are there after ten milliseconds."""


@contextmanager
def asking(server: ServerProcess) -> Iterator[httpx.Client]:
    """A client that is signed in."""
    with httpx.Client(base_url=server.endpoint, timeout=60) as client:
        answer = client.post("/v3/auth/tokens", json=log_in_body(server.credentials))
        client.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        yield client


def killed_soon(server: ServerProcess, seconds: float) -> threading.Thread:
    """Kill the server in a moment."""

    def kill() -> None:
        time.sleep(seconds)
        server.kill()

    killing = threading.Thread(target=kill)
    killing.start()
    return killing


def try_post(client: httpx.Client, path: str, body: Any, **headers: str) -> httpx.Response | None:
    """The answer, or None where the server died before it."""
    try:
        return client.post(path, json=body, headers=headers)
    except httpx.TransportError:
        return None


def test_whenever_the_server_dies_a_key_stands_for_one_cluster(
    database_url: str, launch: Launch
) -> None:
    chance = random.Random(20261126)
    server = launch(database=database_url)
    path = f"/api/v3/projects/{server.credentials['project_id']}/clusters"
    names = [f"demo-{number}" for number in range(KILLS)]
    for name in names:
        with asking(server) as client:
            killing = killed_soon(server, chance.uniform(0, LONGEST))
            headers = {"Idempotency-Key": name}
            first = try_post(client, path, cluster_body(name), **headers)
            killing.join()
        server.start()
        with asking(server) as client:
            second, third = [
                client.post(path, json=cluster_body(name), headers=headers) for _ in range(2)
            ]
        assert second.status_code == 201, second.text
        assert third.content == second.content
        if first is not None:
            assert second.content == first.content
            assert second.headers["Idempotent-Replayed"] == "true"

    with asking(server) as client:
        found = [each["metadata"]["name"] for each in client.get(path).json()["items"]]
    assert sorted(found) == names


def test_whenever_the_server_dies_a_failed_job_is_continued_by_one(
    database_url: str, launch: Launch, sign_in: SignIn
) -> None:
    chance = random.Random(20261127)
    server = launch(database=database_url)
    server.command("fault", "add", "InstallMaster", "--times", "2", "--class", "capacity")
    one = sign_in(server)
    failed = [
        one.create(f"demo-{number}", flavor="cce.s1.small").json()["status"]["jobID"]
        for number in range(2)
    ]
    until("all have failed", lambda: {phase(one.job(uid)) for uid in failed} == {"Failed"})
    jobs = f"/clusterwright/v1/projects/{server.credentials['project_id']}/jobs"
    for uid in failed:
        with asking(server) as client:
            killing = killed_soon(server, chance.uniform(0, LONGEST))
            first = try_post(client, f"{jobs}/{uid}/resume", {})
            killing.join()
        server.start()
        with asking(server) as client:
            second = client.post(f"{jobs}/{uid}/resume", json={}).json()["jobUID"]
            assert first is None or first.json()["jobUID"] == second
            assert client.get(f"{jobs}/{uid}").json()["continuedBy"] == second
            one.at(server).wait_for_success([second])
            history = client.get(jobs, params={"type": "CreateCluster"}).json()["jobs"]
        assert len([each for each in history if each["attempt"] == 2]) == failed.index(uid) + 1
