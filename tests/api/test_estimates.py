"""Estimates, on a server of their own that writes what jobs took at once."""

from pathlib import Path

import pytest

from clusterwright.jobs import durations
from tests.api.cloud import open_cloud
from tests.api.test_live import created, extension


async def test_a_job_is_estimated_by_what_such_jobs_took_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durations, "PERIOD", 0.05)
    async with open_cloud(tmp_path) as cloud:
        _, job = await created(cloud)
        path = f"{extension(cloud)}/jobs/{job}"
        before = await cloud.call("GET", path, expect=200)
        for _ in range(2):
            await created(cloud)
        found = await cloud.call("GET", path, expect=200)
        while found["estimate"] is None:  # the tests' own time limit ends this
            found = await cloud.call("GET", f"{path}?wait=0.1", expect=200)

    assert before["estimate"] is None
    assert found["estimate"]["samples"] >= 3
    assert 0 < found["estimate"]["p50"] <= found["estimate"]["p90"]
    assert found["estimate"]["remaining"] is None
    assert found["steps"][0]["estimate"] == {
        key: found["estimate"][key] for key in ("p50", "p90", "samples")
    }
    assert all(step["estimate"] for step in found["steps"])
