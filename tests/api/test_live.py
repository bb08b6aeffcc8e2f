"""Jobs as people read them: in full, as a history, as events; and what hostile requests get."""

import asyncio
import random
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from clusterwright.jobs import store
from clusterwright.jobs.plan import JobType, Serial, Step
from clusterwright.live import streams
from clusterwright.storage.database import Database
from tests.api.cloud import Cloud, cluster, sign_in, stranger, unique
from tests.api.iam_server import signed
from tests.jobs.trees import idle, request, unsettled

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHASE = "status.phase"
IDLE = JobType(Serial("Idle", (Step("Rest", idle, timeout=1),)), settle=unsettled)


def extension(cloud: Cloud) -> str:
    """The prefix of our own operations."""
    return f"/clusterwright/v1/projects/{cloud.account['project_id']}"


async def created(cloud: Cloud) -> tuple[str, str]:
    """A new cluster whose job has succeeded: the uids of both."""
    made = await cloud.call(
        "POST", f"{cloud.project}/clusters", cluster(unique("live")), expect=201
    )
    job: str = made["status"]["jobID"]
    await cloud.until(f"{cloud.project}/jobs/{job}", PHASE, "Success")
    return made["metadata"]["uid"], job


async def test_a_job_in_full_tells_what_its_document_tells_and_more(shared_cloud: Cloud) -> None:
    uid, job = await created(shared_cloud)
    official = await shared_cloud.call("GET", f"{shared_cloud.project}/jobs/{job}", expect=200)

    found = await shared_cloud.call("GET", f"{extension(shared_cloud)}/jobs/{job}", expect=200)

    assert (found["uid"], found["type"]) == (job, official["spec"]["type"])
    assert (found["clusterUID"], found["phase"], found["progress"]) == (uid, "Success", 1)
    assert found["revision"] >= 3
    assert found["submittedAt"] <= found["startedAt"] <= found["endedAt"]
    assert found["duration"] >= 0
    assert (found["attempt"], found["cause"], found["cancel"]) == (1, None, None)

    def flat(document: Any) -> list[tuple[str, str]]:
        below = document["spec"].get("subJobs", [])
        mine = (document["metadata"]["uid"], document["status"]["phase"])
        return [mine, *(one for sub in below for one in flat(sub))]

    assert [(step["uid"], step["phase"]) for step in found["steps"]] == flat(official)
    assert found["steps"][0]["parentUID"] is None
    assert {step["progress"] for step in found["steps"]} == {1}


async def test_a_sub_job_is_found_by_its_own_id_with_what_is_below_it(shared_cloud: Cloud) -> None:
    _, job = await created(shared_cloud)
    path = f"{extension(shared_cloud)}/jobs"
    steps = (await shared_cloud.call("GET", f"{path}/{job}", expect=200))["steps"]

    for step in steps[1:]:
        found = await shared_cloud.call("GET", f"{path}/{step['uid']}", expect=200)

        assert found["uid"] == found["steps"][0]["uid"] == step["uid"]
        known = {step["uid"]}
        for each in steps:
            if each["parentUID"] in known:
                known.add(each["uid"])
        assert {each["uid"] for each in found["steps"]} == known


async def test_a_long_poll_answers_when_the_job_changes(shared_cloud: Cloud) -> None:
    made = await shared_cloud.call(
        "POST", f"{shared_cloud.project}/clusters", cluster(unique("live")), expect=201
    )
    path = f"{extension(shared_cloud)}/jobs/{made['status']['jobID']}"

    revision, seen = 0, []
    while True:
        found = await shared_cloud.call("GET", f"{path}?wait=20&after={revision}", expect=200)
        assert found["revision"] > revision
        revision = found["revision"]
        seen.append(found["progress"])
        if found["phase"] == "Success":
            break

    assert seen == sorted(seen)
    begin = time.monotonic()
    again = await shared_cloud.call("GET", f"{path}?wait=20&after={revision}", expect=200)
    assert again["revision"] == revision
    assert time.monotonic() - begin < 5, "a job that has ended is not waited for"


