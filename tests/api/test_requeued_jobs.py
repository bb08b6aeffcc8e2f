"""A job whose workflow the engine ended by itself is queued again, and given up only at last."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from clusterwright.jobs import runner
from clusterwright.jobs.execution import Execution
from tests.api.cloud import Cloud, cluster, open_cloud
from tests.kept import all_of, is_kept
from tests.kit import until_async


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


async def ended(cloud: Cloud, phase: str) -> Any:
    """The job of a new cluster, once it has ended so."""
    made = await cloud.call("POST", f"{cloud.project}/clusters", cluster("demo"), expect=201)
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

    assert document["status"]["reason"].startswith("The engine gave the job up.")
    assert full["cause"]["class"] == "internal"
    assert full["cause"]["message"] == document["status"]["reason"]


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
