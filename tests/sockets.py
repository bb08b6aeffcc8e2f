"""What a client does that no HTTP library would do: half requests, silence, answers never read."""

import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.server_process import ServerProcess

SILENT = b""
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
WHOLE = HALF_A_HEAD + b"\r\n"
LONG_ANSWER = WHOLE.replace(b"/healthz", b"/openapi.json")
LOGIN = b"POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALF_A_BODY = LOGIN + b"Content-Length: 100\r\n\r\n{"


def connect(server: ServerProcess, sent: bytes = SILENT, *, port: int = 0) -> socket.socket:
    """A connection on which some bytes were sent."""
    connection = socket.socket()
    connection.settimeout(60)
    # Small, so that an answer that nobody reads does not fit.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port or server.port))
    connection.sendall(sent)
    return connection


@contextmanager
def crowd(server: ServerProcess, *kinds: bytes, each: int) -> Iterator[list[socket.socket]]:
    """Many connections of each kind at once, and none afterwards."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as held:
        yield [held.enter_context(connect(server, kind)) for kind in kinds for _ in range(each)]


def everything(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    heard = b""
    while part := connection.recv(65536):
        heard += part
    return heard


def answer_of(connection: socket.socket) -> bytes:
    """The beginning of an answer."""
    return connection.recv(65536)


def has_answer(connection: socket.socket) -> bool:
    """Whether an answer has begun; waits for nothing."""
    return bool(select.select([connection], [], [], 0)[0])


def until_closed(server: ServerProcess, seconds: float = 30) -> None:
    """Wait until the server has let go of all its connections."""
    port, established = f":{server.port:04X}", "01"
    deadline = time.monotonic() + seconds
    while True:
        with open("/proc/net/tcp", encoding="ascii") as table:  # noqa: PTH123  # no file to keep
            rows = [line.split() for line in table.readlines()[1:]]
        left = sum(row[1].endswith(port) and row[3] == established for row in rows)
        if not left:
            return
        assert time.monotonic() < deadline, f"{left} connections are still there"
        time.sleep(0.05)
