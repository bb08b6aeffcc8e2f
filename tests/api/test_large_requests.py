"""Nobody's large request stops the others: what one turn of the event loop does stays bounded.

Rows are counted, not seconds, so a busy machine changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
import sqlalchemy as sa

from clusterwright.web.asgi import Message, Receive, Scope, Send
from tests.api.cloud import Cloud, open_cloud
from tests.api.nodes_examples import job, node, pool

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW, MANY = 10, 100


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A whole server on SQLite, whose statements run in the event loop."""
    async with open_cloud(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


class Turns:
    """Counts the rows that the loop's statements are about, turn by turn."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0

    def count(self, _c: Any, _cursor: Any, _s: str, parameters: Any, _x: Any, many: bool) -> None:
        self._now += len(parameters) if many else 1
        self.most = max(self.most, self._now)

    def begin(self) -> None:
        self._now = 0


@contextmanager
def turns() -> Iterator[Turns]:
    """Counts during the block. A turn begins where the loop looks for what has happened."""
    counted = Turns()
    loop: Any = asyncio.get_running_loop()
    selector = loop._selector
    looking = selector.select

    def look(timeout: float | None = None) -> Any:
        counted.begin()
        return looking(timeout)

    selector.select = look
    sa.event.listen(sa.Engine, "before_cursor_execute", counted.count)
    yield counted
    sa.event.remove(sa.Engine, "before_cursor_execute", counted.count)
    selector.select = looking


async def life(cloud: Cloud, count: int) -> int:
    """Nodes and a pool of nodes come and go; returns the most that one turn had to do."""
    cluster = f"{cloud.project}/clusters/{await cloud.cluster(flavor='cce.s2.xlarge')}"
    with turns() as counted:
        made = await cloud.call("POST", f"{cluster}/nodes", node(count=count), expect=201)
        await job(cloud, made["status"]["jobID"])
        listed = await cloud.call("GET", f"{cluster}/nodes", expect=200)
        assert len(listed["items"]) == count
        kept = await cloud.call("POST", f"{cluster}/nodepools", pool(size=count), expect=201)
        address = f"{cluster}/nodepools/{kept['metadata']['uid']}"
        await cloud.until(address, "status.phase", "")
        await cloud.call("DELETE", address, expect=200)
        await cloud.until_gone(address)
    return counted.most


async def test_a_turn_of_the_loop_does_no_more_for_many_nodes_than_for_few(cloud: Cloud) -> None:
    few = await life(cloud, FEW)

    many = await life(cloud, MANY)

    assert many <= 4 * few, f"{few} rows in a turn for {FEW} nodes, {many} for {MANY}"


async def test_a_list_of_jobs_leaves_in_parts_that_make_up_its_declared_length(
    cloud: Cloud,
) -> None:
    cluster = f"{cloud.project}/clusters/{await cloud.cluster(flavor='cce.s2.xlarge')}"
    made = await cloud.call("POST", f"{cluster}/nodes", node(count=5 * MANY), expect=201)
    await job(cloud, made["status"]["jobID"])
    sent = Sent()

    answer = await sent.get(cloud, f"{cloud.project}/jobs".replace("/v3/", "/v2/"))

    assert int(answer.headers["content-length"]) == sum(sent.sizes) == len(answer.content)
    assert max(sent.sizes) < len(answer.content) / 2


class Sent:
    """Tells in what parts an application sends the body of an answer."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def get(self, cloud: Cloud, path: str) -> httpx.Response:
        """Read a path."""

        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                self.sizes.append(len(message.get("body", b"")))
                await send(message)

            await cloud.app(scope, receive, note)

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(noted),
            base_url="http://test",
            headers=cloud.client.headers,
        ) as client:
            return await client.get(path)
