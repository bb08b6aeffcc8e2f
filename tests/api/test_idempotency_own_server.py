"""Keys of requests where a test needs a server of its own."""

import asyncio
import inspect
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from clusterwright.storage import inline
from clusterwright.web import idempotency, store
from clusterwright.web.routes import Route, database, database_at_once
from tests import postgresql
from tests.api import whole_life
from tests.api.cloud import Cloud, cluster, open_cloud, unique
from tests.api.test_idempotency import ask, names, told
from tests.architecture.routes import ROUTES, called
from tests.lock_order import watched

NEVER_TWICE = ("/v3/auth/tokens", "/password")
"""Who signs in is nobody yet, and who changes the password ends the token that would ask again."""


async def test_every_operation_is_done_once_under_a_key(
    tmp_path: Path, postgresql_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: set[str] = set()
    faults = tmp_path / "faults.yaml"
    faults.write_text(whole_life.FAULTS)

    async def twice(client: httpx.AsyncClient, method: str, url: Any, **options: Any) -> Any:
        # Kubernetes itself, on a cluster's own host, knows no such key.
        own_host = "Host" in (options.get("headers") or {})
        if method != "POST" or own_host or str(url).endswith(NEVER_TWICE):
            return await request(client, method, url, **options)
        options["headers"] = dict(options.get("headers") or {}) | {"Idempotency-Key": unique("key")}
        first, *others = await asyncio.gather(
            *(request(client, method, url, **options) for _ in range(2))
        )
        others.append(await request(client, method, url, **options))
        if first.status_code < 400 and "X-Auth-Token" in client.headers:
            assert {told(other) for other in others} == {told(first)}
            assert others[-1].headers["Idempotent-Replayed"] == "true"
            done.add(httpx.URL(url).path)
        return first

    with postgresql.fresh_database(postgresql_server) as url, watched(monkeypatch) as order:
        async with open_cloud(tmp_path, database=url, faults=faults) as cloud:
            request = httpx.AsyncClient.request
            with monkeypatch.context() as patch:
                patch.setattr(httpx.AsyncClient, "request", twice)
                await whole_life.live(cloud)

    found = [*order.circles(), *order.upgrades]
    assert not found, "\n".join(found)
    writing = {
        route.endpoint.__qualname__: any(
            twin.path_regex.match(path)
            for twin in ROUTES
            for path in done
            if twin.endpoint.__qualname__ == route.endpoint.__qualname__
        )
        for route in ROUTES
        if "POST" in (route.methods or ()) and ".transaction()" in inspect.getsource(route.endpoint)
    }
    assert len(writing) > 40
    assert [name for name, was_asked in writing.items() if not was_asked] == []


def test_every_route_that_writes_does_so_in_the_transaction_of_its_key() -> None:
    apart = {
        "CancelJob": "asking again changes nothing, and its answer is read afterwards",
        "ResumeJob": "each time the same job answers",
        "RevokeKubernetesClusterCert": "the driver ends credentials when the revocation is kept",
        "AssumeAgencyForPodIdentity": "a key that was never received ends by itself",
    }
    posts = [route for route in ROUTES if "POST" in (route.methods or ())]

    for route in posts:
        asked = set(called(route))
        writes = ".transaction()" in inspect.getsource(route.endpoint)
        assert isinstance(route, Route)
        if writes or database_at_once in asked:
            assert (database in asked) or str(route.operation_id) in apart
            assert database not in asked or database_at_once not in asked


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """A server of one test."""
    async with open_cloud(tmp_path) as cloud:
        yield cloud


async def test_a_user_has_so_many_keys_and_no_more(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MOST_KEYS", 1)
    path = f"{cloud.project}/clusters"
    await ask(cloud, path, cluster("first"), "first")

    answer = await ask(cloud, path, cluster("second"), "second")

    assert answer.status_code == 429
    assert answer.json()["errorCode"] == "CCE.01429004"
    assert await names(cloud) == ["first"]


async def test_who_asks_while_the_database_is_locked_is_told_to_ask_again_under_the_same_key(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{cloud.project}/clusters"
    other = sqlite3.connect(tmp_path / "data" / "clusterwright.db", isolation_level=None)
    with closing(other), monkeypatch.context() as patch:
        patch.setattr(inline, "BUSY_TIMEOUT", 1)
        other.execute("BEGIN IMMEDIATE")
        busy = await ask(cloud, path, cluster("later"), "key")
        other.execute("ROLLBACK")

    again = await ask(cloud, path, cluster("later"), "key")

    assert (busy.status_code, again.status_code) == (503, 201), busy.text
    assert "Idempotent-Replayed" not in again.headers


async def test_a_process_that_dies_has_done_both_or_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    async with open_cloud(tmp_path) as cloud:
        path = f"{cloud.project}/clusters"
        with monkeypatch.context() as patch:
            patch.setattr(store, "keep", dies)
            with pytest.raises(asyncio.CancelledError):
                await ask(cloud, path, cluster("dies"), "key")
        neither = await names(cloud)
        first = await ask(cloud, path, cluster("dies"), "key")
        with sqlite3.connect(tmp_path / "data" / "clusterwright.db") as seen:
            [(both,)] = seen.execute("SELECT count(*) FROM idempotency_keys").fetchall()
    async with open_cloud(tmp_path) as cloud:
        second = await ask(cloud, path, cluster("dies"), "key")

    assert (neither, both) == ([], 1)
    assert told(second) == told(first)
