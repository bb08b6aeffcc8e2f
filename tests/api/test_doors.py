"""Kubeconfigs of simulated clusters lead to a door that only their certificates open."""

import asyncio
import json
import shutil
import socket
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import httpx
import pytest
import pytest_asyncio

from clusterwright.cce.inside.door import HANDSHAKE_SECONDS
from clusterwright.drivers.simulated.doors import SimulatedDoors
from clusterwright.storage.database import StorageUnavailable
from tests.api.cloud import Cloud, open_cloud
from tests.api.nodes_examples import node

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODES = "/api/v1/nodes"
REFUSED = (httpx.HTTPError, ssl.SSLError)
"""TLS 1.3 tells the client of its certificate only when it reads."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A server with a door."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("doors")
    async with open_cloud(folder, kubernetes_port=port) as opened:
        yield opened


async def kubeconfig(cloud: Cloud, uid: str) -> dict[str, Any]:
    path = f"{cloud.project}/clusters/{uid}/clustercert"
    found: dict[str, Any] = await cloud.call("POST", path, {"duration": 1}, expect=200)
    return found


def context_of(config: dict[str, Any], *, anonymous: bool = False) -> ssl.SSLContext:
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(
        cadata=b64decode(cluster["certificate-authority-data"]).decode()
    )
    if not anonymous:
        pair = [b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")]
        with NamedTemporaryFile("wb") as file:
            file.write(b"".join(pair))
            file.flush()
            context.load_cert_chain(file.name)
    return context


async def ask(
    config: dict[str, Any], path: str = NODES, *, name: str = "", anonymous: bool = False
) -> httpx.Response:
    """What a holder of a kubeconfig is answered."""
    cluster = config["clusters"][0]["cluster"]
    context = context_of(config, anonymous=anonymous)
    extensions = {"sni_hostname": name or cluster["tls-server-name"]}
    async with httpx.AsyncClient(verify=context, base_url=cluster["server"]) as client:
        return await client.get(path, extensions=extensions)


async def test_kubectl_gets_the_nodes_of_the_api_until_its_certificate_is_revoked(
    cloud: Cloud, tmp_path: Path
) -> None:
    uid = await cloud.cluster()
    place = f"{cloud.project}/clusters/{uid}"
    made = await cloud.call("POST", f"{place}/nodes", node(count=2), expect=201)
    job = f"{cloud.project}/jobs/{made['status']['jobID']}"
    await cloud.until(job, "status.phase", "Success")
    listed = await cloud.call("GET", f"{place}/nodes", expect=200)
    addresses = {each["status"]["privateIP"] for each in listed["items"]}
    config = await kubeconfig(cloud, uid)

    found = await ask(config)
    printed = await kubectl(tmp_path, config, "get", "nodes", "--output=name")
    allowed = await kubectl(tmp_path, config, "auth", "can-i", "create", "namespaces")
    await cloud.call(
        "POST", f"{place}/clustercertrevoke", {"userId": cloud.account["user_id"]}, expect=200
    )
    refused = await ask(config)

    assert config["clusters"][0]["cluster"]["tls-server-name"] == uid
    assert {each["metadata"]["name"] for each in found.json()["items"]} == addresses
    assert printed is None or printed == {f"node/{address}" for address in addresses}
    assert allowed is None or "yes" in allowed
    assert (refused.status_code, refused.json()["reason"]) == (401, "Unauthorized")
    assert (await ask(await kubeconfig(cloud, uid))).status_code == 200


async def kubectl(folder: Path, config: dict[str, Any], *words: str) -> set[str] | None:
    """The lines that the program prints; None where it is not on this host."""
    program = shutil.which("kubectl")
    if program is None:
        return None
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    process = await asyncio.create_subprocess_exec(
        program,
        f"--kubeconfig={path}",
        *words,
        stdout=asyncio.subprocess.PIPE,
        env={"HOME": str(folder)},
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return set(printed.decode().split())


async def test_nobody_comes_in_without_a_certificate_of_the_cluster(cloud: Cloud) -> None:
    one, other = await cloud.cluster(), await cloud.cluster()
    mine, theirs = await kubeconfig(cloud, one), await kubeconfig(cloud, other)
    mixed = theirs | {"users": mine["users"]}

    anonymous = await ask(mine, anonymous=True)

    assert (anonymous.status_code, anonymous.json()["kind"]) == (401, "Status")
    with pytest.raises(REFUSED):  # TLS itself refuses another authority's certificate
        await ask(mixed)
    with pytest.raises(REFUSED):
        await ask(mine, name="0" * 8)
    with pytest.raises(REFUSED):  # and clients refuse another cluster's
        await ask(mine, name=other)


async def test_requests_follow_one_another_and_broken_ones_end_the_visit(cloud: Cloud) -> None:
    config = await kubeconfig(cloud, await cloud.cluster())
    cluster = config["clusters"][0]["cluster"]
    extensions = {"sni_hostname": cluster["tls-server-name"]}
    async with httpx.AsyncClient(verify=context_of(config), base_url=cluster["server"]) as client:
        codes = [
            (await client.get(path, extensions=extensions)).status_code
            for path in (NODES, "/version", "/api/v1/pods", NODES)
        ]
        large = await client.post(
            "/api/v1/namespaces", content=b"x" * (2 << 20), extensions=extensions
        )
    url = httpx.URL(cluster["server"])
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")

    assert codes == [200, 200, 404, 200]
    assert large.status_code == 413
    assert await reader.read() == b""
    writer.close()


def hello(config: dict[str, Any]) -> bytes:
    """The first record of a client."""
    name = config["clusters"][0]["cluster"]["tls-server-name"]
    sent = ssl.MemoryBIO()
    client = context_of(config).wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


def in_records(record: bytes, most: int) -> bytes:
    """A record's bytes again, in records of ``most`` bytes."""
    message = record[5:]
    pieces = [message[at : at + most] for at in range(0, len(message), most)]
    return b"".join(record[:3] + len(each).to_bytes(2) + each for each in pieces)


