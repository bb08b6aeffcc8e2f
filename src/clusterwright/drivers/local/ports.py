"""Ports of loopback: chosen once for a cluster and kept, because kubeconfigs hold them."""

import errno
import random
import socket
from collections.abc import Collection

HOST = "127.0.0.1"

_RANGE = range(20_000, 30_000)
"""Below what Linux gives to outgoing connections. A port among those could be taken by one while
its cluster hibernates, even by a client's attempt to reach the cluster; above are NodePorts.
"""


def free(count: int, *, avoid: Collection[int] = ()) -> list[int]:
    """So many ports that nobody listens on now, all different and none of those to ``avoid``.

    Raises OSError where there are not so many.
    """
    found: list[int] = []
    for port in random.sample(_RANGE, len(_RANGE)):
        if len(found) == count:
            break
        if port not in avoid and not is_taken(port):
            found.append(port)
    if len(found) < count:
        raise OSError(errno.EADDRINUSE, f"fewer than {count} ports are free for a cluster")
    return found


def is_taken(port: int) -> bool:
    """Whether somebody listens on this port. Raises OSError."""
    with socket.socket() as probe:
        # As servers do: a connection that ended a moment ago keeps no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    return False
