"""Answers are kept until anything is written, and are those that would be given anew."""

import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.cloud import Cloud, open_cloud, unique
from tests.api.nodes_examples import add_nodes
from tests.api.test_at_hand import at_hand, make_known, send, signed, with_token

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with open_cloud(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def paths(cloud: Cloud) -> list[str]:
    """All clusters, one of them, its nodes, and one of those."""
    cluster = f"{cloud.project}/clusters/{await cloud.cluster()}"
    [node] = await add_nodes(cloud, cluster)
    nodes = f"{cluster}/nodes"
    return [f"{cloud.project}/clusters", cluster, nodes, f"{nodes}/{node['metadata']['uid']}"]


async def test_what_was_answered_is_at_hand_by_token_and_by_signature(
    cloud: Cloud, paths: list[str]
) -> None:
    for path in paths:
        for ask in (with_token, signed):
            await make_known(cloud, ask, path)

            assert at_hand(cloud, ask(cloud, path)) == await send(cloud, ask(cloud, path))


async def test_nothing_is_at_hand_after_a_write(cloud: Cloud, paths: list[str]) -> None:
    for path in paths:
        await make_known(cloud, with_token, path)

    name = {"metadata": {"name": unique("renamed")}}
    await cloud.call("PUT", paths[-1], name, expect=200)

    assert [at_hand(cloud, with_token(cloud, path)) for path in paths] == [None] * 4


@pytest.mark.parametrize("seed", range(5))
async def test_what_is_at_hand_is_never_older_than_the_rows(
    cloud: Cloud, paths: list[str], seed: int
) -> None:
    draw = random.Random(seed)
    for _ in range(30):
        path = draw.choice(paths)
        if draw.random() < 0.3:
            name = {"metadata": {"name": unique("renamed")}}
            await cloud.call("PUT", paths[-1], name, expect=200)

        found = at_hand(cloud, with_token(cloud, path))

        assert found in (None, await send(cloud, with_token(cloud, path)))


async def test_refusals_and_other_paths_are_never_at_hand(cloud: Cloud, paths: list[str]) -> None:
    beside = [f"{paths[1]}x", f"{paths[2]}/x", f"{paths[1]}/nodepools", f"{paths[1]}/nodes/"]
    for path in beside:
        await cloud.client.get(path)

    assert [at_hand(cloud, with_token(cloud, path)) for path in beside] == [None] * 4


async def test_an_answer_is_for_callers_of_its_project_alone(
    cloud: Cloud, paths: list[str]
) -> None:
    await make_known(cloud, with_token, paths[1])

    other = with_token(cloud, paths[1].replace("/projects/", "/projects/x"))

    assert at_hand(cloud, other) is None
