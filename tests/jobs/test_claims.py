"""The engine looks into its queue when work is promised, and goes on looking whatever happens."""

import asyncio
import random
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from dbos._dbos import _get_dbos_instance

from clusterwright.jobs import claims, runner
from clusterwright.jobs.claims import Bell, Claims, Looks
from tests.api.cloud import open_cloud
from tests.kit import cluster_body


@pytest.mark.asyncio
async def test_a_promised_job_does_not_wait_for_the_next_look_that_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "POLLING", 3600.0)

    async with open_cloud(tmp_path) as cloud:
        await cloud.cluster()  # it is Available, or this would fail


def waiting_jobs(file: Path, queue: str, draw: random.Random) -> None:
    """Jobs in every state, as copies of the only one that there is, in few partitions."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        like = dict(connection.execute("SELECT * FROM workflow_status LIMIT 1").fetchone())
        names = ", ".join(like)
        for number in range(60):
            row = like | {
                "workflow_uuid": f"{queue}-{number}",
                "queue_name": queue,
                "status": draw.choice(("ENQUEUED", "ENQUEUED", "ENQUEUED", "PENDING", "SUCCESS")),
                "queue_partition_key": draw.choice((*(f"p{key}" for key in range(30)), None)),
                "priority": draw.randrange(3),
                "created_at": draw.randrange(3),
                "application_version": draw.choice(("1", "1", None, "2")),
                "application_name": draw.choice(("clusterwright", None, "another")),
                "owner_xid": None,
            }
            values = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO workflow_status ({names}) VALUES ({values})", row)
        connection.commit()


def kept(file: Path, queue: str) -> dict[str, dict[str, Any]]:
    """What the engine knows of the jobs of a queue, but for when it was written."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(
            "SELECT * FROM workflow_status WHERE queue_name = ?", (queue,)
        ).fetchall()
    aside = {"workflow_uuid", "queue_name", "updated_at", "started_at_epoch_ms"}
    return {
        row["workflow_uuid"].rpartition("-")[2]: {
            name: value for name, value in dict(row).items() if name not in aside
        }
        for row in found
    }


@pytest.mark.asyncio
async def test_our_look_claims_what_the_engines_own_would_claim(tmp_path: Path) -> None:
    async with open_cloud(tmp_path) as cloud:
        await cloud.cluster()
        system = _get_dbos_instance()._sys_db
        queue = system.get_queue(runner.QUEUE)
        assert queue is not None
        file = Path(str(system.engine.url.database))
        theirs = type(system).start_queued_partitioned_workflows
        for seed in range(10):
            claimed = {}
            for name, look in (
                ("theirs", partial(theirs, system)),
                ("ours", Looks(system.engine, "clusterwright")),
            ):
                queue.name = f"{name}{seed}"
                waiting_jobs(file, queue.name, random.Random(seed))
                uids = look(queue, "local", "1", 1000, owner_xid="me")
                claimed[name] = {uid.rpartition("-")[2] for uid in uids}
                assert not look(queue, "local", "1", 1000, owner_xid="me")

            assert claimed["ours"] == claimed["theirs"] != set()
            assert kept(file, f"ours{seed}") == kept(file, f"theirs{seed}")


@pytest.mark.asyncio
async def test_our_look_takes_the_oldest_and_never_reads_all_jobs(tmp_path: Path) -> None:
    async with open_cloud(tmp_path) as cloud:
        await cloud.cluster()
        system = _get_dbos_instance()._sys_db
        queue = system.get_queue(runner.QUEUE)
        assert queue is not None
        queue.name = "many"
        file = Path(str(system.engine.url.database))
        waiting_jobs(file, "many", random.Random(1))
        waiting = kept(file, "many")
        look = Looks(system.engine, "clusterwright")
        few = look(queue, "local", "1", 4, owner_xid="me")
        more = look(queue, "local", "1", 1000, owner_xid="me")
        with closing(sqlite3.connect(file)) as connection:
            asked = {"queue": "x", "version": "1", "application": "x", "most": 1}
            plan = connection.execute(f"EXPLAIN QUERY PLAN {claims._FIND}", asked).fetchall()

    ages = [[waiting[uid.rpartition("-")[2]]["created_at"] for uid in uids] for uids in (few, more)]
    assert len(few) == 4
    assert max(ages[0]) <= min(ages[1])
    assert not [step for *_, step in plan if step.startswith("SCAN")]


def test_what_is_promised_during_a_look_is_looked_for_after_it() -> None:
    bell = Bell()
    bell.ring()
    assert not bell.wait(3600)

    bell.ring()  # while the thread looks

    assert not bell.wait(3600)


def test_many_promises_at_once_are_one_look() -> None:
    bell = Bell()
    looks = 0

    def look() -> None:
        nonlocal looks
        while not bell.wait(3600):
            looks += 1

    thread = threading.Thread(target=look)
    thread.start()
    began = time.monotonic()
    for _ in range(10_000):
        bell.ring()
    most = (time.monotonic() - began) / claims.SHORTEST + 3
    bell.set()
    thread.join()

    assert looks <= most


@pytest.mark.parametrize(
    ("at_work", "pause"),
    [(0, claims.SHORTEST), (3, claims.SHORTEST), (8, 3 * claims.SHORTEST), (999, claims.POLLING)],
)
def test_the_more_jobs_are_at_work_the_longer_the_next_ones_may_wait(
    at_work: int, pause: float
) -> None:
    bell = Bell(lambda: at_work)
    bell.wait(0)
    bell.ring()

    began = time.monotonic()
    bell.wait(3600)

    assert pause - 0.001 <= time.monotonic() - began < pause + 10


@pytest.mark.asyncio
async def test_a_thread_that_ended_by_itself_is_begun_anew_but_not_after_the_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(claims, "queue_worker_thread", lambda *given: begun.append(given))
    engine: Any = MagicMock()
    looking = Claims(engine, engine, lambda: 0)
    await asyncio.to_thread(looking._thread.join)

    await looking.check()
    await asyncio.to_thread(looking._thread.join)
    assert len(begun) == 2

    await looking.stop(1)
    await looking.check()
    assert len(begun) == 2


def test_a_job_claimed_while_the_servers_loop_stands_still_runs_in_that_loop(
    tmp_path: Path,
) -> None:
    loop = asyncio.new_event_loop()
    opening = open_cloud(tmp_path)
    cloud = loop.run_until_complete(opening.__aenter__())
    try:
        made = loop.run_until_complete(
            cloud.call("POST", f"{cloud.project}/clusters", cluster_body("demo"), expect=201)
        )
        time.sleep(1)  # nothing runs the loop now, and the job is claimed

        job = f"{cloud.project}/jobs/{made['status']['jobID']}"
        loop.run_until_complete(cloud.until(job, "status.phase", "Success"))
    finally:
        loop.run_until_complete(opening.__aexit__(None, None, None))
        loop.close()
