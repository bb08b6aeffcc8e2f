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
