"""Work that cannot be left half done, such as a thread's: a cancellation waits for its end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def uninterrupted(
    work: Awaitable[T], undo: Callable[[T], Awaitable[None]] | None = None
) -> T:
    """What ``work`` gives. Who is cancelled meanwhile hears of that when it has ended.

    Then nobody has the result, and ``undo`` gets it.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # Whoever cancels a group of tasks may well do so twice.
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        # To be asked for an exception, or asyncio reports one that nobody heard of.
        succeeded = not task.cancelled() and task.exception() is None
        if undo is not None and succeeded:
            await undo(task.result())
        raise


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``work`` gives, done beside the loop and to its end: nothing of it comes later."""
    return await uninterrupted(asyncio.to_thread(work, *args, **kwargs))
