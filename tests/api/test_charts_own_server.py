"""Charts on servers with settings of their own: quota, size, and what a restart leaves."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import packages
from tests.api.cloud import Cloud, open_cloud
from tests.api.test_charts import CHARTS, send

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_charts_outlive_the_server_that_took_them(tmp_path: Path) -> None:
    content = packages.chart("lasting")
    async with open_cloud(tmp_path) as cloud:
        made = await send(cloud, content, expect=201)

    async with open_cloud(tmp_path) as cloud:
        found = await cloud.client.get(f"{CHARTS}/{made['id']}/archive")

    assert found.content == content


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def narrow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    """A server with little room for charts."""
    folder = tmp_path_factory.mktemp("narrow")
    async with open_cloud(folder, chart_quota=2, chart_limit=64 * 1024) as cloud:
        yield cloud


async def test_a_project_keeps_as_many_charts_as_its_quota(narrow: Cloud) -> None:
    quotas = f"{CHARTS}/{narrow.account['project_id']}/quotas"
    for version in ("1.0.0", "1.1.0"):
        await send(narrow, packages.chart("counted", version), expect=201)

    refused = await send(narrow, packages.chart("counted", "1.2.0"), expect=400)
    again = packages.chart("counted", "1.1.0", greeting="again")
    await send(narrow, again, parameters='{"override":true}', expect=201)

    assert refused["errorCode"] == "CCE.01400019"
    told = {"quotas": {"resources": [{"type": "Charts", "quota": 2, "used": 2}]}}
    assert await narrow.call("GET", quotas, expect=200) == told
    assert await narrow.call("GET", f"/autopilot{quotas}", expect=200) == told


@pytest.mark.parametrize("size", [64 * 1024 + 1, 200 * 1024, 2 * 1024 * 1024])
async def test_an_archive_over_the_limit_is_refused_by_its_size(narrow: Cloud, size: int) -> None:
    refused = await send(narrow, b"\0" * size, expect=413)

    assert refused["error_code"] == "APIGW.0201"
