"""What is asked for twice under one ``Idempotency-Key`` is done once, and answered alike."""

import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from clusterwright import clock
from clusterwright.storage.database import Database
from clusterwright.web import idempotency, store
from tests.api.cloud import Cloud, cluster, unique
from tests.api.test_access import policy

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ask(cloud: Cloud, path: str, body: Any, key: str | list[str]) -> httpx.Response:
    """A POST under a key."""
    keys = [key] if isinstance(key, str) else key
    headers = [(b"Idempotency-Key", each.encode("latin-1")) for each in keys]
    return await cloud.client.post(path, json=body, headers=headers)


def told(answer: httpx.Response) -> tuple[int, bytes]:
    """What two answers that are alike have in common."""
    return answer.status_code, answer.content


async def names(cloud: Cloud) -> list[str]:
    """Of the project's clusters."""
    found = await cloud.call("GET", f"{cloud.project}/clusters", expect=200)
    return [one["metadata"]["name"] for one in found["items"]]


async def test_the_same_request_is_done_once_and_answered_alike(shared_cloud: Cloud) -> None:
    body, key = cluster(unique("twice")), unique("key")

    first = await ask(shared_cloud, f"{shared_cloud.project}/clusters", body, key)
    second = await ask(shared_cloud, f"{shared_cloud.project}/clusters", body, key)

    assert first.status_code == 201
    assert told(second) == told(first)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert (await names(shared_cloud)).count(body["metadata"]["name"]) == 1


async def test_without_a_key_it_is_another_request(shared_cloud: Cloud) -> None:
    body = cluster(unique("plain"))

    await shared_cloud.call("POST", f"{shared_cloud.project}/clusters", body, expect=201)

    await shared_cloud.call("POST", f"{shared_cloud.project}/clusters", body, expect=409)


async def test_many_at_once_are_one(shared_cloud: Cloud) -> None:
    body, key = cluster(unique("crowd")), unique("key")
    path = f"{shared_cloud.project}/clusters"

    answers = await asyncio.gather(*(ask(shared_cloud, path, body, key) for _ in range(8)))

    assert {told(answer) for answer in answers} == {told(answers[0])}
    assert answers[0].status_code == 201
    assert (await names(shared_cloud)).count(body["metadata"]["name"]) == 1


@pytest.mark.parametrize("other", ["body", "query", "path"])
async def test_something_else_under_the_key_is_refused(shared_cloud: Cloud, other: str) -> None:
    path, body, key = f"{shared_cloud.project}/clusters", cluster(unique("else")), unique("key")
    await ask(shared_cloud, path, body, key)
    before = await names(shared_cloud)
    if other == "body":
        body = cluster(unique("else"))
    elif other == "query":
        path += "?detail=true"
    else:
        path = "/api/v3/access-policies"

    answer = await ask(shared_cloud, path, body, key)

    assert answer.status_code == 422
    assert answer.json()["errorCode"] == "CCE.01422001"
    assert key in answer.json()["error_msg"]
    assert await names(shared_cloud) == before


async def test_a_refusal_is_not_kept(shared_cloud: Cloud) -> None:
    path, key = f"{shared_cloud.project}/clusters", unique("key")
    refused = await ask(shared_cloud, path, cluster("No Name"), key)

    mended = await ask(shared_cloud, path, cluster(unique("mended")), key)

    assert (refused.status_code, mended.status_code) == (400, 201)


async def test_what_is_refused_inside_its_transaction_is_not_kept(shared_cloud: Cloud) -> None:
    path, key, body = f"{shared_cloud.project}/clusters", unique("key"), cluster(unique("taken"))
    await shared_cloud.call("POST", path, body, expect=201)
    refused = await ask(shared_cloud, path, body, key)

    mended = await ask(shared_cloud, path, cluster(unique("mended")), key)

    assert (refused.status_code, mended.status_code) == (409, 201)


@pytest.mark.parametrize(
    "key",
    ["", "two words", "tab\tkey", "x" * 256, ["one", "two"], "k\u00e9y".encode().decode("latin-1")],
)
async def test_a_key_that_is_none_is_refused(shared_cloud: Cloud, key: str | list[str]) -> None:
    answer = await ask(shared_cloud, f"{shared_cloud.project}/clusters", cluster("x"), key)

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error_msg"]


async def test_the_longest_key_is_one(shared_cloud: Cloud) -> None:
    body = cluster(unique("long"))

    answer = await ask(
        shared_cloud, f"{shared_cloud.project}/clusters", body, f"{unique('~'):!<255}"
    )

    assert answer.status_code == 201


async def test_answers_with_secrets_are_kept_sealed(
    shared_cloud: Cloud, shared_database: str
) -> None:
    uid, key = await shared_cloud.cluster(), unique("key")
    path = f"{shared_cloud.project}/clusters/{uid}/clustercert"

    first = await ask(shared_cloud, path, {"duration": 1}, key)
    second = await ask(shared_cloud, path, {"duration": 1}, key)

    assert told(first) == told(second)
    assert b"client-key-data" in first.content
    database = Database(shared_database)
    async with database.reading() as tx:
        kept = (await tx.execute(sa.select(store.keys.c.answer))).scalars().all()
    await database.dispose()
    assert kept
    assert not any(b"client-key-data" in answer for answer in kept)


async def test_temporary_keys_are_made_once(shared_cloud: Cloud) -> None:
    key = unique("key")
    body = {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 900}}}}
    path = "/v3.0/OS-CREDENTIAL/securitytokens"

    first, second = [await ask(shared_cloud, path, body, key) for _ in range(2)]

    assert first.status_code == 201
    assert told(first) == told(second)


async def test_an_answer_is_forgotten_after_a_day(
    shared_cloud: Cloud, shared_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, key = "/api/v3/access-policies", unique("key")
    body = policy(name=unique("policy"))
    first = await ask(shared_cloud, path, body, key)
    assert first.status_code == 201, first.text
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 24 * 3600 * 1_000_000_000 + 1)

    second = await ask(shared_cloud, path, policy(name=unique("policy")), key)

    assert second.status_code == 201
    assert second.json() != first.json()
    database = Database(shared_database)
    await idempotency.Keys(database, bytes, bytes).purge()
    async with database.reading() as tx:
        kept = (await tx.execute(sa.select(store.keys.c.key))).scalars().all()
    await database.dispose()
    assert kept == [key]
