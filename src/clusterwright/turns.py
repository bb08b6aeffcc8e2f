"""Long work in short turns of the event loop, so that nobody waits for another's large request.

Everything that is proportional to what a client names, or to what a project has, goes through one
of these. What fits into one turn costs nothing more than a plain loop.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

TURN = 0.0005
"""Seconds of work after which others get their turn: less than anybody notices, though a read has
to wait for several, and twenty times the price of a turn.
"""
PART = 50
"""Rows of one statement: what SQLite writes in about a turn."""


async def unhurried(items: Iterable[T]) -> AsyncIterator[T]:
    """``items``, letting others have the event loop whenever a turn has been used up."""
    end = time.perf_counter() + TURN
    for item in items:
        yield item
        if time.perf_counter() > end:
            await asyncio.sleep(0)
            end = time.perf_counter() + TURN


async def parts(items: Iterable[T], size: int = PART) -> AsyncIterator[Sequence[T]]:
    """``items`` in lists of ``size`` at most, with the event loop free for others in between."""
    async for part in unhurried(_parts(iter(items), size)):
        yield part


def _parts(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while part := list(islice(items, size)):
        yield part
