"""The HTTP server: who may connect, how long a client may take, and how it all ends.

granian speaks HTTP. Three things it leaves to us. It makes its own socket and waits for the slowest
client without end: the socket comes from here, so that the kernel's clocks run on every connection,
and what is left of the connections when a stop must not wait any longer is closed here. And it
hands every request to the event loop, which costs more than a hot read: what is at hand is answered
in granian's own thread (docs/decisions/0023-at-hand.md).

HTTP/1 only: where HTTP/2 may be spoken, the server waits for a connection's first bytes without a
clock (granian 2.8; tests/durability/test_crowds.py).
"""

import asyncio
import logging
import os
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from granian import net
from granian._granian import ASGIWorker, CallbackScheduler
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import embed

from clusterwright.web.asgi import ASGIApp, Message, Scope

log = logging.getLogger(__name__)

_DESCRIPTORS = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")
_OWN_FILES = 512
"""Descriptors that a process needs besides its clients': databases, the engine, logs, threads."""
_FEWEST = 16
AtHand = Callable[[Scope], tuple[Message, Message] | None]
"""Gives the answer to a request where it is at hand: its start and its whole body.

It is called in a thread of granian's beside the loop, with the request as it came: it may look at
what is replaced as a whole or never changes, and must change nothing.
"""
_LOCK_SECONDS = 0.0005
"""How long one thread may keep Python's lock from another that wants it. With Python's own 5 ms the
loop would wait that long, each time, for a thread that answers one request after the other.
"""
_LAST_WORDS = 2.0
"""Seconds for connections that were closed by us to be gone."""
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take of one listener."""

    connections: int
    """How many are served at a time; more of them wait in the kernel's queue."""
    head_seconds: float
    """From the connection, or from the last answer, to the end of the next head."""
    answer_seconds: float
    """How long an answer may find no room, or a packet no acknowledgement."""


class Listener:
    """An ASGI application on one port: ``start`` and ``stop`` it in the loop that runs it."""

    def __init__(self, host: str, port: int, limits: Limits) -> None:
        """Take the port, and refuse connections until ``start``. Raises OSError."""
        self._limits = limits
        self._socket = _bound(host, port, limits)
        self.host: str
        self.port: int
        self.host, self.port = self._socket.getsockname()[:2]
        self.stopping = False
        """Set before ``stop``: requests from then on find ``stopping`` in their scope's state."""

    def start(self, app: ASGIApp, at_hand: AtHand = lambda scope: None) -> None:
        """Serve ``app``, and before it what is ``at_hand``.

        Raises OSError when another process was faster.
        """
        self._app = app
        self._at_hand = at_hand
        sys.setswitchinterval(_LOCK_SECONDS)
        self._socket.listen(self._limits.connections)
        self._server = _Server(self._socket, self._limits)
        serving = self._server.serve(embed.AsyncWorker.wrap_target(self._work))  # type: ignore[no-untyped-call]
        self.ended: asyncio.Task[None] = asyncio.create_task(serving)
        """Ends with the server, which by itself it never does."""

    async def stop(self, seconds: float, hurried: asyncio.Event) -> None:
        """Accept nothing more, and finish the answers that are on their way.

        That takes some seconds at the most, and ends at once when ``hurried``; what is left then is
        closed without an answer.
        """
        self._server.stop()  # type: ignore[no-untyped-call]
        hurry = asyncio.create_task(hurried.wait())
        await asyncio.wait(
            {self.ended, hurry}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        hurry.cancel()
        if not self.ended.done():
            closed = _close_connections(self.port)
            log.warning("closing connections that did not end", extra={"connections": closed})
            await asyncio.wait({self.ended}, timeout=_LAST_WORDS)

    async def _work(
        self, number: int, end: Any, _: Any, sockets: Any, loop: Any, *options: Any
    ) -> None:
        """A worker as granian's own is made, except that requests come to ``_begin`` first."""
        *numbers, _tasks, http, http1, http2, websockets, static, _log, tls, _scope = options
        ended = loop.create_future()
        end.add_cb(lambda: loop.call_soon_threadsafe(ended.set_result, None))
        worker: Any = ASGIWorker(  # type: ignore[call-arg]  # announced with one argument less
            *(number, sockets, None, *numbers, http, http1, http2, websockets, static, *tls),
            (None, None),
        )
        worker.serve_async(_Scheduler(loop, self._begin(loop)), loop, end)
        await ended

    def _begin(self, loop: asyncio.AbstractEventLoop) -> Callable[[Any], None]:
        """What granian calls with each request, in a thread of its own. It must never raise."""
        at_hand, call_soon = self._at_hand, loop.call_soon_threadsafe

        def begin(request: Any) -> None:
            try:
                answer = at_hand(request.scope)
                if answer is not None:
                    send = request.proto.send
                    send(answer[0])
                    send(answer[1])
                    request.done()
                    return
            except Exception as error:  # the application meets it too, and refuses
                log.debug("nothing at hand", exc_info=error)
            call_soon(begin_task, request)

        def begin_task(request: Any) -> None:
            request.taskref(loop.create_task(self._answer(request)))

        return begin

    async def _answer(self, request: Any) -> None:
        scope = request.scope
        scope["root_path"] = ""
        scope["state"] = {"stopping": True} if self.stopping else {}
        try:
            await self._app(scope, request.proto.receive, request.proto.send)
        except BaseException as error:
            request.err(error)
            return
        request.done()


async def cancel_answers() -> None:
    """End the work on every request of this loop, once nobody is there to hear an answer."""
    # Found rather than counted: to count them would cost each hot read one hundredth.
    tasks = {
        task for task in asyncio.all_tasks() if getattr(task.get_coro(), "cr_code", None) is _ANSWER
    }
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_LAST_WORDS)


