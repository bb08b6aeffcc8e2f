"""The parts of one server process, and how routes ask for them: by their class."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from fastapi import FastAPI, Request

T = TypeVar("T")

_asked: set[type] = set()


class Server:
    """Everything that routes may ask for, one part of each class. It never changes."""

    def __init__(self, *parts: object) -> None:
        self._parts = {type(part): part for part in parts}

    def check_complete(self) -> None:
        """Raise LookupError when a part is missing that some route of this program asks for.

        No process should start that would answer 500 later.
        """
        missing = sorted(kind.__name__ for kind in _asked - self._parts.keys())
        if missing:
            raise LookupError(f"Routes ask for {', '.join(missing)}, which the server lacks.")

    def get(self, kind: type[T]) -> T:
        """The part of this class."""
        return cast("T", self._parts[kind])

    def serve(self, app: FastAPI) -> None:
        """Give these parts to the routes of an application."""
        app.state.server = self


def given(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency that gives the server's part of this class."""
    _asked.add(kind)

    # A coroutine though it awaits nothing: FastAPI sends plain functions to a thread.
    async def part(request: Request) -> T:
        server: Server = request.app.state.server
        return server.get(kind)

    return part
