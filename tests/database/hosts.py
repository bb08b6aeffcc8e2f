"""A database's host that can vanish: it takes bytes to the server, until it answers no packet."""

import asyncio
import ctypes
import socket
import struct
from types import TracebackType
from typing import Self

_ATTACH_FILTER = 26
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
"""The program of a packet filter that lets nothing in, so that not even the kernel answers."""


class Host:
    """Between clients and a server of the loopback address, inside its ``async with`` block."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._sockets:
            each.close()

    def vanish(self) -> None:
        """Hear nothing any more, and say so to nobody."""
        program = ctypes.create_string_buffer(_DROP_ALL)
        for each in self._sockets:
            asked = struct.pack("HL", 1, ctypes.addressof(program))
            each.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, asked)

    def _begin(self) -> None:
        self._tasks.add(asyncio.create_task(self._accept()))

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            server = socket.socket()
            self._sockets += [client, server]
            for each in (client, server):
                each.setblocking(False)
            await loop.sock_connect(server, ("127.0.0.1", self._server_port))
            for source, target in ((client, server), (server, client)):
                self._tasks.add(asyncio.create_task(self._pass_on(source, target)))

    @staticmethod
    async def _pass_on(source: socket.socket, target: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while part := await loop.sock_recv(source, 65536):
            await loop.sock_sendall(target, part)
        target.shutdown(socket.SHUT_WR)
