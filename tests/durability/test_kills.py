"""kill -9 at random moments: clients notice nothing but refused connections."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from clusterwright.jobs.store import job_trees
from tests.client import Watcher
from tests.durability.conftest import Launch, SignIn
from tests.durability.evidence import LogReader, count, inventory, unfinished_steps
from tests.job_documents import assert_moves_forward

pytestmark = pytest.mark.durability


def test_jobs_survive_ten_kills_and_phases_only_move_forward(
    database_url: str, launch: Launch, sign_in: SignIn
) -> None:
    # SQLite's jobs go on at once, so they are slow enough to last over the kills. PostgreSQL's wait
    # for their adoption after the last one anyway.
    pace = 0.3 if database_url.startswith("sqlite") else 2
    chance = random.Random(20261123)
    server = launch(database=database_url, pace=pace)
    client = sign_in(server)

    with Watcher(sign_in(server)) as watcher:
        for number in range(10):
            if number < 5:
                watcher.watch(client.created(f"demo-{number}"))
            watcher.look(chance.randint(1, 60))
            server.kill()
            server.start()
        client.wait_for_success(watcher.reads)

    assert watcher.interrupted
    for reads in watcher.reads.values():
        assert_moves_forward(reads)


def test_an_acknowledged_creation_is_there_after_a_kill_right_behind_it(
    database_url: str, launch: Launch, sign_in: SignIn
) -> None:
    server = launch(database=database_url)
    client = sign_in(server)

    created = client.create("demo").json()
    server.kill()
    server.start()

    found = client.get(f"/clusters/{created['metadata']['uid']}").json()
    assert found["metadata"]["name"] == "demo"
    assert client.job(created["status"]["jobID"])["spec"]["type"] == "CreateCluster"


def test_of_twenty_creations_in_flight_none_is_lost_or_doubled_and_no_finished_step_runs_again(
    database_url: str, launch: Launch, sign_in: SignIn
) -> None:
    server = launch(database=database_url, pace=2)
    client, log = sign_in(server), LogReader(server)

    with ThreadPoolExecutor(5) as pool:
        acknowledged = list(pool.map(client.created, (f"demo-{n}" for n in range(20))))
    for is_last_life in (False, False, True):
        server.kill()
        log.begun_steps()
        left, kept = unfinished_steps(database_url), inventory(database_url)
        server.start()
        if is_last_life:
            client.wait_for_success(acknowledged)
        else:
            assert {client.job(uid)["metadata"]["uid"] for uid in acknowledged} == {*acknowledged}
        assert log.begun_steps() <= left
        assert kept <= inventory(database_url)

    clusters = client.clusters()
    assert sorted(each["metadata"]["name"] for each in clusters) == sorted(
        f"demo-{n}" for n in range(20)
    )
    assert {each["status"]["phase"] for each in clusters} == {"Available"}
    assert count(database_url, job_trees) == 20
    assert len(inventory(database_url).machines) == 20 * 3
