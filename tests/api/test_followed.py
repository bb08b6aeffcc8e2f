"""Logs and watches of real clusters, as they come: they last as long as their caller may look."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from clusterwright.cce.inside import api, proxy
from tests.api.cloud import sign_in
from tests.api.relayed import MISSING, Host, followed, open_host
from tests.kit import until_async

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    """A server whose clusters' API servers are one of ours."""
    async with open_host(tmp_path_factory.mktemp("relay")) as host:
        yield host


async def test_a_log_is_followed_until_its_token_ends(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "CONFIRMING_SECONDS", 0.1)
    token = await sign_in(host.cloud.client, host.cloud.account)

    async with followed(host, {"X-Auth-Token": token}) as pieces:
        assert await anext(pieces) == "line\n"
        await host.cloud.call(
            "DELETE", "/v3/auth/tokens", expect=204, headers={"X-Subject-Token": token}
        )
        assert [piece async for piece in pieces] == []


async def test_a_watch_has_begun_before_anything_happens(host: Host) -> None:
    async with asyncio.timeout(20), followed(host, {}, pod="quiet"):
        pass


async def test_a_watch_goes_on_however_many_other_users_come(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "MOST_CLIENTS", 1)
    own = host.behind.kubeconfig
    others = [replace(own, client_key=own.client_key + "\n" * each) for each in (1, 2)]

    async with asyncio.timeout(20), followed(host, {}, pod="told") as pieces:
        host.behind.lines.put_nowait(b"one")
        assert await anext(pieces) == "one"
        for other in others:
            monkeypatch.setattr(host.behind, "kubeconfig", other)
            missing = await host.cloud.client.get(MISSING, headers=host.headers)
            assert missing.status_code == 404
        host.behind.lines.put_nowait(b"two")
        assert await anext(pieces) == "two"
        host.behind.lines.put_nowait(b"")
        assert [piece async for piece in pieces] == []


async def test_a_frozen_api_server_holds_no_requests(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until_async("a connection stays", lambda: not host.behind.visits)
    monkeypatch.setattr(proxy, "HEAD_SECONDS", 0.1)
    frozen = "/api/v1/namespaces/default/pods/frozen/status"

    async with asyncio.timeout(20), followed(host, {}, pod="told") as pieces:
        answers = [
            await host.cloud.client.get(frozen + query, headers=host.headers)
            for query in ("", "?watch=true", "?follow=false")
        ]
        await until_async("requests stay", lambda: len(host.behind.visits) == 1)
        host.behind.lines.put_nowait(b"late")
        assert await anext(pieces) == "late"
        host.behind.lines.put_nowait(b"")

    assert {(each.status_code, each.json()["reason"]) for each in answers} == {(504, "Timeout")}


async def test_a_log_may_have_its_first_line_late(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "HEAD_SECONDS", 0.1)
    frozen = "/api/v1/namespaces/default/pods/frozen/log"

    log = asyncio.create_task(host.cloud.client.get(f"{frozen}?follow=true", headers=host.headers))
    other = await host.cloud.client.get(f"{frozen}?sinceSeconds=1", headers=host.headers)

    assert other.status_code == 504
    assert not log.done()
    await until_async("nobody asks", lambda: host.behind.visits)
    for visit in host.behind.visits:
        visit.cancel()
    assert (await log).status_code == 503
