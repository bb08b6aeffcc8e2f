"""What stands in front of a server: it ends TLS for names that nobody can look up."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clusterwright.drivers import certificates


@asynccontextmanager
async def fronting(port: int, name: str, folder: Path) -> AsyncIterator[str]:
    """Hand bytes on to a port of this host: ``https://NAME``, by the proxy whose URL is given.

    The authority to trust is in ``ca.pem`` of the folder.
    """
    now, lifetime = datetime.now(UTC), timedelta(days=1)
    authority = certificates.new_authority("front", now=now, lifetime=lifetime)
    pair = certificates.new_server(authority, names=[name], now=now, lifetime=lifetime)
    (folder / "ca.pem").write_text(authority.certificate)
    (folder / "front.pem").write_text(pair.certificate + pair.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "front.pem")
    visits: set[asyncio.Task[None]] = set()

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await writer.start_tls(context)
                there, back = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_hand_on(reader, back), _hand_on(there, writer))
        finally:
            visits.discard(task)
            writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


async def _hand_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()
    finally:
        sink.close()
