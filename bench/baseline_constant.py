"""Baseline (a): the product's own server with a constant answer, no look-up, no authentication.

Run as ``python -m bench.baseline_constant PORT SIZE loop|hand``: answered by an ASGI application in
the event loop, or at hand beside it. What it reaches is all that the product's read could reach if
it cost nothing.
"""

import asyncio
import sys

from clusterwright.web.asgi import Message, Receive, Scope, Send
from clusterwright.web.listener import Limits, Listener

LIMITS = Limits(connections=1024, head_seconds=30, answer_seconds=60)


async def main(port: int, size: int, *, at_hand: bool) -> None:
    """Answer every request with the same ``size`` bytes, until killed."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(size).encode()),
    ]
    start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
    body: Message = {"type": "http.response.body", "body": b"x" * size}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start)
        await send(body)

    listener = Listener("127.0.0.1", port, LIMITS)
    listener.start(app, lambda scope: (start, body) if at_hand else None)
    await listener.ended


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), at_hand=sys.argv[3] == "hand"))
