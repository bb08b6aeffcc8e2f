"""Webhooks: every event arrives, signed, whoever was away meanwhile; and nothing goes astray."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks.webhooks import Webhook

from clusterwright import clock, ids
from clusterwright.iam.vault import Vault
from clusterwright.jobs import events
from clusterwright.jobs.positions import Position
from clusterwright.storage.database import Database
from clusterwright.webhooks import outbox, signing, store
from tests.api.cloud import Cloud, open_cloud, stranger
from tests.api.test_live import created, extension
from tests.kept import all_of, is_kept
from tests.kit import PATIENCE, until_async
from tests.receiver import Received, Receiver, receiving
from tests.server_process import KeptPort, free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(
    shared_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cloud]:
    """A server that sends to this host too, and tries again soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "PERIOD", 0.05)
        patch.setattr(outbox, "PAUSES", (0.1,) * 100)
        async with open_cloud(
            tmp_path_factory.mktemp("webhooks"),
            database=shared_database,
            cluster_quota=1000,
            webhook_private_targets=True,
        ) as cloud:
            yield cloud


async def registered(cloud: Cloud, url: str) -> Any:
    """A new webhook, with its secret."""
    return await cloud.call("POST", f"{extension(cloud)}/webhooks", {"url": url}, expect=201)


async def deliveries(cloud: Cloud, hook: Any) -> list[Any]:
    """What was sent or waits, oldest first, page by page."""
    path = f"{extension(cloud)}/webhooks/{hook['uid']}/deliveries"
    found: list[Any] = []
    marker: str | None = ""
    while marker is not None:
        page = await cloud.call("GET", f"{path}?limit=3&marker={marker}", expect=200)
        found += page["deliveries"]
        marker = page["nextMarker"]
    return found[::-1]


async def seen(cloud: Cloud, hook: Any, holds: Callable[[list[Any]], Any]) -> list[Any]:
    """The deliveries of a webhook, as soon as something holds for them."""

    async def look() -> list[Any] | None:
        found = await deliveries(cloud, hook)
        return found if holds(found) else None

    found: list[Any] = await until_async("they are as wanted", look)
    return found


def verified(secret: str, got: Received) -> Any:
    """The body of a message whose signature is right by the specification's own library."""
    return Webhook(secret).verify(got.body, got.headers)


def revisions(got: list[Received], job: str) -> list[int]:
    """The numbers of a job's events in the order of their arrival."""
    events = [json.loads(each.body)["data"] for each in got]
    return [event["revision"] for event in events if event["job"] == job]


async def test_every_event_arrives_as_a_signed_cloud_event(cloud: Cloud) -> None:
    with receiving() as receiver:
        hook = await registered(cloud, receiver.url)
        _, job = await created(cloud)
        told = await cloud.call("GET", f"{extension(cloud)}/jobs/{job}/events", expect=200)
        await until_async(
            "all have arrived", lambda: len(revisions(receiver.got, job)) >= len(told)
        )
        await until_async(
            "the last has arrived",
            lambda: revisions(receiver.got, job) == [e["revision"] for e in told["events"]],
        )
        await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)

    for event, got in zip(told["events"], receiver.got, strict=True):
        message = verified(hook["secret"], got)
        assert got.headers["content-type"] == "application/cloudevents+json"
        assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert got.headers["webhook-id"] == message["id"] == event["id"]
        assert message["specversion"] == "1.0"
        assert message["type"] == "clusterwright.job.changed"
        assert message["source"] == f"{extension(cloud)}/jobs/{job}"
        assert (message["subject"], message["time"]) == (job, event["at"])
        assert message["data"] == event


async def test_a_webhook_that_is_deleted_is_forgotten(cloud: Cloud) -> None:
    outboxes = all_of(outbox.Outbox)
    hook = await registered(cloud, f"http://127.0.0.1:{free_port()}/")

    def is_known() -> bool:
        return is_kept(hook["uid"], *(each._nothing for each in outboxes))

    await until_async("it is looked after", is_known)

    await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)

    await until_async("it is forgotten", lambda: not is_known())


