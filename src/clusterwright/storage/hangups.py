"""Whether PostgreSQL is still at the other end of a session, told without asking it.

After a restart, every idle session of a pool is dead, and each would cost a request its answer. A
query in front of every use would find out, and take as long as many a use. But the kernel knows:
the other side has closed the connection, whether or not the event loop has read that.

A host that vanishes closes nothing: whoever waits for its answer waits for hours, or for ever. So
the kernel is told to ask for it now and then, and to end a connection that nothing is heard of.
"""

import os
import select
import socket
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

if TYPE_CHECKING:
    import asyncpg

_CLOSED = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
"""Without POLLRDHUP, which only Linux has, POLLHUP tells it."""
_USED = "used"
VANISHED_AFTER = 25
"""Seconds without a sign of life after which the other side's host is given up."""
ASKED_AFTER = 10
"""Seconds of silence after which it is asked for one, and again each half of that."""


def has_hung_up(session: "asyncpg.Connection[Any]") -> bool:
    """Whether the other side of an idle session is gone. False says only that nothing tells so."""
    if session.is_closed():
        return True
    descriptor = _descriptor(session)
    if descriptor < 0:
        return True
    poll = select.poll()
    poll.register(descriptor, _CLOSED)
    return bool(poll.poll(0))


def _descriptor(session: "asyncpg.Connection[Any]") -> int:
    descriptor: int = session._transport.get_extra_info("socket").fileno()
    return descriptor


def give_up_vanished(descriptor: int) -> None:
    """Let the kernel end a session's connection once the other side's host has vanished."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        if connection.family == socket.AF_UNIX:
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", ASKED_AFTER),
            ("TCP_KEEPINTVL", max(ASKED_AFTER // 2, 1)),
            ("TCP_KEEPCNT", 3),
            ("TCP_USER_TIMEOUT", VANISHED_AFTER * 1000),
        ):
            if option := getattr(socket, name, None):  # not every system has each of them
                connection.setsockopt(socket.IPPROTO_TCP, option, value)


async def give_up_when_vanished(session: "asyncpg.Connection[Any]") -> None:
    """As ``give_up_vanished``, for each new session of a pool of asyncpg."""
    give_up_vanished(_descriptor(session))


def give_up_all_vanished(engine: Engine) -> None:
    """As ``give_up_vanished``, for each new session of an engine."""

    @event.listens_for(engine, "connect")
    def watch(connection: Any, _: object) -> None:
        session = connection.driver_connection if engine.dialect.is_async else None
        give_up_vanished(connection.fileno() if session is None else _descriptor(session))


def replace_before_use(engine: Engine) -> None:
    """Let the pool of an engine connect anew where it would hand out a session that has ended."""

    @event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _: object) -> None:
        # One that was only just made is not looked at: then nothing is tried without an end.
        if record.info.get(_USED) and has_hung_up(connection.driver_connection):
            raise DisconnectionError
        record.info[_USED] = True
