"""No background task dies unseen: each is begun anew, and /readyz names what is not done."""

import asyncio
import logging
from pathlib import Path

import pytest

from clusterwright import supervision
from clusterwright.storage.database import StorageUnavailable
from clusterwright.supervision import Chore, Errands, Supervisor
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
    expected = {"chore identities", "chore expired identities"}
    expected |= {"chore housekeeping", "chore sweeping"}
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


class Held:
    """Errands that last until they may end, or fail."""

    def __init__(self) -> None:
        self.may_end: dict[str, asyncio.Future[None]] = {}
        self.begun: list[str] = []

    async def errand(self, name: str) -> None:
        self.begun.append(name)
        self.may_end[name] = asyncio.get_running_loop().create_future()
        await self.may_end[name]


async def test_each_errand_is_begun_once_and_whoever_finds_no_place_is_next() -> None:
    errands, held = Errands(2), Held()

    errands.begin(["a", "b", "c", "d"], held.errand)
    await until_async("two have begun", lambda: len(held.begun) == 2)
    errands.begin(["a", "b", "d", "c"], held.errand)
    held.may_end["a"].set_result(None)
    await asyncio.sleep(0)
    errands.begin(["a", "b", "d", "c"], held.errand)
    await until_async("a third has begun", lambda: len(held.begun) == 3)
    held.may_end["b"].set_result(None)
    await asyncio.sleep(0)
    errands.begin(["b", "d"], held.errand)  # nobody asks for a any more
    await until_async("a fourth has begun", lambda: len(held.begun) == 4)
    held.may_end["c"].set_result(None)
    await asyncio.sleep(0)
    errands.begin(["b"], held.errand)
    await until_async("a fifth has begun", lambda: len(held.begun) == 5)
    await errands.close()

    assert held.begun == ["a", "b", "c", "d", "b"]


async def test_what_errands_raise_is_raised_once_others_have_begun() -> None:
    errands, held = Errands(4), Held()
    outage, slips = StorageUnavailable("full"), [ZeroDivisionError(), LookupError()]

    errands.begin(["a", "b", "c"], held.errand)
    await until_async("all have begun", lambda: len(held.begun) == 3)
    for name, error in zip("abc", [outage, *slips], strict=True):
        held.may_end[name].set_exception(error)
    await asyncio.sleep(0)
    with pytest.raises(ExceptionGroup) as several:
        errands.begin(["a", "d"], held.errand)
    await until_async("others have begun", lambda: len(held.begun) == 5)
    for name in "ad":
        held.may_end[name].set_exception(outage)
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable):
        errands.begin([], held.errand)
    errands.begin([], held.errand)

    assert list(several.value.exceptions) == slips


async def test_errands_are_over_when_they_are_closed() -> None:
    errands, held, told = Errands(1), Held(), list[str]()

    async def tidy(name: str) -> None:
        try:
            await held.errand(name)
        finally:
            await asyncio.sleep(0)
            told.append("tidied")

    errands.begin(["a"], tidy)
    await until_async("it has begun", lambda: held.begun)
    await errands.close()

    assert told == ["tidied"]


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
