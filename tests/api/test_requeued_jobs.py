"""A job whose workflow the engine ended by itself is queued again, and given up only at last.

And what nobody wants any more is forgotten.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS

from clusterwright.app import REGISTRY
from clusterwright.cce.clusters.job_types import CREATE_CLUSTER
from clusterwright.jobs import removal, runner, unfinished
from clusterwright.jobs.execution import Execution
from clusterwright.jobs.tree import Job
from clusterwright.storage.database import Tx
from tests.api.cloud import Cloud, cluster, open_cloud
from tests.kept import all_of, is_kept
from tests.kit import until_async

GIVEN_UP = "The engine gave the job up."


@pytest.fixture(autouse=True)
def quick_housekeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Housekeeping that looks all the time, and an engine without patience of its own."""
    monkeypatch.setattr(runner, "HOUSEKEEPING_PERIOD", 0.1)
    monkeypatch.setattr(runner, "ROUNDS", 1)


def stumble(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Make so many runs of jobs end in an error of our own bookkeeping."""
    original, left = Execution.run, times

    async def run(self: Execution) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise ZeroDivisionError("a defect")
        await original(self)

    monkeypatch.setattr(Execution, "run", run)


async def ended(cloud: Cloud, phase: str, name: str = "demo") -> Any:
    """The job of a new cluster, once it has ended so."""
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster(name), expect=201)
    job = f"{cloud.project}/jobs/{made['status']['jobID']}"
    return await cloud.until(job, "status.phase", phase)


async def test_a_job_whose_workflow_ended_in_an_error_is_queued_again(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stumble(monkeypatch, times=2)

    async with open_cloud(tmp_path, database=database_url) as cloud:
        done = await ended(cloud, "Success")

        runners = all_of(runner.Runner)

        def are_forgotten() -> bool:
            return not is_kept(done["metadata"]["uid"], *(each._requeued for each in runners))

        await until_async("its tries are forgotten", are_forgotten)


async def test_a_job_that_never_gets_beyond_our_own_error_fails_at_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "REQUEUES", 1)
    stumble(monkeypatch, times=1_000_000)

    async with open_cloud(tmp_path) as cloud:
        document = await ended(cloud, "Failed")
        jobs = f"/clusterwright/v1/projects/{cloud.account['project_id']}/jobs"
        full = await cloud.call("GET", f"{jobs}/{document['metadata']['uid']}", expect=200)

    assert document["status"]["reason"].startswith(GIVEN_UP)
    assert full["cause"]["class"] == "internal"
    assert full["cause"]["message"] == document["status"]["reason"]


async def test_a_job_of_a_type_that_this_server_does_not_know_fails_at_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner, "REQUEUES", 1)
    monkeypatch.delitem(REGISTRY.types, CREATE_CLUSTER.name)

    async with open_cloud(tmp_path) as cloud:
        document = await ended(cloud, "Failed")

    assert document["status"]["reason"].startswith(GIVEN_UP)
    assert "settling nothing for a job of an unknown type" in caplog.text


async def test_a_job_that_cannot_even_fail_keeps_no_other_job_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def settle(tx: Tx, job: Job) -> None:
        if job.uid == stuck:
            raise ZeroDivisionError("a defect")
        await CREATE_CLUSTER.settle(tx, job)

    monkeypatch.setattr(runner, "REQUEUES", 1)
    broken = replace(CREATE_CLUSTER, settle=settle)
    monkeypatch.setitem(REGISTRY.types, CREATE_CLUSTER.name, broken)
    stumble(monkeypatch, times=1_000_000)

    async with open_cloud(tmp_path) as cloud:
        path = f"{cloud.project}/clusters"
        made = await cloud.call("POST", path, cluster("stuck"), expect=201)
        stuck = made["status"]["jobID"]
        await until_async("it is given up", lambda: "can neither go on nor fail" in caplog.text)
        await ended(cloud, "Failed")

        left = await cloud.call("GET", f"{cloud.project}/jobs/{stuck}", expect=200)

    assert left["status"]["phase"] == "Initializing"


async def test_old_jobs_are_forgotten_while_nobody_can_look_for_lost_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(unfinished, "find", find)

    async with open_cloud(tmp_path, job_retention_days=1e-9) as cloud:
        made = await cloud.call("POST", f"{cloud.project}/clusters", cluster("demo"), expect=201)
        job = f"{cloud.project}/jobs/{made['status']['jobID']}"

        async def is_forgotten() -> bool:
            return (await cloud.client.get(job)).status_code == 404

        await until_async("the job is still there", is_forgotten)


async def test_the_engine_forgets_a_job_that_was_deleted_and_no_other(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_LOOKED_AT", 2)

    async def knows(uids: set[str]) -> bool:
        return {each.workflow_id for each in await DBOS.list_workflows_async()} == uids

    async with open_cloud(tmp_path, database=database_url) as cloud:
        jobs = [(await ended(cloud, "Success", f"demo-{n}"))["metadata"]["uid"] for n in range(5)]
        deleted = set(jobs[:2])
        await until_async("the engine knows all", lambda: knows(set(jobs)))
        for uid in deleted:
            path = f"/api/v2/projects/{cloud.account['project_id']}/jobs/{uid}"
            await cloud.call("DELETE", path, expect=204)

        await until_async("it forgets two", lambda: knows(set(jobs) - deleted))


async def test_a_claim_whose_answer_was_lost_is_noticed_and_the_job_queued_again(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, lost = runner.Runner._work, True

    async def work(self: runner.Runner, uid: str) -> None:
        nonlocal lost
        if lost:
            lost = False
            raise asyncio.CancelledError  # the engine believes that the job runs
        await original(self, uid)

    monkeypatch.setattr(runner.Runner, "_work", work)

    async with open_cloud(tmp_path, database=database_url) as cloud:
        await ended(cloud, "Success")

    assert not lost
