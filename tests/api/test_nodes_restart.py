"""Nodes and pools are what they were when the server comes back."""

import asyncio
from pathlib import Path
from typing import Any

from tests.api.cloud import Cloud, open_cloud
from tests.api.nodes_examples import add_pool, members


async def state(cloud: Cloud, url: str) -> list[Any]:
    """Everything that clients see of a pool."""
    paths = (url, f"{url}/configuration")
    return [await members(cloud, url), *[await cloud.call("GET", p, expect=200) for p in paths]]


async def made(folder: Path) -> tuple[str, list[Any]]:
    async with open_cloud(folder) as cloud:
        url = await add_pool(cloud, f"{cloud.project}/clusters/{await cloud.cluster()}", size=2)
        return url, await state(cloud, url)


async def read_again(folder: Path, url: str) -> list[Any]:
    async with open_cloud(folder) as cloud:
        return await state(cloud, url)


def test_nodes_and_pools_are_remembered_across_a_restart(tmp_path: Path) -> None:
    url, before = asyncio.run(made(tmp_path))

    assert asyncio.run(read_again(tmp_path, url)) == before
