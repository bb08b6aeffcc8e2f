"""Baseline (a): the product's own server with a constant answer, no look-up, no authentication.

Run as ``python -m bench.baseline_constant PORT SIZE``. What it reaches is all that the product's
read could reach if it cost nothing.
"""

import asyncio
import sys
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server


async def main(port: int, size: int) -> None:
    """Answer every request with the same ``size`` bytes, until killed."""
    body = b"x" * size
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(size).encode()),
    ]

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    await server.serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
