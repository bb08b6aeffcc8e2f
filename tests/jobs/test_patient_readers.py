"""Who prefers to wait for news of a job reads its document soon after that was written."""

import asyncio

from clusterwright.iam.auth import Authenticator
from clusterwright.iam.caller import Caller
from clusterwright.jobs import events, store
from clusterwright.jobs.api import ShowJob
from clusterwright.jobs.feed import Feed
from clusterwright.jobs.reader import Reader
from clusterwright.supervision import Supervisor
from clusterwright.web.asgi import Message
from tests.jobs.bench import CALLER, PROJECT, Bench
from tests.kit import until_async


class Trusting(Authenticator):
    """Takes everybody for the bench's caller."""

    def __init__(self) -> None:
        """Nobody has to be known."""

    async def authenticate(self, *_: object) -> Caller:
        """As Authenticator promises."""
        return CALLER


class Watched:
    """A reader that counts how often a document was looked at."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.looks = 0

    async def read(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises."""
        found = await self._reader.read(uid, project_id=project_id)
        self.looks += 1
        return found

    def at_hand(self, uid: str, *, project_id: str) -> bytes | None:
        """As Reader promises."""
        return self._reader.at_hand(uid, project_id=project_id)

    async def close(self) -> None:
        """As Reader promises."""


async def nothing_received() -> Message:
    """A request without a body."""
    return {"type": "http.disconnect"}


async def test_a_document_that_follows_its_event_late_is_read_long_before_the_time_is_over(
    bench: Bench,
) -> None:
    uid = await bench.submit("CreateCluster")
    tree = await bench.take_over(uid)
    feed, reader = Feed(bench.database), Watched(bench.reader)
    show = ShowJob(reader, Trusting(), bench.database, feed)
    scope = {"path": f"/api/v3/projects/{PROJECT}/jobs/{uid}", "headers": []}

    async with Supervisor([feed.chore()]):
        waiting = asyncio.create_task(show.read_patiently(scope, nothing_received, 60))
        await until_async("it listens", lambda: reader.looks >= 2)
        async with bench.database.transaction() as tx:
            await events.record(tx, tree.root)
        await until_async("it has looked after the event, and once more", lambda: reader.looks >= 4)
        async with bench.database.transaction() as tx:
            await store.hold_and_show(tx, tree, tree.root, b'{"shown": "late"}')
        found = await asyncio.wait_for(waiting, 20)

    assert found == b'{"shown": "late"}'
