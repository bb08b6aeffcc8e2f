"""Ports of loopback: chosen once for a cluster and kept, because kubeconfigs hold them."""

import errno
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"


def free(count: int) -> list[int]:
    """So many ports that nobody listens on now, all different. Raises OSError."""
    with ExitStack() as bound:
        sockets = [bound.enter_context(_listener(0)) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in sockets]


def is_taken(port: int) -> bool:
    """Whether somebody listens on this port."""
    try:
        _listener(port).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return True
        raise
    return False


def _listener(port: int) -> socket.socket:
    made = socket.socket()
    try:
        # As servers do: a connection that ended a moment ago keeps no port.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made
