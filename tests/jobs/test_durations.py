"""Estimates stand on what jobs of this installation have taken, and on nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterwright.app import REGISTRY
from clusterwright.jobs import durations
from clusterwright.jobs.durations import Durations, Sample
from clusterwright.jobs.execution import Execution
from tests.jobs.bench import Bench

TIMES = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@given(TIMES, st.floats(0, 1e6))
def test_a_sample_tells_what_half_and_nine_of_ten_took(seconds: list[float], taken: float) -> None:
    sample = Sample(tuple(sorted(seconds)))

    assert min(seconds) <= sample.p50 <= sample.p90 <= max(seconds)
    assert sum(each <= sample.p50 for each in seconds) >= len(seconds) / 2
    assert sum(each <= sample.p90 for each in seconds) >= len(seconds) * 0.9
    left = sample.remaining(taken)
    assert (left is None) == (taken > sample.p90)
    assert left is None or left >= 0
    assert not sample.is_slow(taken) or taken > sample.p90


async def ended(bench: Bench) -> Execution:
    """A job that creates a cluster, done."""
    execution = await bench.execution(await bench.submit("CreateCluster"))
    await execution.run()
    return execution


async def test_nothing_is_said_before_a_few_jobs_have_ended(bench: Bench) -> None:
    known = Durations(bench.database)

    for count in range(1, durations.FEWEST + 1):
        execution = await ended(bench)
        known.note(execution.progress.jobs, execution.driver)
        await known.write()
        sample = known.of("CreateCluster", "simulated")
        assert (sample is None) == (count < durations.FEWEST)

    assert known.of("CreateCluster", "local") is None
    assert known.of("DeleteCluster", "simulated") is None
    weights = known.weights(REGISTRY.types["CreateCluster"], "simulated")
    assert weights.keys() == {step.name for step in REGISTRY.types["CreateCluster"].steps()}


async def test_what_is_known_is_shared_bounded_and_survives(bench: Bench) -> None:
    one, other = Durations(bench.database), Durations(bench.database)
    execution = await ended(bench)
    for known in (one, other):
        for _ in range(70):
            known.note(execution.progress.jobs, execution.driver)
        await known.write()

    later = Durations(bench.database)
    await later.write()

    sample = later.of("CreateCluster", "simulated")
    assert sample is not None
    assert sample.count == durations.KEPT
    assert other.of("CreateCluster", "simulated") == sample


async def test_a_job_that_failed_teaches_nothing(bench: Bench) -> None:
    await bench.arm("InstallMaster")
    known = Durations(bench.database)
    execution = await ended(bench)
    assert execution.progress.root.phase == "Failed"
    for _ in range(5):
        known.note(execution.progress.jobs, execution.driver)
    await known.write()

    assert known.of("CreateCluster", "simulated") is None


async def test_durations_that_could_not_be_written_are_written_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Durations(bench.database)
    execution = await ended(bench)
    for _ in range(durations.FEWEST):
        known.note(execution.progress.jobs, execution.driver)

    async def away() -> None:
        raise RuntimeError("away")

    bench.database.at_commit = away
    with pytest.raises(RuntimeError, match="away"):
        await known.write()
    monkeypatch.undo()
    bench.database.at_commit = nothing
    await known.write()

    assert known.of("CreateCluster", "simulated") is not None


async def nothing() -> None:
    """Nothing happens at a commit."""
