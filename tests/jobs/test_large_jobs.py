"""Jobs with thousands of sub-jobs: bounded at work, shown now and then, and exact in the end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError
from clusterwright.jobs import commits, execution, removal, store, wire
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.execution import Execution
from clusterwright.jobs.plan import Action, ForEach, JobType, Serial, Step
from clusterwright.jobs.tree import Target
from tests.job_documents import Document, assert_moves_forward, flat, phase
from tests.jobs.bench import PROJECT, Bench
from tests.jobs.trees import request, unsettled

PATIENCE = 20
"""Seconds that anything may take."""


def on_each(action: Action, *, then: Action | None = None) -> JobType:
    """A job that does something for each of a group, and then something once."""
    after = (Step("Finish", then, timeout=PATIENCE),) if then else ()
    each = Serial("Each", (Step("Act", action, timeout=PATIENCE),))
    return JobType(Serial("Large", (ForEach("all", each), *after)), settle=unsettled)


async def submitted(bench: Bench, job_type: JobType, copies: int) -> str:
    targets = tuple(Target(f"r{number}", f"name-{number}") for number in range(copies))
    async with bench.database.transaction() as tx:
        return await store.submit(tx, request(job_type, {"all": targets}))


async def rows_say(bench: Bench, uid: str) -> Document:
    """What the document would be if it were rendered from the rows now."""
    async with bench.database.reading() as tx:
        jobs = await store.jobs_of(tx, uid)
    document: Document = msgspec.json.decode(wire.encode(jobs))
    return document


@asynccontextmanager
async def running(work: Execution) -> AsyncIterator["asyncio.Task[None]"]:
    """A worker at work, killed in the end."""
    task = asyncio.create_task(work.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def nothing(context: StepContext) -> None:
    """A step that has nothing to do."""


async def test_a_job_works_on_a_bounded_number_of_copies_and_on_all_of_them(bench: Bench) -> None:
    at_work, most, done = 0, 0, 0
    crowded = asyncio.Event()

    async def act(context: StepContext) -> None:
        nonlocal at_work, most, done
        at_work += 1
        most = max(most, at_work)
        if at_work == execution.BRANCHES:
            crowded.set()
        await crowded.wait()
        at_work -= 1
        done += 1

    job_type = on_each(act)
    uid = await submitted(bench, job_type, 3 * execution.BRANCHES)

    document = await bench.run(uid, job_type)

    assert (phase(document), done) == ("Success", 3 * execution.BRANCHES)
    assert most == execution.BRANCHES


async def test_a_large_job_moves_forward_and_ends_as_its_rows_say(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "SMALL_TREE", 10)
    monkeypatch.setattr(commits, "DOCUMENT_PERIOD", 0.02)
    job_type = on_each(nothing)
    uid = await submitted(bench, job_type, 100)
    reads: list[Document] = []

    async def read() -> None:
        reads.append(await bench.document(uid))

    bench.database.at_commit = read
    await bench.run(uid, job_type)

    assert_moves_forward(reads)
    assert len({msgspec.json.encode(document) for document in reads}) > 2
    assert await bench.document(uid) == await rows_say(bench, uid)


async def test_a_large_job_that_waits_shows_what_has_been_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "SMALL_TREE", 10)
    monkeypatch.setattr(commits, "DOCUMENT_PERIOD", 0.05)
    waiting = asyncio.Event()

    async def wait(context: StepContext) -> None:
        waiting.set()
        await asyncio.Event().wait()

    job_type = on_each(nothing, then=wait)
    uid = await submitted(bench, job_type, 20)

    async with running(await bench.execution(uid, job_type)):
        await waiting.wait()
        deadline = time.monotonic() + PATIENCE
        while (shown := await bench.document(uid)) != await rows_say(bench, uid):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    phases = [phase(job) for job in flat(shown) if job["spec"]["type"] == "Act"]
    assert phases == ["Success"] * 20


async def test_a_worker_that_takes_a_large_job_over_shows_it_as_it_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "SMALL_TREE", 10)
    monkeypatch.setattr(commits, "DOCUMENT_PERIOD", 3600)
    waiting = asyncio.Event()

    async def wait(context: StepContext) -> None:
        waiting.set()
        await asyncio.Event().wait()

    job_type = on_each(nothing, then=wait)
    uid = await submitted(bench, job_type, 20)
    async with running(await bench.execution(uid, job_type)):
        await waiting.wait()
    stale = await bench.document(uid)
    assert stale != await rows_say(bench, uid)

    waiting.clear()
    async with running(await bench.execution(uid, job_type)):
        await waiting.wait()
        current = await bench.document(uid)

    assert current == await rows_say(bench, uid)
    assert_moves_forward([stale, current])


async def test_a_job_s_own_word_bounds_how_many_copies_are_at_work_at_a_time(bench: Bench) -> None:
    at_work, most, done = 0, 0, 0

    async def act(context: StepContext) -> None:
        nonlocal at_work, most, done
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.002)
        at_work -= 1
        done += 1

    each = ForEach("all", Serial("Each", (Step("Act", act, timeout=PATIENCE),)), at_a_time="most")
    job_type = JobType(Serial("Large", (each,)), settle=unsettled)
    targets = tuple(Target(f"r{number}", f"name-{number}") for number in range(20))
    async with bench.database.transaction() as tx:
        asked = replace(request(job_type, {"all": targets}), arguments={"most": "3"})
        uid = await store.submit(tx, asked)

    await bench.run(uid, job_type)

    assert (most, done) == (3, 20)


async def test_a_step_that_fails_fails_all_that_would_have_followed(bench: Bench) -> None:
    async def refuse(context: StepContext) -> None:
        raise DriverError("No.", causes.NOT_READY)

    each = ForEach("all", Step("Act", nothing, timeout=PATIENCE))
    job_type = JobType(
        Serial("Large", (Step("First", refuse, timeout=PATIENCE), each)), settle=unsettled
    )
    uid = await submitted(bench, job_type, 500)

    document = await bench.run(uid, job_type)

    reasons = {job["status"]["reason"] for job in flat(document)}
    assert {phase(job) for job in flat(document)} == {"Failed"}
    assert reasons == {"No.", "Not started, because First failed."}


async def test_old_jobs_are_forgotten_a_bounded_number_of_rows_at_a_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_MOST_SWEPT", 150)
    job_type = on_each(nothing)
    uids = {await bench_run(bench, job_type) for _ in range(3)}
    now = time.time_ns()

    swept: list[list[str]] = []
    while not swept or swept[-1]:
        async with bench.database.transaction() as tx:
            swept.append(await removal.sweep(tx, finished_before=now))

    assert [len(uids) for uids in swept] == [1, 1, 1, 0]
    assert {uid for round_ in swept for uid in round_} == uids
    assert not (await bench.rows(prefix="job"))["jobs"]
    assert await bench.reader.read(uids.pop(), project_id=PROJECT) is None


async def bench_run(bench: Bench, job_type: JobType) -> str:
    uid = await submitted(bench, job_type, 80)
    await bench.run(uid, job_type)
    return uid
