"""How a server gives the console away: cached, packed, and with a policy that trusts only it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from clusterwright.web.asgi import Receive, Scope, Send
from clusterwright.web.console import Console
from clusterwright.web.edge import Edge

PAGE = b"<!doctype html><title>Console</title>"
SCRIPT = b"console.log(1)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves: a page, a hashed script and its packed twins."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (assets / "index-abc.js").write_bytes(SCRIPT)
    (assets / "index-abc.js.br").write_bytes(b"br")
    (assets / "index-abc.js.gz").write_bytes(b"gz")
    return tmp_path


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an edge that has the console and nothing else."""

    async def nothing(*_: object) -> None:
        raise AssertionError("The console was asked.")

    edge = Edge(nothing, body_limit=1024, hot=[Console(folder)])
    transport = httpx.ASGITransport(app=edge)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
        yield client


@pytest.mark.parametrize("path", ["/console/", "/console/jobs/1", "/console/clusters/a?tab=nodes"])
async def test_every_page_is_the_same_file_and_never_kept(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)

    assert answer.content == PAGE
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert len(answer.headers["X-Request-Id"]) == 32


async def test_the_policy_allows_this_origin_and_nothing_inline(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/console/")).headers["Content-Security-Policy"]

    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("require-trusted-types-for") == "'script'"
    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
    assert set(rules.values()) == {"'none'", "'self'"}


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [
        ("gzip, deflate, br", "br", b"br"),
        ("gzip", "gzip", b"gz"),
        ("identity", None, SCRIPT),
    ],
)
async def test_a_script_comes_as_packed_beforehand_and_is_kept_for_good(
    client: httpx.AsyncClient, accepted: str, encoding: str | None, body: bytes
) -> None:
    request = client.build_request(
        "GET", "/console/assets/index-abc.js", headers={"Accept-Encoding": accepted}
    )
    answer = await client.send(request, stream=True)

    assert b"".join([part async for part in answer.aiter_raw()]) == body
    assert answer.headers.get("Content-Encoding") == encoding
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Vary"] == "accept-encoding"


@pytest.mark.parametrize("name", ["assets/index-old.js", "assets/none", "icon.png"])
async def test_a_file_that_is_not_there_is_no_page(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/console/{name}")

    assert answer.status_code == 404
    assert name in answer.json()["error_msg"]


async def test_the_address_without_its_slash_leads_on(client: httpx.AsyncClient) -> None:
    answer = await client.get("/console", follow_redirects=True)

    assert answer.url.path == "/console/"
    assert answer.content == PAGE


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """What is behind the edge when nothing is."""


async def test_a_server_without_the_console_says_how_to_build_it(tmp_path: Path) -> None:
    edge = Edge(nobody, body_limit=1, hot=[Console(tmp_path)])
    transport = httpx.ASGITransport(app=edge)

    async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
        answer = await client.get("/console/")

    assert answer.status_code == 404
    assert "make install" in answer.json()["error_msg"]
