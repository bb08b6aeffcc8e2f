"""A project has so much: counted on a server of its own, where nothing is on its way out."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import httpx
import pytest

from clusterwright.storage import limits
from clusterwright.webhooks import store as webhooks
from tests import postgresql
from tests.api.cloud import cluster, open_cloud, unique
from tests.api.test_image_caches import CACHES, pilot, wanted
from tests.api.test_inside import NAMESPACES
from tests.api.test_live import extension
from tests.api.test_pod_identities import inside

QUOTA = 3
CROWD = 12


async def test_clusters_are_refused_at_the_quota(database_url: str, tmp_path: Path) -> None:
    async with open_cloud(tmp_path, database=database_url, cluster_quota=QUOTA) as cloud:
        path = f"{cloud.project}/clusters"
        for _ in range(QUOTA):
            await cloud.call("POST", path, cluster(unique("c")), expect=201)

        refusal = await cloud.call("POST", path, cluster(unique("c")), expect=400)

        assert refusal["errorCode"] == "CCE.01400007"
        assert len((await cloud.call("GET", path, expect=200))["items"]) == QUOTA


async def test_of_many_at_once_no_more_are_made_than_may_be(
    postgresql_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST", QUOTA)
    for most in ("MOST_FAULTS", "MOST_IMAGE_CACHES", "MOST_OBJECTS"):
        monkeypatch.setattr(limits, most, QUOTA)

    async def made(*answers: Awaitable[httpx.Response]) -> int:
        return [answer.status_code for answer in await asyncio.gather(*answers)].count(201)

    with postgresql.fresh_database(postgresql_server) as url:
        async with open_cloud(tmp_path, database=url, webhook_private_targets=True) as cloud:
            post, here, uid = cloud.client.post, extension(cloud), await cloud.cluster()
            pilots = [await pilot(cloud), await pilot(cloud)]
            hook, fault = {"url": "http://127.0.0.1:9/"}, {"step": "InstallMaster"}
            spaces = [{"metadata": {"name": unique("space")}} for _ in range(CROWD)]
            found = {
                "webhooks": await made(
                    *(post(f"{here}/webhooks", json=hook) for _ in range(CROWD))
                ),
                "faults": await made(*(post(f"{here}/faults", json=fault) for _ in range(CROWD))),
                "image caches": await made(
                    *(post(CACHES, json=wanted(each)) for each in pilots * (CROWD // 2))
                ),
                "namespaces": await made(
                    *(inside(cloud, uid, "POST", NAMESPACES, each) for each in spaces)
                ),
            }

    assert found == dict.fromkeys(found, QUOTA)
