"""Work that a cancellation waits for."""

import asyncio

import pytest

from clusterwright.uninterrupted import uninterrupted


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_cancellation_is_told_when_the_work_has_ended(times: int) -> None:
    may_end, told = asyncio.Event(), list[str]()

    async def work() -> str:
        await may_end.wait()
        told.append("ended")
        return "made"

    async def undo(result: str) -> None:
        told.append(f"{result} undone")

    waiting = asyncio.create_task(uninterrupted(work(), undo))
    await asyncio.sleep(0)
    for _ in range(times):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()

    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert told == ["ended", "made undone"]


async def test_nothing_is_undone_of_work_that_failed() -> None:
    may_end, undone = asyncio.Event(), list[None]()

    async def work() -> None:
        await may_end.wait()
        raise OSError

    async def undo(result: None) -> None:
        undone.append(result)

    waiting = asyncio.create_task(uninterrupted(work(), undo))
    await asyncio.sleep(0)
    waiting.cancel()
    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not undone


async def test_without_a_cancellation_it_is_as_awaiting_it() -> None:
    assert await uninterrupted(asyncio.to_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        await uninterrupted(asyncio.to_thread(lambda: 1 // 0))
