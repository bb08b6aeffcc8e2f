"""The hot read, on both databases: what it finds, and what reads at the same time share."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from clusterwright.jobs import reader, store
from clusterwright.jobs.plan import JobType, Request, Serial, Step
from clusterwright.jobs.reader import Reader
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Database, StorageUnavailable


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
    found = await reader.connect(data.url, name="test")
    yield found
    await found.close()


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


async def test_a_reader_that_goes_away_takes_nothing_from_the_others(
    data: Database, documents: Reader
) -> None:
    uid = await _submit(data)
    stays, goes = (asyncio.ensure_future(documents.read(uid, project_id="mine")) for _ in "12")
    await asyncio.sleep(0)

    goes.cancel()

    assert await stays is not None


async def test_every_read_fails_plainly_without_a_table(data: Database, documents: Reader) -> None:
    async with data.transaction() as tx:
        await tx.execute(sa.text("DROP TABLE job_trees"))

    found = await asyncio.gather(
        *(documents.read("some", project_id="mine") for _ in range(3)), return_exceptions=True
    )

    assert [type(each) for each in found] == [StorageUnavailable] * 3