async def test_a_long_poll_ends_with_its_time(shared_cloud: Cloud, shared_database: str) -> None:
    data = Database(shared_database)
    data.outbox = nothing_promised
    async with data.transaction() as tx:
        asked = replace(request(IDLE), project_id=shared_cloud.account["project_id"])
        uid = await store.submit(tx, asked)
    await data.dispose()
    begin = time.monotonic()

    found = await shared_cloud.call(
        "GET", f"{extension(shared_cloud)}/jobs/{uid}?wait=0.3", expect=200
    )

    assert found["phase"] == "Initializing"
    assert 0.25 < time.monotonic() - begin < 5


async def nothing_promised(tx: Any, **what: Any) -> None:
    """Nobody works on the jobs of these tests."""


async def test_events_tell_the_whole_story_page_by_page(shared_cloud: Cloud) -> None:
    _, job = await created(shared_cloud)
    path = f"{extension(shared_cloud)}/jobs/{job}"
    known: dict[str, str] = {}

    after: int | None = 0
    revisions = []
    while after is not None:
        page = await shared_cloud.call("GET", f"{path}/events?after={after}&limit=2", expect=200)
        for event in page["events"]:
            revisions.append(event["revision"])
            assert (event["job"], event["id"]) == (job, f"{job}.{event['revision']}")
            known |= {change["uid"]: change["phase"] for change in event["changes"]}
        after = page["nextAfter"]

    found = await shared_cloud.call("GET", path, expect=200)
    assert revisions == list(range(1, found["revision"] + 1))
    assert known == {step["uid"]: step["phase"] for step in found["steps"]}


async def test_a_history_shows_every_job_once_newest_first_whatever_is_added_meanwhile(
    shared_cloud: Cloud,
) -> None:
    path = f"{extension(shared_cloud)}/jobs"
    jobs = [(await created(shared_cloud))[1] for _ in range(7)]
    for limit in (1, 2, 3, 200):
        marker: str | None = ""
        found: list[str] = []
        while marker is not None:
            page = await shared_cloud.call(
                "GET", f"{path}?limit={limit}&marker={marker}&type=CreateCluster", expect=200
            )
            assert len(page["jobs"]) <= limit
            found += [job["uid"] for job in page["jobs"]]
            marker = page["nextMarker"]
            if len(found) < 8 and random.random() < 0.5:
                await shared_cloud.call(
                    "POST", f"{shared_cloud.project}/clusters", cluster(unique("n")), expect=201
                )

        assert len(found) == len(set(found))
        assert [uid for uid in found if uid in jobs] == jobs[::-1]


async def test_a_history_is_filtered(shared_cloud: Cloud) -> None:
    uid, job = await created(shared_cloud)
    path = f"{extension(shared_cloud)}/jobs"
    one = await shared_cloud.call("GET", f"{path}/{job}", expect=200)

    async def found(query: str) -> list[str]:
        page = await shared_cloud.call("GET", f"{path}?{query}", expect=200)
        return [row["uid"] for row in page["jobs"]]

    assert await found(f"cluster_id={uid}") == [job]
    assert await found(f"resource_id={uid}") == [job]
    assert await found(f"cluster_id={uid}&phase=Failed") == []
    assert await found(f"cluster_id={uid}&type=CreateCluster&phase=Success") == [job]
    assert job in await found(f"type=CreateCluster&since={one['submittedAt']}")
    assert job not in await found(f"type=CreateCluster&until={one['submittedAt']}")
    assert await found("type=Nothing") == []
    page = await shared_cloud.call("GET", f"{path}?cluster_id={uid}", expect=200)
    assert page["retentionDays"] == 7
    assert page["jobs"][0] == {key: one[key] for key in page["jobs"][0]}


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=201", "limit=x", "limit=1_0", "marker=x", "marker=1", "marker=1.2.3"),
        *(f"marker={'9' * 19}.1", "marker=-1.1", "phase=Done", "phase=running", "since=yesterday"),
        *("since=2026-01-01", "since=2026-01-01T00:00:00", "until=9999-99-99T00:00:00Z"),
        *("since=0001-01-01T00:00:00%2B23:59", f"type={'x' * 129}"),
    ],
)
async def test_a_history_refuses_what_it_cannot_mean(shared_cloud: Cloud, query: str) -> None:
    refused = await shared_cloud.call("GET", f"{extension(shared_cloud)}/jobs?{query}", expect=400)

    assert query.split("=")[0] in refused["error_msg"]


