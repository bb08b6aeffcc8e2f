"""Whether PostgreSQL has ended a session that nobody used meanwhile, told without asking it.

After a restart, every idle session of a pool is dead, and each would cost a request its answer. A
query in front of every use would find out, and take as long as many a use. But the kernel knows:
the other side has closed the connection, whether or not the event loop has read that.
"""

import select
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

if TYPE_CHECKING:
    import asyncpg

_CLOSED = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
"""Without POLLRDHUP, which only Linux has, POLLHUP tells it."""
_USED = "used"


def has_hung_up(session: "asyncpg.Connection[Any]") -> bool:
    """Whether the other side of an idle session is gone. False says only that nothing tells so."""
    if session.is_closed():
        return True
    descriptor = session._transport.get_extra_info("socket").fileno()
    if descriptor < 0:
        return True
    poll = select.poll()
    poll.register(descriptor, _CLOSED)
    return bool(poll.poll(0))


def replace_before_use(engine: Engine) -> None:
    """Let the pool of an engine connect anew where it would hand out a session that has ended."""

    @event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _: object) -> None:
        # One that was only just made is not looked at: then nothing is tried without an end.
        if record.info.get(_USED) and has_hung_up(connection.driver_connection):
            raise DisconnectionError
        record.info[_USED] = True
