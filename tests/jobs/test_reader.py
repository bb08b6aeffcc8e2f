"""The hot read, on both databases: what it finds, and what reads at the same time share."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa

from clusterwright.jobs import reader, removal, store
from clusterwright.jobs.plan import JobType, Request, Serial, Step, unfold
from clusterwright.jobs.reader import Reader
from clusterwright.jobs.shelf import Shelf
from clusterwright.jobs.tree import Target, Tree
from clusterwright.storage.database import Database, StorageUnavailable, Tx


async def _nothing(*_: object) -> None:
    """Nobody runs or settles these jobs."""


REQUEST = Request(
    job_type=JobType(Serial("Outer", (Step("Inner", _nothing, timeout=1),)), settle=_nothing),
    project_id="mine",
    cluster_uid="cluster",
    target=Target("cluster", "name"),
)


@pytest.fixture
async def documents(data: Database) -> AsyncIterator[Reader]:
    data.outbox = _nothing_promised
    found = await reader.connect(data, name="test", kept=1_000_000)
    yield found
    await found.close()


TOP = next(unfold(REQUEST, new_uid=lambda: "", now=0))
TREE = Tree(epoch=0, jobs=(TOP,), arguments={}, finished=False)


async def _nothing_promised(*_: object, **__: object) -> None:
    """These jobs never run."""


async def _submit(data: Database) -> str:
    async with data.transaction() as tx:
        return await store.submit(tx, REQUEST)


async def test_reads_at_the_same_time_each_find_their_own_job(
    data: Database, documents: Reader
) -> None:
    uids = [await _submit(data) for _ in range(20)]

    found = await asyncio.gather(*(documents.read(uid, project_id="mine") for uid in uids))

    assert all(uid.encode() in (each or b"") for uid, each in zip(uids, found, strict=True))


async def test_a_read_sees_what_was_committed_before_it(data: Database, documents: Reader) -> None:
    for _ in range(50):
        uid = await _submit(data)
        first, second = await asyncio.gather(
            documents.read(uid, project_id="mine"), documents.read(uid, project_id="mine")
        )

        assert first is not None
        assert first == second


async def test_a_job_is_nobody_elses_and_strange_uids_are_nobodys(
    data: Database, documents: Reader
) -> None:
    uid = await _submit(data)

    *refused, found = await asyncio.gather(
        documents.read(uid, project_id="yours"),
        documents.read("\u0101", project_id="mine"),
        documents.read("a\x00b", project_id="mine"),
        documents.read(uid, project_id="mine"),
    )

    assert refused == [None, None, None]
    assert found is not None


async def test_a_sub_job_is_read_by_its_own_uid(data: Database, documents: Reader) -> None:
    root = await _submit(data)
    async with data.reading() as tx:
        query = sa.select(store.jobs.c.uid).where(store.jobs.c.parent_uid == root)
        uid = (await tx.execute(query)).scalar_one()

    top, sub = await asyncio.gather(
        documents.read(root, project_id="mine"), documents.read(uid, project_id="mine")
    )

    assert sub is not None
    assert sub in (top or b"")


class _Undone(Exception):
    """Rolls a transaction back."""


async def _row(tx: Tx, uid: str) -> bytes | None:
    query = sa.select(store.job_trees.c.document).where(store.job_trees.c.uid == uid)
    return (await tx.execute(query)).scalar_one_or_none()


@pytest.mark.parametrize("seed", range(20))
async def test_a_read_is_never_older_than_the_row(
    data: Database, documents: Reader, seed: int
) -> None:
    draw = random.Random(seed)
    uids = [await _submit(data) for _ in range(3)]

    async def change(tx: Tx, uid: str, number: int) -> None:
        if draw.random() < 0.1:
            await removal.remove(tx, uid)
        else:
            root = replace(TOP, uid=uid, root_uid=uid)
            document = b"%d" % number * draw.choice((1, 250_000))
            with suppress(store.Superseded):  # it has been removed
                await store.hold_and_show(tx, replace(TREE, jobs=(root,)), root, document)

    async def check(uid: str) -> None:
        found = await documents.read(uid, project_id="mine")
        at_hand = documents.at_hand(uid, project_id="mine")
        async with data.reading() as tx:
            assert found == await _row(tx, uid)
        assert at_hand in (None, found)

    for number in range(30):
        uid = draw.choice(uids)
        committed = draw.random() < 0.7
        with suppress(_Undone):
            async with data.transaction() as tx:
                await change(tx, uid, number)
                await check(draw.choice(uids))
                if not committed:
                    raise _Undone
        await check(uid)


async def test_what_is_kept_stays_within_its_bounds(data: Database) -> None:
    shelf = Shelf(800)
    for number in range(50):
        shelf.keep(str(number), "mine", b"x" * (number % 15) * 10)

        kept = [shelf.get(str(each), "mine") for each in range(50)]
        assert sum(len(document) for document in kept if document) <= 800

    assert shelf.get("49", "mine") == b"x" * 40
    assert shelf.get("49", "yours") is None
    assert shelf.get("44", "mine") is None, "one document took more than its part"


async def test_a_reader_that_goes_away_takes_nothing_from_the_others(
    data: Database, documents: Reader
) -> None:
    uid = await _submit(data)
    stays, goes = (asyncio.ensure_future(documents.read(uid, project_id="mine")) for _ in "12")
    await asyncio.sleep(0)

    goes.cancel()

    assert await stays is not None


def _end_sessions(data: Database) -> None:
    """End every session, as a restart of PostgreSQL does. SQLite has none."""
    if data.is_sqlite:
        return
    end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    with psycopg.connect(data.url.set(drivername="postgresql").render_as_string(False)) as other:
        other.execute(f"{end} WHERE datname = current_database() AND pid <> pg_backend_pid()")


async def test_an_outage_that_is_over_before_anybody_reads_costs_no_answer(
    data: Database, documents: Reader
) -> None:
    uid = await _submit(data)
    await asyncio.gather(*(documents.read(uid, project_id="mine") for _ in range(2)))
    _end_sessions(data)

    found = [await documents.read(uid, project_id="mine") for _ in range(3)]

    assert None not in found


async def test_every_read_fails_plainly_without_a_table(data: Database, documents: Reader) -> None:
    async def rename(before: str, after: str) -> None:
        async with data.transaction() as tx:
            await tx.execute(sa.text(f"ALTER TABLE {before} RENAME TO {after}"))

    await rename("job_trees", "elsewhere")
    found = await asyncio.gather(
        *(documents.read("some", project_id="mine") for _ in range(3)), return_exceptions=True
    )
    await rename("elsewhere", "job_trees")

    assert [type(each) for each in found] == [StorageUnavailable] * 3