async def knock(config: dict[str, Any], sent: bytes, *, at_a_time: int) -> bytes:
    """The head of the first record that comes back; nothing where the door is closed."""
    url = httpx.URL(config["clusters"][0]["cluster"]["server"])
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        for at in range(0, len(sent), at_a_time):
            writer.write(sent[at : at + at_a_time])
            await asyncio.sleep(0)
        return await reader.read(3)
    finally:
        writer.close()


@pytest.mark.parametrize("most", [1 << 14, 100, 3])
async def test_a_first_message_is_looked_at_once_in_however_many_pieces(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    config = await kubeconfig(cloud, await cloud.cluster())
    sent = in_records(hello(config), most)
    begun: list[ssl.SSLContext] = []
    wrap = ssl.SSLContext.wrap_bio

    def noted(self: ssl.SSLContext, *buffers: Any, **options: Any) -> ssl.SSLObject:
        begun.append(self)
        return wrap(self, *buffers, **options)

    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", noted)
    answers = [await knock(config, sent, at_a_time=each) for each in (1, len(sent))]

    assert [answer[:2] for answer in answers] == [b"\x16\x03"] * 2
    assert len(begun) == 4  # each time a look for the name, and the handshake itself
    assert len(set(begun)) == 2


@pytest.mark.parametrize(
    "sent",
    [
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x16\x02\x00\x00\x04\x01\x00\x00\x00",
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
    ],
    ids=["alert", "old", "empty", "long record", "long message", "nothing", "no hello"],
)
async def test_what_is_no_first_message_ends_the_visit_at_once(cloud: Cloud, sent: bytes) -> None:
    config = await kubeconfig(cloud, await cloud.cluster())
    async with asyncio.timeout(HANDSHAKE_SECONDS / 2):
        assert await knock(config, sent, at_a_time=len(sent)) == b""


async def test_a_visitor_is_let_go_while_the_database_is_away(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = await kubeconfig(cloud, await cloud.cluster())

    async def away(*_: Any) -> None:
        raise StorageUnavailable("The server is starting up.")

    with monkeypatch.context() as patch, caplog.at_level("WARNING"):
        patch.setattr(SimulatedDoors, "context", away)
        met = await knock(config, hello(config), at_a_time=1 << 14)
    with monkeypatch.context() as patch, caplog.at_level("WARNING"):
        patch.setattr(SimulatedDoors, "holder", away)
        unheld = await ask(config)

    assert met == b""
    assert (unheld.status_code, unheld.json()["kind"]) == (503, "Status")
    assert not caplog.records
    assert (await ask(config)).status_code == 200