async def test_a_receiver_that_was_away_gets_everything(cloud: Cloud) -> None:
    kept = KeptPort()
    port = kept.number
    hook = await registered(cloud, f"http://127.0.0.1:{port}/")
    _, job = await created(cloud)
    await seen(cloud, hook, lambda found: any(one["attempts"] > 1 for one in found))
    shown = await cloud.call("GET", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=200)
    assert shown["failures"] >= 1
    assert "secret" not in shown

    with receiving(port, status=503) as receiver:
        await until_async("it has been asked", lambda: len(receiver.got) > 2)
        receiver.status = 200
        receiver.got.clear()
        told = await cloud.call("GET", f"{extension(cloud)}/jobs/{job}/events", expect=200)
        wanted = [event["revision"] for event in told["events"]]
        await until_async(
            "all arrived", lambda: sorted(set(revisions(receiver.got, job))) == wanted
        )
        for got in receiver.got:
            verified(hook["secret"], got)
        found = await seen(
            cloud, hook, lambda found: {one["state"] for one in found} == {"delivered"}
        )
    assert [one["event"] for one in found] == [event["id"] for event in told["events"]]
    assert all(one["status"] == 200 and one["deliveredAt"] for one in found)
    await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)


async def test_what_was_delivered_is_sent_again_on_demand(cloud: Cloud) -> None:
    with receiving() as receiver:
        hook = await registered(cloud, receiver.url)
        await created(cloud)
        path = f"{extension(cloud)}/webhooks/{hook['uid']}/deliveries"
        found = await seen(cloud, hook, lambda found: found and found[0]["state"] == "delivered")
        ids = [each.headers["webhook-id"] for each in receiver.got]

        again = await cloud.call("POST", f"{path}/{found[0]['uid']}/resend", {}, expect=202)

        assert (again["state"], again["event"]) == ("waiting", found[0]["event"])
        first = found[0]["event"]
        await until_async(
            "it came again",
            lambda: (
                [each.headers["webhook-id"] for each in receiver.got].count(first)
                > ids.count(first)
            ),
        )
        await cloud.call("POST", f"{path}/nobody/resend", {}, expect=404)
        await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)


async def test_a_redirect_is_not_followed(cloud: Cloud) -> None:
    with receiving() as other, receiving(status=307, location=other.url) as receiver:
        hook = await registered(cloud, receiver.url)
        await created(cloud)
        await seen(cloud, hook, lambda found: any(one["error"] for one in found))
        await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)

        assert receiver.got
        assert not other.got


async def test_a_receiver_that_never_takes_an_event_is_given_up(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAUSES", (0.01, 0.01))
    with receiving(status=400, size=1_000_000) as receiver:
        hook = await registered(cloud, receiver.url)
        await created(cloud)
        found = await seen(cloud, hook, lambda found: found and found[0]["state"] == "failed")
        await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)

    assert (found[0]["attempts"], found[0]["status"], found[0]["nextAt"]) == (3, 400, None)
    assert "400" in found[0]["error"]


async def test_a_webhook_is_of_its_project(cloud: Cloud, shared_database: str) -> None:
    hook = await registered(cloud, "http://127.0.0.1:9/")
    async with stranger(cloud, shared_database) as other:
        path = f"{extension(other)}/webhooks/{hook['uid']}"
        for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries")):
            await other.call(method, path + rest, expect=404)
        await other.call("POST", f"{path}/deliveries/x/resend", {}, expect=404)
        listed = await other.call("GET", f"{extension(other)}/webhooks", expect=200)
    assert listed == {"webhooks": []}
    mine = await cloud.call("GET", f"{extension(cloud)}/webhooks", expect=200)
    assert hook["uid"] in [each["uid"] for each in mine["webhooks"]]
    assert "secret" not in json.dumps(mine)
    await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)


async def test_a_project_has_a_bounded_number_of_webhooks(cloud: Cloud) -> None:
    hooks = [await registered(cloud, "http://127.0.0.1:9/") for _ in range(20)]

    refused = await cloud.call(
        "POST", f"{extension(cloud)}/webhooks", {"url": "http://127.0.0.1:9/"}, expect=400
    )

    assert "20 webhooks" in refused["error_msg"]
    for hook in hooks:
        await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://a.example", "http://", "https://u:p@a.example/", "http://a b/"),
        *("http://a.example:0/", "http://a.example:99999/", "http://a.example/#f", "http://[::1/"),
        *("http://a.example/\u00e9", f"http://a.example/{'x' * 2048}", "http://a.example\\@b/"),
        *(17, None, ["http://a.example"]),
    ],
)
async def test_what_is_no_url_is_refused(cloud: Cloud, url: Any) -> None:
    refused = await cloud.call("POST", f"{extension(cloud)}/webhooks", {"url": url}, expect=400)

    assert "url" in refused["error_msg"]