_ANSWER = Listener._answer.__code__
"""What each request is worked on in, a task of this loop."""


class _Scheduler(CallbackScheduler):
    """What granian gives its requests to: a function, called in a thread of granian's."""

    def __new__(cls, loop: asyncio.AbstractEventLoop, begin: Callable[[Any], None]) -> "_Scheduler":
        return super().__new__(cls, loop, begin, None, None, None)  # type: ignore[call-arg]

    def __init__(self, loop: asyncio.AbstractEventLoop, begin: Callable[[Any], None]) -> None:
        self._schedule_fn = begin


class _Server(embed.Server):
    """granian's server on a socket of ours."""

    def __init__(self, listening: socket.socket, limits: Limits) -> None:
        super().__init__(
            None,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=int(limits.head_seconds * 1000)),
            websockets=True,  # the edge refuses most of them
            backlog=limits.connections,
            backpressure=limits.connections,
            log_enabled=False,
        )
        self._listening = listening

    def _init_shared_socket(self) -> None:
        # Where the holder takes the queue's length, it listens by itself, a second time.
        queue = [self.backlog] if sys.platform == "linux" else []
        holder: Any = net.SocketHolder  # type: ignore[attr-defined]  # granian's own, unannounced
        self._shd = holder(self._listening.detach(), False, *queue)


def _bound(host: str, port: int, limits: Limits) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit the rest: first what speaks at once, then what notices a
        # client that has gone without a word, and one that does not read.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":
            seconds = max(1, int(limits.answer_seconds))
            pause = max(1, seconds // (_PROBES + 1))
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, pause)
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, pause)
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
            milliseconds = int(limits.answer_seconds * 1000)
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _close_connections(port: int) -> int:
    """Close every connection of this process to ``port``, both ways; tell how many they were."""
    closed = 0
    for path in list(_DESCRIPTORS.iterdir()):
        with suppress(OSError), _socket_of(int(path.name)) as connection:
            if connection.getsockname()[1:2] == (port,) and connection.getpeername():
                connection.shutdown(socket.SHUT_RDWR)
                closed += 1
    return closed


def _socket_of(descriptor: int) -> socket.socket:
    """The socket behind a descriptor, as a second hold on it. Raises OSError for anything else."""
    second = os.dup(descriptor)
    try:
        return socket.socket(fileno=second)
    except OSError:
        os.close(second)
        raise


def affordable(connections: int) -> int:
    """How many of so many connections this process has descriptors for.

    It raises its own limit as far as it may.
    """
    wanted = connections + _OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # forbidden by a sandbox, or beyond the kernel's own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft == resource.RLIM_INFINITY:
        return connections
    return min(connections, max(soft - _OWN_FILES, soft // 2, _FEWEST))
