"""``clusterwright serve`` that ends like a power cut at one moment of its work on webhooks.

The first argument is a file. While it is there, it names the moment: ``before`` or ``after``, and a
function of PLACES. Everything is tried again soon, so that nobody need wait for it. Tests run this
file as a program.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from clusterwright.__main__ import main
from clusterwright.webhooks import outbox, store

outbox.PERIOD = 0.1
outbox.LEASE = 2.0
outbox.LATEST = 1.0
outbox.PAUSES = (0.2,) * 200

PLACES: dict[str, Any] = {
    "add": store,
    "_record": outbox.Outbox,
    "send": outbox.Sender,
}
"""Where each function is that may be named."""


def mortal(name: str, function: Callable[..., Awaitable[Any]], told: Path) -> Callable[..., Any]:
    """The function, before or after which the process dies where it is told to."""

    def die(when: str) -> None:
        if told.exists() and told.read_text() == f"{when} {name}":
            os.kill(os.getpid(), signal.SIGKILL)

    async def call(*arguments: Any, **named: Any) -> Any:
        die("before")
        answer = await function(*arguments, **named)
        die("after")
        return answer

    return call


if __name__ == "__main__":
    told = Path(sys.argv.pop(1))
    for name, place in PLACES.items():
        setattr(place, name, mortal(name, getattr(place, name), told))
    main()
