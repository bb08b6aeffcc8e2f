"""Ports of loopback: chosen once for a cluster and kept, because kubeconfigs hold them."""

import errno
import random
import socket
from collections.abc import Collection, Iterable
from contextlib import suppress

HOST = "127.0.0.1"

_RANGE = range(20_000, 30_000)
"""Below what Linux gives to outgoing connections. A port among those could be taken by one while
its cluster hibernates, even by a client's attempt to reach the cluster; above are NodePorts.
"""


def free(count: int, *, avoid: Collection[int] = ()) -> list[int]:
    """So many ports that nobody listens on or keeps, all different and none of those to ``avoid``.

    Raises OSError where there are not so many.
    """
    found: list[int] = []
    for port in random.sample(_RANGE, len(_RANGE)):
        if len(found) == count:
            break
        if port not in avoid and _can_bind(port, beside_others=False):
            found.append(port)
    if len(found) < count:
        raise OSError(errno.EADDRINUSE, f"fewer than {count} ports are free for a cluster")
    return found


def is_taken(port: int) -> bool:
    """Whether somebody listens on this port. Raises OSError."""
    return not _can_bind(port, beside_others=True)


class Kept:
    """Ports that are nobody's but their owners', who listen beside the sockets that keep them.

    So two servers of one host, who know nothing of each other's clusters, give them no port twice:
    neither between the choice of a port and the start of its program, nor while that stands still.
    """

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}

    def keep(self, ports: Iterable[int]) -> None:
        """Keep these as well, but for those that somebody listens on already."""
        for port in set(ports) - self._sockets.keys():
            with suppress(OSError):
                self._sockets[port] = _bound(port, beside_others=True)

    def close(self) -> None:
        """Let go of all of them."""
        for keeper in self._sockets.values():
            keeper.close()
        self._sockets.clear()


def _can_bind(port: int, *, beside_others: bool) -> bool:
    try:
        _bound(port, beside_others=beside_others).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise
    return True


def _bound(port: int, *, beside_others: bool) -> socket.socket:
    """A socket that does not listen, where nobody does; ``beside_others`` that do not either."""
    bound = socket.socket()
    try:
        # As servers do: a connection that ended a moment ago keeps no port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, beside_others)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
