"""A receiver of webhooks: it keeps what it gets, and answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A receiver on a port of the loopback address."""

    port: int
    status: int = 204
    location: str = ""
    size: int = 0
    """Bytes of the answers' bodies."""
    got: list[Received] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)
    """While it is not set, nobody is answered."""

    @property
    def url(self) -> str:
        """Where to send."""
        return f"http://127.0.0.1:{self.port}/hook?a=b"


@contextmanager
def receiving(port: int = 0, **told: Any) -> Iterator[Receiver]:
    """A receiver at work inside the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Received({k.lower(): v for k, v in self.headers.items()}, body))
            receiver.may_answer.wait()
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", str(receiver.size))
            self.end_headers()
            self.wfile.write(b"x" * receiver.size)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    receiver = Receiver(server.server_address[1], **told)
    receiver.may_answer.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join()