async def given(database: Database, vault: Vault, url: str, number: int) -> str:
    """A webhook of a project of its own to which so much is to be sent; its id."""
    now = clock.now()
    async with database.transaction() as tx:
        hook = store.Webhook(
            uid=ids.new_uid(),
            project_id=ids.new_id(),
            url=url,
            description="",
            sealed_secret=vault.seal(signing.new_secret()),
            position=str(Position.after(await events.now(tx))),
            created_at=now,
        )
        await store.insert(tx, hook)
    await to_be_sent(database, hook.uid, number)
    return hook.uid


async def to_be_sent(database: Database, uid: str, number: int) -> None:
    """Give a webhook something to send."""
    now = clock.now()
    async with database.transaction() as tx:
        promised = [
            store.Delivery(
                uid=ids.new_uid(),
                webhook_uid=uid,
                event=ids.new_id(),
                job_uid=ids.new_uid(),
                body=b"{}",
                next_at=now,
                created_at=now,
            )
            for _ in range(number)
        ]
        await store.add(tx, promised)


async def test_a_receiver_that_takes_its_time_holds_up_neither_the_chore_nor_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SECONDS", PATIENCE)
    database, vault = Database(database_url), Vault(b"k" * 32)
    with receiving() as slow, receiving() as quick:
        slow.may_answer.clear()
        box = outbox.Outbox(database, vault, private=True)
        asked = await given(database, vault, slow.url, 2 * outbox.AT_ONCE)
        other = await given(database, vault, quick.url, 1)
        async with asyncio.timeout(PATIENCE):
            await box.work()
            await until_async("both are asked", lambda: slow.got and quick.got)
            await to_be_sent(database, other, 2 * outbox.AT_ONCE)
            await until_async("the others go on", lambda: worked(box, quick, 2 * outbox.AT_ONCE))
        waiting = len(slow.got)
        slow.may_answer.set()
        await until_async("all has arrived", lambda: worked(box, slow, 2 * outbox.AT_ONCE))
        await until_async("all is noted", lambda: noted(database, asked))
        await box.close()
    await database.dispose()

    assert waiting == 1
    sent = [each.headers["webhook-id"] for each in slow.got + quick.got]
    assert len(set(sent)) == len(sent) == 4 * outbox.AT_ONCE + 1


async def worked(box: outbox.Outbox, receiver: Receiver, number: int) -> bool:
    """Whether a receiver has so much, after another round."""
    await box.work()
    return len(receiver.got) >= number


async def noted(database: Database, uid: str) -> bool:
    """Whether nothing is left for a webhook."""
    async with database.reading() as tx:
        found = await store.page(tx, uid, before=None, limit=100)
    return {each.state for each in found} == {"delivered"}


async def test_what_is_being_sent_when_the_server_stops_is_left_to_its_lease(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SECONDS", PATIENCE)
    database, vault = Database(database_url), Vault(b"k" * 32)
    with receiving() as slow:
        slow.may_answer.clear()
        box = outbox.Outbox(database, vault, private=True)
        asked = await given(database, vault, slow.url, 1)
        async with asyncio.timeout(PATIENCE):
            await box.work()
            await until_async("it is asked", lambda: slow.got)
            await box.close()
    async with database.reading() as tx:
        [left] = await store.page(tx, asked, before=None, limit=100)
        due = await store.due(tx, clock.now() + int(outbox.LEASE * 1e9))
    await database.dispose()

    assert (left.state, left.attempts, due) == ("waiting", 0, [asked])


async def test_webhooks_that_were_restored_from_elsewhere_go_on_from_now(
    shared_database: str, cloud: Cloud
) -> None:
    hook = await registered(cloud, "http://127.0.0.1:9/")
    database = Database(shared_database)
    elsewhere = "900000000000:900000000000:"
    async with database.transaction() as tx:
        await store.move(tx, hook["uid"], elsewhere)

    await outbox.Outbox(database, Vault(b"k" * 32), private=True).begin()

    async with database.reading() as tx:
        found = {each.uid: each.position for each in await store.everyone(tx)}[hook["uid"]]
    await database.dispose()
    await cloud.call("DELETE", f"{extension(cloud)}/webhooks/{hook['uid']}", expect=204)
    assert (found != elsewhere) == shared_database.startswith("postgresql")
