"""Events of jobs: one for each commit, from which the whole tree can be told again."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterwright.app import REGISTRY
from clusterwright.clock import rfc3339
from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError, Drivers, Unavailable
from clusterwright.jobs import events, removal, store
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.events import job_events
from clusterwright.jobs.execution import Execution
from clusterwright.jobs.plan import JobType, Serial, Step
from clusterwright.jobs.store import Superseded
from clusterwright.storage.database import StorageUnavailable
from tests.jobs.bench import Bench, with_action
from tests.jobs.trees import job_types, request, unsettled


async def told(bench: Bench, uid: str) -> list[SimpleNamespace]:
    """The events of a job, oldest first, with decoded documents."""
    async with bench.database.reading() as tx:
        rows = await tx.execute(
            sa.select(job_events)
            .where(job_events.c.root_uid == uid)
            .order_by(job_events.c.revision)
        )
        return [
            SimpleNamespace(
                revision=row.revision,
                progress=row.progress,
                document=msgspec.json.decode(row.document),
            )
            for row in rows
        ]


async def as_rows(bench: Bench, uid: str) -> dict[str, dict[str, Any]]:
    """What events can tell of each job of a tree, from its rows."""
    async with bench.database.reading() as tx:
        jobs = await store.jobs_of(tx, uid)
    return {
        job.uid: {
            "uid": job.uid,
            "type": job.type,
            "phase": job.phase,
            "reason": job.reason,
            "startedAt": job.started_at and rfc3339(job.started_at),
            "endedAt": job.ended_at and rfc3339(job.ended_at),
            "attempt": job.attempt,
        }
        for job in jobs
    }


@pytest.mark.parametrize("bench_url", ["sqlite"], indirect=True)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_the_events_of_a_job_tell_its_tree_again_and_its_progress_never_goes_back(
    data: st.DataObject, bench: Bench
) -> None:
    failing: set[str] = set()

    async def act(context: StepContext) -> None:
        if context.job.type in failing:
            raise DriverError(f"{context.job.type} broke.", causes.NOT_READY)

    job_type: JobType = data.draw(job_types(act))
    names = [step.name for step in job_type.steps()]
    failing |= set(data.draw(st.lists(st.sampled_from(names), max_size=2)))
    async with bench.database.transaction() as tx:
        uid = await store.submit(tx, request(job_type))
    replayed = await as_rows(bench, uid)
    tree = await bench.take_over(uid)

    await Execution(tree, job_type, database=bench.database, drivers=Drivers({})).run()

    happened = await told(bench, uid)
    for event in happened:
        for change in event.document["changes"]:
            replayed[change["uid"]] = change
    assert replayed == await as_rows(bench, uid)
    assert [event.revision for event in happened] == list(range(1, len(happened) + 1))
    shares = [event.progress for event in happened]
    assert shares == sorted(shares)
    assert happened[-1].document["phase"] == replayed[uid]["phase"]
    assert (shares[-1] == 1) == (replayed[uid]["phase"] == "Success")


async def test_a_worker_and_its_successor_number_events_in_one_line(bench: Bench) -> None:
    begun = asyncio.Event()

    async def hang(context: StepContext) -> None:
        begun.set()
        await asyncio.sleep(60)

    uid = await bench.submit("CreateCluster")
    first, *_ = REGISTRY.types["CreateCluster"].steps()
    hanging = with_action(REGISTRY.types["CreateCluster"], first.name, hang)
    left = asyncio.create_task((await bench.execution(uid, hanging)).run())
    await begun.wait()
    left.cancel()
    await asyncio.wait({left})

    await bench.run(uid)

    happened = await told(bench, uid)
    assert [event.revision for event in happened] == list(range(1, len(happened) + 1))
    assert happened[-1].progress == 1
    tree = await bench.take_over(uid)
    assert tree.driver == "simulated"


async def test_what_a_commit_without_an_answer_has_told_is_not_told_again(bench: Bench) -> None:
    uid = await bench.submit("CreateCluster")
    known = len(await told(bench, uid))
    lost = 0

    async def lose() -> None:
        nonlocal known, lost
        seen, known = known, len(await told(bench, uid))
        if known > seen and lost < 30:  # more than there are, so that telling it again ends, too
            lost += 1
            raise StorageUnavailable("The connection was lost.", in_doubt=True)

    bench.database.at_commit = lose
    with suppress(Superseded):  # the end is known already, too
        await bench.run(uid)

    happened = await told(bench, uid)
    changes = [change for event in happened for change in event.document["changes"]]
    shown = [(change["uid"], change["phase"]) for change in changes]
    assert len(shown) == len(set(shown))
    assert {change["uid"]: change for change in changes} == await as_rows(bench, uid)
    assert lost == len(happened) - 1


async def test_the_next_job_of_a_cluster_knows_its_driver_before_it_has_begun(bench: Bench) -> None:
    await bench.run(await bench.submit("CreateCluster"))

    tree = await bench.take_over(await bench.delete_cluster())

    assert tree.driver == "simulated"


async def test_a_driver_that_is_away_is_told_of_once_for_each_trouble(bench: Bench) -> None:
    troubles = ["No answer.", "No answer.", "Too busy."]

    async def act(context: StepContext) -> None:
        if troubles:
            raise Unavailable(troubles.pop(0))

    job_type = JobType(Serial("Top", (Step("Act", act, timeout=5),)), settle=unsettled)
    async with bench.database.transaction() as tx:
        uid = await store.submit(tx, request(job_type))

    await bench.run(uid, job_type)

    messages = [each for event in await told(bench, uid) for each in event.document["messages"]]
    assert [(each["level"], each["text"]) for each in messages] == [
        ("warning", "Trying again, because: No answer."),
        ("warning", "Trying again, because: Too busy."),
    ]


async def test_a_failing_step_says_why(bench: Bench) -> None:
    async def act(context: StepContext) -> None:
        raise DriverError("No spare servers. " + "x" * 2000, causes.NO_ADDRESS)

    job_type = JobType(Serial("Top", (Step("Act", act, timeout=5),)), settle=unsettled)
    async with bench.database.transaction() as tx:
        uid = await store.submit(tx, request(job_type))

    await bench.run(uid, job_type)

    (message,) = [each for event in await told(bench, uid) for each in event.document["messages"]]
    assert message["level"] == "error"
    assert message["text"].startswith("No spare servers.")
    assert len(message["text"]) == events.LONGEST_MESSAGE


async def test_the_events_of_a_job_are_forgotten_with_it(bench: Bench) -> None:
    uid = await bench.submit("CreateCluster")
    await bench.run(uid)

    async with bench.database.transaction() as tx:
        await removal.remove(tx, uid)

    assert await told(bench, uid) == []
