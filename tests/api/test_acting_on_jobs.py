"""People cancel jobs and resume them; the official document of each job stays final."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.cloud import Cloud, cluster, open_cloud, unique
from tests.api.nodes_examples import node

FAULTS = """
- {step: InstallMaster, cluster: waits, reason: No servers., kind: unavailable, times: 1000000}
- {step: InstallNode, cluster: busy, reason: No servers., kind: unavailable, times: 1000000}
- {step: InstallMaster, cluster: fails, reason: No servers., class: capacity}
- {step: UninstallMaster, cluster: stays, reason: A volume is stuck.}
"""


@pytest.fixture
async def cloud(tmp_path: Path, database_url: str) -> AsyncIterator[Cloud]:
    """A server where a cluster named waits is never made, fails not at once, and stays stays."""
    faults = tmp_path / "faults.yaml"
    faults.write_text(FAULTS)
    async with open_cloud(tmp_path, database=database_url, faults=faults) as cloud:
        yield cloud


class Jobs:
    """The extension's operations on one job."""

    def __init__(self, cloud: Cloud, uid: str) -> None:
        self._cloud = cloud
        self._all = f"/clusterwright/v1/projects/{cloud.account['project_id']}/jobs"
        self.uid = uid

    @property
    def path(self) -> str:
        """Where the job is."""
        return f"{self._all}/{self.uid}"

    async def show(self) -> Any:
        """The job in full."""
        return await self._cloud.call("GET", self.path, expect=200)

    async def listed(self) -> Any:
        """The job as it stands in the history."""
        page = await self._cloud.call("GET", f"{self._all}?limit=200", expect=200)
        [row] = [each for each in page["jobs"] if each["uid"] == self.uid]
        return row

    async def official(self) -> Any:
        """The job as the official API has it."""
        return await self._cloud.call("GET", f"{self._cloud.project}/jobs/{self.uid}", expect=200)

    async def ended(self) -> Any:
        """The job in full when it has ended."""
        found = await self.show()
        while found["phase"] not in ("Success", "Failed"):
            news = f"{self.path}?wait=20&after={found['revision']}"
            found = await self._cloud.call("GET", news, expect=200)
        return found

    async def reached(self, step: str) -> None:
        """Wait until a step is at work."""
        found = await self.show()
        while (step, "Running") not in [(each["type"], each["phase"]) for each in found["steps"]]:
            news = f"{self.path}?wait=20&after={found['revision']}"
            found = await self._cloud.call("GET", news, expect=200)

    async def act(self, verb: str, body: Any, *, expect: int = 202) -> Any:
        """Cancel or resume it."""
        return await self._cloud.call("POST", f"{self.path}/{verb}", body, expect=expect)


async def made(cloud: Cloud, name: str) -> tuple[str, Jobs]:
    answer = await cloud.call("POST", f"{cloud.project}/clusters", cluster(name), expect=201)
    return answer["metadata"]["uid"], Jobs(cloud, answer["status"]["jobID"])


async def phase(cloud: Cloud, uid: str) -> str:
    found = await cloud.call("GET", f"{cloud.project}/clusters/{uid}", expect=200)
    return str(found["status"]["phase"])


async def test_a_failed_job_is_resumed_to_its_success(cloud: Cloud) -> None:
    uid, first = await made(cloud, "fails")
    failed = await first.ended()
    final = await first.official()
    listed = await first.listed()

    answers = await asyncio.gather(*(first.act("resume", {}) for _ in range(3)))
    second = Jobs(cloud, answers[0]["jobUID"])
    done = await second.ended()

    assert failed["actions"] == {"cancel": False, "resume": True}
    assert failed["cause"]["class"] == "capacity"
    assert failed["cause"]["message"] == failed["reason"] == final["status"]["reason"]
    assert (listed["cause"], (await second.listed())["cause"]) == (failed["cause"], None)
    assert [answer == answers[0] for answer in answers] == [True] * 3
    assert (done["phase"], done["attempt"], done["continues"]) == ("Success", 2, first.uid)
    assert (done["cause"], done["reason"]) == (None, "")
    assert [step["attempt"] for step in done["steps"]] == [2, 1, 2]
    assert done["steps"][1]["endedAt"] == failed["steps"][1]["endedAt"], "it was not done again"
    assert await first.official() == final
    ended = await first.show()
    assert (ended["phase"], ended["continuedBy"]) == ("Failed", second.uid)
    assert ended["actions"] == {"cancel": False, "resume": False}
    assert await phase(cloud, uid) == "Available"
    assert (await second.official())["status"] == {"phase": "Success", "reason": ""}


