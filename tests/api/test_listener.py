"""The HTTP server by itself, in this loop."""

import asyncio

import httpx

from clusterwright.web.asgi import Receive, Scope, Send
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
