"""Whether anything was written since, for whoever keeps copies of what it has read.

It knows the transactions of one process, so it says so only where no other process writes.
"""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Writes:
    """Counts the writing transactions of a database."""

    def __init__(self, *, are_all: bool) -> None:
        """``are_all``: whether nobody else writes what copies are kept of."""
        self._are_all = are_all
        self._open = 0
        self._ended = 0

    def stamp(self) -> int | None:
        """The same number for as long as nothing is written; None while something may be.

        Any thread may ask. What was read between two equal stamps is still so.
        """
        # In this order: a transaction that comes and goes in between must show in the second.
        if self._open or not self._are_all:
            return None
        return self._ended

    def around(self, transaction: AbstractAsyncContextManager[T]) -> "_Counted[T]":
        """``transaction``, counted from before it begins until after it has ended."""
        return _Counted(self, transaction)

    def begin(self) -> None:
        """Something may be written from now on."""
        self._open += 1

    def end(self) -> None:
        """It is written, or never will be."""
        self._ended += 1
        self._open -= 1


class _Counted(Generic[T]):
    __slots__ = ("_transaction", "_writes")

    def __init__(self, writes: Writes, transaction: AbstractAsyncContextManager[T]) -> None:
        self._writes = writes
        self._transaction = transaction

    async def __aenter__(self) -> T:
        self._writes.begin()
        try:
            return await self._transaction.__aenter__()
        except BaseException:
            self._writes.end()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            return await self._transaction.__aexit__(kind, error, trace)
        finally:
            self._writes.end()