@pytest.mark.parametrize(
    "query",
    [
        *("wait=-1", "wait=61", "wait=1e999", "wait=nan", "wait=x", "after=-1", "after=x"),
        f"after={2**31}",
    ],
)
async def test_a_long_poll_refuses_what_it_cannot_mean(shared_cloud: Cloud, query: str) -> None:
    _, job = await created(shared_cloud)
    path = f"{extension(shared_cloud)}/jobs/{job}"

    refused = await shared_cloud.call("GET", f"{path}?{query}", expect=400)

    assert query.split("=")[0] in refused["error_msg"]


@pytest.mark.parametrize("rest", ["", "/events", "/stream"])
@pytest.mark.parametrize("uid", ["nobody", "0" * 32, "ünknown", "x" * 300, "%2e%2e", "'--"])
async def test_an_unknown_job_is_not_found(shared_cloud: Cloud, uid: str, rest: str) -> None:
    await shared_cloud.call("GET", f"{extension(shared_cloud)}/jobs/{uid}{rest}", expect=404)


@pytest.mark.parametrize("rest", ["", "/events", "/stream"])
async def test_a_job_of_another_project_is_not_found(
    shared_cloud: Cloud, shared_database: str, rest: str
) -> None:
    _, job = await created(shared_cloud)
    async with stranger(shared_cloud, shared_database) as other:
        await other.call("GET", f"{extension(other)}/jobs/{job}{rest}", expect=404)
        await other.call("GET", f"{extension(shared_cloud)}/jobs/{job}{rest}", expect=403)
        listed = await other.call("GET", f"{extension(other)}/jobs", expect=200)

    assert listed["jobs"] == []


BAD_IDS = ["x", "-1", "1e9", "99999999999", "999999999", "1:2", "5:4:", "1:2:7", "1:9:2,", "\u00e9"]


@pytest.mark.parametrize("last", BAD_IDS)
async def test_a_job_does_not_go_on_from_what_was_never_its_event(
    shared_cloud: Cloud, last: str
) -> None:
    _, job = await created(shared_cloud)

    refused = await shared_cloud.call(
        "GET",
        f"{extension(shared_cloud)}/jobs/{job}/stream",
        expect=400,
        headers={"Last-Event-ID": last.encode()},
    )

    assert "Last-Event-ID" in refused["error_msg"]


@pytest.mark.parametrize(
    "last", [*BAD_IDS, "1:999999999999999999:", "1:2:/1:2:", "1:2:/x/3", "1:2:/1:2:/3/4", "/", "//"]
)
async def test_a_project_does_not_go_on_from_what_was_never_a_place(
    shared_cloud: Cloud, last: str
) -> None:
    refused = await shared_cloud.call(
        "GET",
        f"{extension(shared_cloud)}/events",
        expect=400,
        headers={"Last-Event-ID": last.encode()},
    )

    assert "Last-Event-ID" in refused["error_msg"]