async def test_a_job_is_cancelled_and_its_cluster_can_be_deleted(cloud: Cloud) -> None:
    uid, job = await made(cloud, "waits")
    await job.reached("InstallMaster")

    asked = await job.act("cancel", {"mode": "after-step", "reason": "Too many."})
    again = await job.act("cancel", {"mode": "now", "reason": "Far too many."})
    ended = await job.ended()

    assert asked["cancel"]["mode"] == "after-step"
    assert asked["cancel"]["reason"] == "Too many."
    assert again["cancel"] == asked["cancel"] | {"mode": "now"}
    assert again["revision"] > asked["revision"]
    assert (ended["phase"], ended["reason"]) == ("Failed", "Too many.")
    assert (ended["cause"]["class"], ended["cause"]["retryable"]) == ("cancelled", True)
    assert await phase(cloud, uid) == "Error"
    repeated = await job.act("cancel", {"mode": "now"})
    assert repeated["phase"] == "Failed"
    await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)
    await cloud.until_gone(f"{cloud.project}/clusters/{uid}")
    refused = await job.act("resume", {}, expect=409)
    assert refused["errorCode"] == "CCE.01409004"


async def test_a_cluster_that_could_not_be_deleted_names_the_job_that_tells_why(
    cloud: Cloud,
) -> None:
    path = f"{cloud.project}/clusters/{await cloud.cluster('stays')}"
    answer = await cloud.call("DELETE", path, expect=200)
    job = Jobs(cloud, answer["status"]["jobID"])

    assert (await job.ended())["reason"] == "A volume is stuck."

    found = await cloud.call("GET", path, expect=200)
    assert (found["status"]["phase"], found["status"]["jobID"]) == ("Error", job.uid)


async def test_who_cancels_is_named_where_no_reason_is_given(cloud: Cloud) -> None:
    _, job = await made(cloud, "waits")

    await job.act("cancel", {})

    assert (await job.ended())["reason"] == f"Cancelled by {cloud.account['user_name']}."


async def test_a_job_that_waits_behind_another_ends_at_once(
    cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    uid = await cloud.cluster("busy")
    nodes = f"{cloud.project}/clusters/{uid}/nodes"
    first, second = [
        await cloud.call("POST", nodes, node(name), expect=201) for name in ("one", "two")
    ]
    ahead = Jobs(cloud, first["status"]["jobID"])
    await ahead.reached("InstallNode")

    ended = await Jobs(cloud, second["status"]["jobID"]).act("cancel", {"reason": "Not two."})

    assert (ended["phase"], ended["reason"]) == ("Failed", "Not two.")
    assert (await ahead.show())["phase"] == "Running"
    found = await cloud.call("GET", f"{nodes}/{second['metadata']['uid']}", expect=200)
    assert (found["status"]["phase"], found["status"]["reason"]) == ("Error", "Not two.")
    assert await phase(cloud, uid) == "ScalingUp"
    await ahead.act("cancel", {})
    assert (await ahead.ended())["phase"] == "Failed"
    assert await phase(cloud, uid) == "Available"
    # Its turn comes before this one's, and is nobody's trouble.
    await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)
    await cloud.until_gone(f"{cloud.project}/clusters/{uid}")
    assert "internal error" not in caplog.text


async def test_deletions_and_finished_jobs_are_not_cancelled(cloud: Cloud) -> None:
    uid, job = await made(cloud, unique("done"))
    done = await job.ended()
    gone = await cloud.call("DELETE", f"{cloud.project}/clusters/{uid}", expect=200)
    deletion = Jobs(cloud, gone["status"]["jobID"])

    refused = await job.act("cancel", {"mode": "now"}, expect=409)
    kept = await deletion.act("cancel", {"mode": "now"}, expect=409)

    assert "Success" in refused["error_msg"]
    assert done["actions"] == {"cancel": False, "resume": False}
    assert kept["errorCode"] == "CCE.01409004"


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("cancel", {"mode": "soon"}, "mode"),
        ("cancel", {"mode": 1}, "mode"),
        ("cancel", {"reason": "x" * 256}, "reason"),
        ("cancel", {"reason": ["x"]}, "reason"),
        ("cancel", {"reason": "a\u0000b"}, "reason"),
        ("cancel", [], ""),
        ("resume", [], ""),
        ("resume", "x", ""),
    ],
)
async def test_a_body_that_is_wrong_is_refused(
    cloud: Cloud, verb: str, body: Any, field: str
) -> None:
    _, job = await made(cloud, "waits")

    answer = await job.act(verb, body, expect=400)

    assert field in answer["error_msg"]
    assert (await job.show())["cancel"] is None


async def test_nobody_acts_on_a_job_that_there_is_not(cloud: Cloud) -> None:
    _, job = await made(cloud, unique("done"))
    part = Jobs(cloud, (await job.ended())["steps"][1]["uid"])

    for verb in ("cancel", "resume"):
        await Jobs(cloud, "no-such-job").act(verb, {}, expect=404)
        refused = await part.act(verb, {}, expect=409)
        assert job.uid in refused["error_msg"]


async def test_under_a_key_a_job_is_resumed_once(cloud: Cloud) -> None:
    _, job = await made(cloud, "fails")
    await job.ended()
    headers = {"Idempotency-Key": unique("key")}

    first, second = [
        await cloud.client.post(f"{job.path}/resume", json={}, headers=headers) for _ in range(2)
    ]

    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
