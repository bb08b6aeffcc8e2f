"""The database goes away, fills up or is shared: requests are refused clearly, jobs go on."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests import postgresql
from tests.client import Client
from tests.durability.conftest import Launch, SignIn
from tests.durability.evidence import unfinished_steps, workers
from tests.kit import until
from tests.postgresql import PostgresServer
from tests.server_process import PLAIN, ServerProcess

pytestmark = pytest.mark.durability


@pytest.fixture
def own_postgresql(postgresql_server: str) -> Iterator[PostgresServer]:
    """A PostgreSQL server that a test may stop."""
    folder = postgresql.binaries()
    assert folder is not None
    with postgresql.running(folder) as server:
        yield server


def assert_unavailable(client: Client, name: str) -> None:
    """Make sure that a creation is refused as the catalogue says."""
    answer = client.create(name)
    assert answer.status_code == 503, answer.text
    assert answer.json()["errorCode"] == "CCE.01503001"
    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_adopts_the_jobs_of_one_that_was_killed(
    database_url: str, launch: Launch, sign_in: SignIn
) -> None:
    shared = {"database": database_url, "secret_key": "known to both workers"}
    servers = [launch(folder, **shared, pace=0.5) for folder in ("first", "second")]
    client = sign_in(servers[0])
    jobs = [client.created(f"demo-{number}") for number in range(4)]
    until("no job runs", lambda: all(map(client.is_running, jobs)))
    working = " ".join(workers(database_url))
    servers.sort(key=lambda server: f"-{server.pid}-" in working)
    survivor, victim = servers

    victim.kill()

    client.at(survivor).wait_for_success(jobs)
    assert "adopting the jobs of dead workers" in survivor.log.read_text()


def test_a_second_server_on_a_data_folder_refuses_to_start(launch: Launch) -> None:
    first = launch()
    second = ServerProcess(first.data)

    refused = subprocess.run(
        [sys.executable, "-m", "clusterwright", "serve"],
        env=os.environ | second.variables,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        f"Another server already uses {first.data}. Stop it, or choose another --data folder."
    )


def test_requests_are_refused_while_postgresql_is_away_and_jobs_end_when_it_is_back(
    own_postgresql: PostgresServer, launch: Launch, sign_in: SignIn
) -> None:
    server = launch(database=f"{own_postgresql.url}/postgres", pace=1)
    client = sign_in(server)
    job = client.created("before")
    until("the job does not run", lambda: client.is_running(job))
    pid = server.pid

    own_postgresql.stop()
    assert_unavailable(client, "meanwhile")
    assert client.get(f"/jobs/{job}").status_code == 503
    assert client.get("/clusters").json()["errorCode"] == "CCE.01503001"
    unready = PLAIN.get(f"{server.endpoint}/readyz")
    assert (unready.status_code, unready.json()["errorCode"]) == (503, "CCE.01503003")
    assert "the database does not answer" in unready.json()["message"]
    assert PLAIN.get(f"{server.endpoint}/healthz").status_code == 200
    own_postgresql.start()

    client.wait_for_success([job])
    client.wait_for_success([client.created("after")])
    assert {each["metadata"]["name"] for each in client.clusters()} == {"before", "after"}
    assert server.pid == pid


def limit_files(pid: int, size: int) -> None:
    """Let a process write no file beyond this size, as on a disk without room."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_refuses_creations_keeps_reads_and_loses_nothing(
    launch: Launch, sign_in: SignIn
) -> None:
    server = launch(pace=1)
    client = sign_in(server)
    job = client.created("before")
    until("the job does not run", lambda: client.is_running(job))
    database = server.data / "clusterwright.db"

    # Less than any transaction writes, also into a journal that begins anew after its checkpoint.
    limit_files(server.pid, 8192)
    assert_unavailable(client, "meanwhile")
    assert client.job(job)["metadata"]["uid"] == job
    assert len(client.clusters()) == 1
    assert PLAIN.get(f"{server.endpoint}/readyz").status_code == 503
    limit_files(server.pid, resource.RLIM_INFINITY)

    until("it gets ready", lambda: PLAIN.get(f"{server.endpoint}/readyz").status_code == 200)
    client.wait_for_success([job])
    client.wait_for_success([client.created("after")])
    assert {each["metadata"]["name"] for each in client.clusters()} == {"before", "after"}
    server.stop()
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_stopped_server_waits_for_no_job_and_all_go_on_at_the_next_start(
    launch: Launch, sign_in: SignIn
) -> None:
    server = launch(pace=0.3, stop_grace_seconds=600)
    client = sign_in(server)
    jobs = [client.created(f"demo-{number}") for number in range(3)]
    until("no job runs", lambda: all(map(client.is_running, jobs)))

    code = server.stop()
    left = unfinished_steps(f"sqlite:///{server.data / 'clusterwright.db'}")
    server.variables["CLUSTERWRIGHT_PACE"] = "4"
    server.start()

    assert code == 0
    assert {job for job, _ in left} == {*jobs}
    client.wait_for_success(jobs)
