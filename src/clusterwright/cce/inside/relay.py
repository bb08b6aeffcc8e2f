"""Hands the messages of two WebSockets on, both ways, until it is over.

Neither end is read before the other has had room for what came last, so that a slow reader slows
down whoever writes to it, and little is in memory. A pause of one direction stops no other.
"""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import NoReturn, Protocol

from clusterwright.cce.inside.websocket import BROKEN_OFF, MOST_MESSAGE, TOO_LARGE, Closed
from clusterwright.web.asgi import Receive, Send

IDLE_SECONDS = 4 * 3600.0
"""How long both ends may be silent: as long as kubelets let them be."""
CLOSING_SECONDS = 2.0
"""How long an end may take to hear that it is over."""

GOING_AWAY = 1001
NO_LONGER_ALLOWED = 1008
_NO_CODE, _NORMAL, _FAILED = 1005, 1000, 1011
_SENT_INSTEAD = {_NO_CODE: _NORMAL, BROKEN_OFF: _FAILED, 1015: _FAILED}


class End(Protocol):
    """A WebSocket. One task may receive while another one sends."""

    async def receive(self) -> bytes | str:
        """The next message. Raises Closed."""

    async def send(self, message: bytes | str) -> None:
        """Send a message, and wait until there is room for the next one. Raises Closed."""

    async def close(self, code: int, reason: str) -> None:
        """Say that it is over. One that is over may be told again."""


class ClientEnd:
    """The WebSocket of whoever asked, by ASGI: the server that speaks it answers pings."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def accept(self, subprotocol: str | None) -> None:
        """Agree to a WebSocket."""
        await self._receive()  # the handshake
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})

    async def receive(self) -> bytes | str:
        """The next message. Raises Closed."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise Closed(message.get("code") or _NO_CODE, message.get("reason") or "")
        text: str | None = message.get("text")
        data: bytes | str = message["bytes"] if text is None else text
        if len(data) > MOST_MESSAGE:
            raise Closed(TOO_LARGE, f"Send at most {MOST_MESSAGE} bytes in a message.")
        return data

    async def send(self, message: bytes | str) -> None:
        """Send a message, and wait until there is room for the next one. Raises Closed."""
        kind = "bytes" if isinstance(message, bytes) else "text"
        try:
            await self._send({"type": "websocket.send", kind: message})
        except (RuntimeError, OSError) as error:  # granian's way, and that of ASGI
            raise Closed(BROKEN_OFF, "The client has gone.") from error

    async def close(self, code: int, reason: str) -> None:
        """Say that it is over. One that is over may be told again."""
        code = _SENT_INSTEAD.get(code, code)
        with suppress(RuntimeError, OSError):
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


async def relay(client: End, server: End, over: Awaitable[NoReturn]) -> Closed:
    """Hand messages on until an end closes, ``over`` raises Closed or both are silent for long.

    Then both are closed. Returns why.
    """
    heard = time.monotonic()

    async def hand_on(source: End, sink: End) -> NoReturn:
        nonlocal heard
        while True:
            message = await source.receive()
            heard = time.monotonic()
            await sink.send(message)

    async def idle() -> NoReturn:
        while (left := heard + IDLE_SECONDS - time.monotonic()) > 0:  # noqa: ASYNC110  # a clock
            await asyncio.sleep(left)
        raise Closed(GOING_AWAY, f"Nothing was said for {IDLE_SECONDS / 3600:g} hours.")

    tasks = [
        asyncio.ensure_future(each)
        for each in (hand_on(server, client), hand_on(client, server), over, idle())
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    # In this order: what the server has closed with means more than a client that goes meanwhile.
    error = next(task for task in tasks if task in done).exception()
    closed = error if isinstance(error, Closed) else Closed(_FAILED, "The server failed.")
    for end in (client, server):
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await end.close(closed.code, closed.reason)
    if error is not closed and error is not None:
        raise error
    return closed