async def test_a_stream_of_a_job_that_has_ended_is_a_snapshot_and_an_end(
    shared_cloud: Cloud,
) -> None:
    _, job = await created(shared_cloud)
    path = f"{extension(shared_cloud)}/jobs/{job}"
    found = await shared_cloud.client.get(path)

    answer = await shared_cloud.client.get(f"{path}/stream")

    revision = found.json()["revision"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"id: {revision}\nevent: snapshot\ndata: {found.text}\n\n" in answer.text
    assert answer.text.endswith(f'id: {revision}\nevent: end\ndata: {{"revision":{revision}}}\n\n')
    rest = await shared_cloud.client.get(f"{path}/stream", headers={"Last-Event-ID": "1"})
    assert "event: snapshot" not in rest.text
    assert rest.text.count("event: job\n") == revision - 1
    assert rest.text.count("event: end\n") == 1


async def test_streams_are_for_callers_of_the_project(shared_cloud: Cloud) -> None:
    path = f"{extension(shared_cloud)}/events"
    transport = httpx.ASGITransport(app=shared_cloud.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as nobody:
        assert (await nobody.get(path)).status_code == 401


@pytest.mark.parametrize("means", ["token", "bearer", "temporary key"])
async def test_a_stream_lasts_as_long_as_the_token_that_opened_it(
    shared_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, means: str
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT", 0.05)
    token = await sign_in(shared_cloud.client, shared_cloud.account)
    path = f"{extension(shared_cloud)}/events"
    match means:
        case "token":
            proof = {"X-Auth-Token": token}
        case "bearer":
            proof = {"Authorization": f"Bearer {token}"}
        case _:
            proof = await signed_by_temporary_key(shared_cloud, token, path)
    transport = httpx.ASGITransport(app=shared_cloud.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as reader:
        reading = asyncio.create_task(reader.get(path, headers=proof))
        await asyncio.sleep(0.2)
        assert not reading.done()
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}
        await shared_cloud.call("DELETE", "/v3/auth/tokens", headers=headers, expect=204)

        async with asyncio.timeout(10):
            assert (await reading).status_code == 200


async def signed_by_temporary_key(cloud: Cloud, token: str, path: str) -> dict[str, str]:
    """Headers of a request that a key signs which ends with the token that makes it."""
    made = await cloud.call(
        "POST",
        "/v3.0/OS-CREDENTIAL/securitytokens",
        {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 900}}}},
        headers={"X-Auth-Token": token},
        expect=201,
    )
    key = made["credential"]
    security = {"X-Security-Token": key["securitytoken"]}
    return signed((key["access"], key["secret"]), "GET", path, security)


async def test_a_reader_of_the_official_document_may_prefer_to_wait_for_news(
    shared_cloud: Cloud,
) -> None:
    made = await shared_cloud.call(
        "POST", f"{shared_cloud.project}/clusters", cluster(unique("live")), expect=201
    )
    path = f"{shared_cloud.project}/jobs/{made['status']['jobID']}"

    before: Any = None
    while True:
        answer = await shared_cloud.client.get(path, headers={"Prefer": "wait=20"})
        assert answer.status_code == 200
        assert answer.headers["Preference-Applied"] == "wait=20"
        if before is not None and before["status"]["phase"] != "Success":
            assert answer.json() != before, "it has waited for a change"
        before = answer.json()
        if before["status"]["phase"] == "Success":
            break

    plain = await shared_cloud.client.get(path)
    assert plain.json() == before
    assert "Preference-Applied" not in plain.headers


@pytest.mark.parametrize("of", ["the job", "its step"])
async def test_who_prefers_to_wait_is_answered_after_that_time(
    shared_cloud: Cloud, shared_database: str, of: str
) -> None:
    data = Database(shared_database)
    data.outbox = nothing_promised
    async with data.transaction() as tx:
        asked = replace(request(IDLE), project_id=shared_cloud.account["project_id"])
        uid = await store.submit(tx, asked)
    await data.dispose()
    path = f"{shared_cloud.project}/jobs/{uid}"
    if of == "its step":
        found = await shared_cloud.call("GET", path, expect=200)
        path = f"{shared_cloud.project}/jobs/{found['spec']['subJobs'][0]['metadata']['uid']}"
    plain = await shared_cloud.client.get(path)
    begin = time.monotonic()

    answer = await shared_cloud.client.get(path, headers={"Prefer": "respond-async, WAIT=1"})

    assert 0.9 < time.monotonic() - begin < 10
    assert answer.content == plain.content
    assert answer.headers["Preference-Applied"] == "wait=1"


@pytest.mark.parametrize(
    "preference", ["wait=-1", "wait=1e999", "wait=", "wait", "wait=0", "await=5", "wait=5x", ","]
)
async def test_a_preference_that_is_none_changes_nothing(
    shared_cloud: Cloud, preference: str
) -> None:
    _, job = await created(shared_cloud)
    path = f"{shared_cloud.project}/jobs/{job}"
    plain = await shared_cloud.client.get(path)

    answer = await shared_cloud.client.get(path, headers={"Prefer": preference})

    assert answer.content == plain.content
    assert "Preference-Applied" not in answer.headers
