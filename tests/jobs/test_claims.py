"""The engine looks into its queue when work is promised, and goes on looking whatever happens."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from clusterwright.jobs import claims, runner
from clusterwright.jobs.claims import Bell, Claims
from tests.api.cloud import open_cloud
from tests.kit import cluster_body


@pytest.mark.asyncio
async def test_a_promised_job_does_not_wait_for_the_next_look_that_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "POLLING", 3600.0)

    async with open_cloud(tmp_path) as cloud:
        await cloud.cluster()  # it is Available, or this would fail


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
    engine: Any = object()
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
