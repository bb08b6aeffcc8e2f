"""What an open transaction offers, whichever database it is on."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable
from sqlalchemy.engine import CursorResult

T = TypeVar("T")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Tx(ABC):
    """One open transaction: everything executed in it is committed together or not at all."""

    def __init__(self, outbox: "Outbox") -> None:
        self._outbox = outbox
        self.has_promised = False
        self.has_news = False
        """Whether others wait to hear of what this transaction writes."""
        self.afterwards: list[Callable[[], None]] = []
        """What is called when this transaction has committed."""
        self.is_committed = False
        """Whether all of it is known to be kept, whatever became of whoever waited for that."""
        self.changes: set[str] = set()
        self.on_change: Callable[[str], None] = nobody_asks

    @property
    @abstractmethod
    def is_sqlite(self) -> bool:
        """Whether statements must be in SQLite's dialect, where the two databases differ."""

    @abstractmethod
    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement, for each of ``parameters`` where a list of them is given.

        Statements that every job or request runs are built once, with parameters: building one
        costs more than running it.
        """

    async def execute_large(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement that may write megabytes, and keep nobody waiting meanwhile."""
        return await self.execute(statement, parameters)

    @abstractmethod
    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Run a function of a synchronous connection inside this transaction."""

    async def promise(self, **what: Any) -> None:
        """Hand work to the engine: it will be done if and only if this transaction commits."""
        self.has_promised = True
        await self._outbox(self, **what)

    def change(self, uid: str) -> None:
        """Say, before it is done, that this transaction changes what others may keep a copy of."""
        self.changes.add(uid)
        self.on_change(uid)


Outbox = Callable[..., Awaitable[None]]


def nobody_asks(_what: object) -> None:
    """Nobody keeps copies of what transactions change."""
