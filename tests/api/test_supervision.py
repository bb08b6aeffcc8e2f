"""No background task dies unseen: each is begun anew, and /readyz names what is not done."""

import asyncio
import logging
from pathlib import Path

import pytest

from clusterwright import supervision
from clusterwright.storage.database import StorageUnavailable
from clusterwright.supervision import Chore, Supervisor
from tests.api.cloud import open_cloud
from tests.kit import until_async


def chores() -> dict[str, asyncio.Task[object]]:
    """The tasks of this loop that do chores, by name."""
    return {task.get_name(): task for task in asyncio.all_tasks() if "chore " in task.get_name()}


async def test_each_background_task_of_a_server_comes_back_when_it_is_killed(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_cloud(tmp_path, database=database_url) as cloud:
        await until_async("the chores begin", lambda: bool(chores()))
        before = chores()

        for task in before.values():
            task.cancel()
        await until_async("all are gone", lambda: all(task.done() for task in before.values()))
        await until_async("all are back", lambda: chores().keys() == before.keys())

        assert caplog.text.count("restarting a chore") == len(before)
        assert (await cloud.client.get("/healthz")).status_code == 200
    expected = {"chore identities", "chore expired identities", "chore housekeeping"}
    if not database_url.startswith("sqlite"):
        expected |= {"chore heartbeat", "chore adoption"}
    assert expected <= before.keys()
    assert not chores()


@pytest.mark.parametrize("error", [ZeroDivisionError("a slip"), StorageUnavailable("full")])
async def test_a_chore_that_fails_is_told_once_done_again_and_named_while_it_fails(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(supervision, "FIRST_BACKOFF", 0.001)
    monkeypatch.setattr(supervision, "OUTAGE_PAUSE", 0.001)
    monkeypatch.setattr(supervision, "PATIENCE", 0.01)
    tries, works = 0, False

    async def sweep() -> None:
        nonlocal tries
        tries += 1
        if not works:
            raise error

    async with Supervisor([Chore("sweeping", sweep, 0.001)]) as supervisor:
        await until_async("it is named", lambda: bool(tries > 3 and supervisor.troubles()))
        [trouble] = supervisor.troubles()
        works = True
        await until_async("it is well again", lambda: not supervisor.troubles())

    assert trouble.startswith("sweeping for ")
    assert str(error) in trouble
    assert "going on with a chore" in caplog.text


async def test_a_chore_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PATIENCE", 0.01)

    async with Supervisor([Chore("hanging", asyncio.Event().wait, 0.001)]) as supervisor:
        await until_async("it is named", lambda: bool(supervisor.troubles()))
        [trouble] = supervisor.troubles()

    assert trouble.endswith("(no answer)")


async def test_a_server_without_its_supervisor_is_not_alive(tmp_path: Path) -> None:
    async with open_cloud(tmp_path) as cloud:
        [task] = [task for task in asyncio.all_tasks() if task.get_name() == "supervisor"]
        task.cancel()
        await until_async("the supervisor is gone", task.done)

        answer = await cloud.client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["errorCode"] == "CCE.01503003"


async def test_a_server_is_ready_when_all_is_well(tmp_path: Path) -> None:
    async with open_cloud(tmp_path) as cloud:
        assert await cloud.call("GET", "/readyz", expect=200) == {"status": "ready"}
