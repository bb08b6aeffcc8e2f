"""The HTTP server by itself, in this loop."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from clusterwright.web.asgi import Message, Receive, Scope, Send
from clusterwright.web.listener import Limits, Listener, cancel_answers

LIMITS = Limits(connections=128, head_seconds=10, answer_seconds=10)


class Slow:
    """An application that answers when it is told to, with what its scope's state says."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        body = b"stopping" if scope["state"].get("stopping") else b"serving"
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def test_a_request_under_way_is_answered_before_the_end() -> None:
    app, listener = Slow(), Listener("127.0.0.1", 0, LIMITS)
    listener.start(app)

    async with httpx.AsyncClient() as client:
        answer = asyncio.create_task(client.get(f"http://127.0.0.1:{listener.port}/"))
        await app.asked.wait()
        end = asyncio.create_task(listener.stop(30, asyncio.Event()))
        await asyncio.sleep(0)
        app.go_on.set()
        await end

        assert (await answer).text == "serving"


async def test_a_request_that_outlives_the_grace_is_cut_and_cancelled() -> None:
    app, listener = Slow(), Listener("127.0.0.1", 0, LIMITS)
    listener.start(app)

    async with httpx.AsyncClient() as client:
        answer = asyncio.create_task(client.get(f"http://127.0.0.1:{listener.port}/"))
        await app.asked.wait()
        await listener.stop(0.1, asyncio.Event())
        await cancel_answers()

        assert isinstance(await asyncio.gather(answer, return_exceptions=True), list)
        assert isinstance(answer.exception(), httpx.TransportError)
    assert app.cancelled
    assert listener.ended.done()


async def test_a_request_is_told_that_the_server_is_stopping() -> None:
    app, listener = Slow(), Listener("127.0.0.1", 0, LIMITS)
    listener.start(app)
    app.go_on.set()

    listener.stopping = True
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{listener.port}/")
    await listener.stop(1, asyncio.Event())

    assert answer.text == "stopping"


async def test_a_port_is_taken_at_once_and_open_from_the_start_on() -> None:
    app, listener = Slow(), Listener("127.0.0.1", 0, LIMITS)
    app.go_on.set()

    async with httpx.AsyncClient() as client:
        refused = await asyncio.gather(
            client.get(f"http://127.0.0.1:{listener.port}/"), return_exceptions=True
        )
        listener.start(app)
        answer = await client.get(f"http://127.0.0.1:{listener.port}/")
    await listener.stop(1, asyncio.Event())

    assert isinstance(refused[0], httpx.ConnectError)
    assert answer.status_code == 200


def _seven(scope: Scope) -> tuple[Message, Message] | None:
    """Has one path at hand, and fails on another."""
    if scope["path"] == "/fails":
        raise ValueError
    if scope["path"] != "/seven":
        return None
    start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]}
    return start, {"type": "http.response.body", "body": b"7"}


async def test_what_is_at_hand_is_answered_beside_a_loop_that_is_busy() -> None:
    app, listener = Slow(), Listener("127.0.0.1", 0, LIMITS)
    listener.start(app, _seven)
    await asyncio.sleep(0.05)  # the server begins in this loop

    with ThreadPoolExecutor() as other:
        # Nothing here gives the loop away until the answer has come.
        asking = other.submit(httpx.get, f"http://127.0.0.1:{listener.port}/seven")
        while not asking.done():
            time.sleep(0.001)  # noqa: ASYNC251
    await listener.stop(1, asyncio.Event())

    assert (asking.result().text, asking.result().headers["x-a"]) == ("7", "b")
    assert not app.asked.is_set()


@pytest.mark.parametrize("path", ["/elsewhere", "/fails"])
async def test_the_application_answers_what_is_not_at_hand(path: str) -> None:
    app, listener = Slow(), Listener("127.0.0.1", 0, LIMITS)
    listener.start(app, _seven)
    app.go_on.set()

    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{listener.port}{path}")
    await listener.stop(1, asyncio.Event())

    assert answer.text == "serving"
