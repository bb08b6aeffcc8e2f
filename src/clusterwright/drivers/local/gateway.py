"""A program: the door between the API server on this host's loopback and a cluster's own network.

Nodes and pods reach the API server through a port of the router's address. The API server reaches
nodes and pods through a socket that takes HTTP's CONNECT, as its egress selector speaks. Whoever
may open the socket may reach everything in the cluster's network: its folder is for its owner only.
Nodes pull images through a proxy, which asks for a secret: pods, which do not have it, stay inside.

It runs by itself, ``python gateway.py``, and uses nothing but the standard library: it should start
at once, stay small, and outlive the server that started it.
"""

import argparse
import asyncio
import base64
import ctypes
import hmac
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

CLONE_NEWNET = 0x40000000
LONGEST_HEAD = 8192
DIALLING_SECONDS = 30.0
CHUNK = 64 * 1024
PROXY_PORT = 3128
PROXY_USER = "node"

END = b"\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Denied(Exception):
    """Somebody asks who may not."""


class Inside:
    """The cluster's network. A socket keeps the namespace of the thread that made it."""

    def __init__(self, network: Path) -> None:
        enter = partial(_enter, network)
        self._thread = ThreadPoolExecutor(1, "inside", initializer=enter)

    async def listening(self, address: str, port: int) -> socket.socket:
        """A socket that takes connections in there. Raises OSError."""
        return await self._make(partial(socket.create_server, (address, port), backlog=256))

    async def dialled(self, address: str, port: int) -> Streams:
        """A connection to something in there. Raises OSError."""
        family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        made = await self._make(partial(socket.socket, family))
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, (address, port))
            return await asyncio.open_connection(sock=made)
        except BaseException:
            made.close()
            raise

    async def _make(self, work: Callable[[], socket.socket]) -> socket.socket:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _enter(network: Path) -> None:
    """Let this thread, and no other one, live in a network namespace. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {network}")
    finally:
        os.close(descriptor)


async def to_server(
    host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve a connection from a node or a pod."""
    try:
        async with asyncio.timeout(DIALLING_SECONDS):
            other = await asyncio.open_connection(host, port)
    except OSError:  # nobody listens while the control plane stands still
        writer.close()
        return
    await join((reader, writer), other)


async def to_cluster(
    inside: Inside, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve a connection from the API server, which says first where it should lead."""

    async def dial() -> Streams:
        return await inside.dialled(*target(await reader.readuntil(END)))

    if other := await dialled_or_refused(dial, writer):
        writer.write(ESTABLISHED)
        await join((reader, writer), other)


async def to_outside(
    secret: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve a connection from a node's containerd, which may lead to anywhere out here."""

    async def dial() -> Streams:
        asked = Asked(await reader.readuntil(END))
        if not asked.knows(secret):
            raise Denied
        outer = await asyncio.open_connection(asked.host, asked.port)
        (outer[1] if asked.handed_on else writer).write(asked.handed_on or ESTABLISHED)
        return outer

    if other := await dialled_or_refused(dial, writer):
        await join((reader, writer), other)


async def dialled_or_refused(
    dial: Callable[[], Awaitable[Streams]], writer: asyncio.StreamWriter
) -> Streams | None:
    """The connection that is made; None where there is none, which the client is told."""
    try:
        async with asyncio.timeout(DIALLING_SECONDS):
            return await dial()
    except Denied:
        status = "407 Proxy Authentication Required"
    except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        status = "400 Bad Request"
    except OSError:
        status = "502 Bad Gateway"
    with suppress(OSError):
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
    writer.close()
    return None


def target(head: bytes) -> tuple[str, int]:
    """Where a CONNECT leads. Raises ValueError for anything but an address and a port."""
    method, where, *_ = head.decode("ascii").split("\r\n", 1)[0].split(" ")
    address, _, port = where.rpartition(":")
    if method != "CONNECT":
        raise ValueError(method)
    return str(ip_address(address.strip("[]"))), int(port)


class Asked:
    """What is asked of a proxy: a tunnel, or one request to be handed on.

    Raises ValueError for anything else.
    """

    def __init__(self, head: bytes) -> None:
        first, *fields = head.decode("latin-1").rstrip().split("\r\n")
        method, where, version = first.split(" ")
        tunnel = method == "CONNECT"
        url = urlsplit(f"//{where}" if tunnel else where)
        if not url.hostname or (not tunnel and url.scheme != "http"):
            raise ValueError(where)
        self.host = url.hostname
        self.port = url.port or (443 if tunnel else 80)
        self._credentials = ""
        # The next request on this connection could be for somebody else: there is none.
        kept = [f"{method} {url.path or '/'}{url.query and '?'}{url.query} {version}"]
        for field in fields:
            name, _, value = field.partition(":")
            if name.lower() == "proxy-authorization":
                self._credentials = value.strip()
            elif name.lower() not in ("connection", "proxy-connection", "keep-alive"):
                kept.append(field)
        kept.append("Connection: close")
        self.handed_on = b"" if tunnel else "\r\n".join([*kept, "", ""]).encode("latin-1")

    def knows(self, secret: str) -> bool:
        """Whether it comes with the secret."""
        right = base64.b64encode(f"{PROXY_USER}:{secret}".encode()).decode()
        return hmac.compare_digest(self._credentials.encode(), f"Basic {right}".encode())


async def join(one: Streams, other: Streams) -> None:
    """Hand on what comes from either side until both have ended, or either breaks."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(hand_on(one[0], other[1]))
            both.create_task(hand_on(other[0], one[1]))
    except* OSError:
        pass
    finally:
        for _, writer in (one, other):
            writer.close()


async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Write what is read until it ends, and tell that it has ended."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def serve(asked: argparse.Namespace) -> None:
    """Serve both doors until a signal says otherwise. Raises OSError where one is taken."""
    host, port = asked.server.rsplit(":", 1)
    inside = Inside(asked.network)
    asked.socket.unlink(missing_ok=True)
    outer = await asyncio.start_server(
        partial(to_server, host, int(port)),
        sock=await inside.listening(asked.address, int(port)),
    )
    inner = await asyncio.start_unix_server(
        partial(to_cluster, inside), asked.socket, limit=LONGEST_HEAD
    )
    secret = asked.secret.read_text().strip()
    proxy = await asyncio.start_server(
        partial(to_outside, secret),
        sock=await inside.listening(asked.address, PROXY_PORT),
        limit=LONGEST_HEAD,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with outer, inner, proxy:
        await stop.wait()


def main() -> None:
    """Be the gateway of one cluster."""
    parser = argparse.ArgumentParser(description="The door of a cluster's network.")
    parser.add_argument("--network", type=Path, required=True, help="the network namespace")
    parser.add_argument("--address", required=True, help="the router's address in there")
    parser.add_argument("--server", required=True, help="ADDRESS:PORT of the API server out here")
    parser.add_argument("--socket", type=Path, required=True, help="where CONNECT is taken")
    parser.add_argument("--secret", type=Path, required=True, help="file of the proxy's secret")
    parser.add_argument("--cluster", type=Path, help="whose it is, for who reads command lines")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
