"""Whatever a client sends, the answer is a JSON object with a request id."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from clusterwright.cce.clusters import operations
from clusterwright.web.asgi import Message, Receive, Scope, Send
from clusterwright.web.edge import Edge, read_body
from tests.api.cloud import BASE, Cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEBIBYTE = 1024 * 1024


def assert_refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Make sure that an answer is an entry of the catalogue. Returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])
    body: dict[str, Any] = answer.json()
    assert body["error_code"] == code
    assert body["error_msg"]
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


async def test_every_answer_has_a_request_id_of_its_own(shared_cloud: Cloud) -> None:
    paths = ["/healthz", "/", f"{shared_cloud.project}/clusters", "/nowhere", "/openapi.json"]

    answers = [await shared_cloud.client.get(path) for path in paths * 2]

    ids = [answer.headers.get_list("X-Request-Id") for answer in answers]
    assert all(len(each) == 1 and re.fullmatch(r"[0-9a-f]{32}", each[0]) for each in ids)
    assert len({each[0] for each in ids}) == len(ids)


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api/v3/projects",
        "/api/v9/projects/x/clusters",
        "/api/v3/projects/{project}/clusters/",
        "/api/v3/projects/{project}/clusters//",
        "/api/v3/projects/{project}/jobs",
        "/api/v3/projects/{project}/jobs/",
        "/api/v3/projects/{project}/jobs/x/",
        "/api/v3/projects/{project}/Clusters",
        "/api/v3/projects/{project}/clusters/%00",
        "/api/v3/projects/{project}/clusters?status=%00",
        "/healthz/",
    ],
)
async def test_an_unknown_path_is_no_api(shared_cloud: Cloud, path: str) -> None:
    target = path.format(project=shared_cloud.account["project_id"])

    answer = await shared_cloud.client.get(target)

    assert_refused(answer, 404, "APIGW.0101")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/healthz"),
        ("PATCH", "/api/v3/projects/{project}/clusters"),
        ("POST", "/api/v3/projects/{project}/clusters/x"),
        ("POST", "/api/v3/projects/{project}/jobs/x"),
        ("DELETE", "/api/v3/projects/{project}/jobs/x"),
        ("BREW", "/api/v3/projects/{project}/clusters"),
        ("OPTIONS", "/api/v3/projects/{project}/clusters"),
        ("TRACE", "/"),
    ],
)
async def test_an_unknown_method_is_no_api(shared_cloud: Cloud, method: str, path: str) -> None:
    target = path.format(project=shared_cloud.account["project_id"])

    answer = await shared_cloud.client.request(method, target)

    assert_refused(answer, 405, "APIGW.0101")
    assert answer.headers["Allow"]


async def test_head_is_refused_like_any_unknown_method(shared_cloud: Cloud) -> None:
    answer = await shared_cloud.client.head(f"{shared_cloud.project}/clusters")

    assert answer.status_code == 405
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/healthz", "{project}/clusters", "{project}/jobs/x"])
async def test_a_long_target_is_refused(shared_cloud: Cloud, path: str) -> None:
    target = path.format(project=shared_cloud.project)

    answer = await shared_cloud.client.get(f"{target}?{'q' * 9000}")

    assert_refused(answer, 414, "APIGW.0201")


@pytest.mark.parametrize("path", ["/healthz", "{project}/clusters", "{project}/jobs/x"])
async def test_many_bytes_of_headers_are_refused(shared_cloud: Cloud, path: str) -> None:
    headers = {f"X-Padding-{number}": "x" * 1000 for number in range(70)}

    answer = await shared_cloud.client.get(
        path.format(project=shared_cloud.project), headers=headers
    )

    assert_refused(answer, 431, "APIGW.0201")


@pytest.mark.parametrize("path", ["{project}/clusters", "/v3/auth/tokens"])
async def test_a_large_body_is_refused(shared_cloud: Cloud, path: str) -> None:
    answer = await shared_cloud.client.post(
        path.format(project=shared_cloud.project),
        content=b" " * (MEBIBYTE + 1),
        headers={"Content-Type": "application/json"},
    )

    assert_refused(answer, 413, "APIGW.0201")


async def test_a_large_body_in_chunks_is_refused(shared_cloud: Cloud) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MEBIBYTE // 1000 + 2):
            yield b" " * 1000

    answer = await shared_cloud.client.post(
        f"{shared_cloud.project}/clusters",
        content=chunks(),
        headers={"Content-Type": "application/json"},
    )

    assert_refused(answer, 413, "APIGW.0201")


@pytest.mark.parametrize(
    "header",
    [
        {"X-Auth-Token": "not-a-token"},
        {"X-Auth-Token": "x" * 16384},
        {"X-Auth-Token": "", "Authorization": "Bearer"},
        {"X-Auth-Token": "", "Authorization": "Basic abc"},
        {"X-Auth-Token": "", "Authorization": "SDK-HMAC-SHA256"},
        {
            "X-Auth-Token": "",
            "Authorization": "SDK-HMAC-SHA256 Access=, SignedHeaders=, Signature=",
        },
    ],
)
@pytest.mark.parametrize("path", ["{project}/clusters", "{project}/jobs/x"])
async def test_bad_credentials_are_refused_alike_by_every_route(
    shared_cloud: Cloud, path: str, header: dict[str, str]
) -> None:
    answer = await shared_cloud.client.get(
        path.format(project=shared_cloud.project), headers=header
    )

    body = assert_refused(answer, 401, "APIGW.0301")
    assert "Traceback" not in body["error_msg"]


@pytest.mark.parametrize("uid", ["a b", "<b>", "%", "ü", "x" * 5000, "'; --", "{job_id}"])
async def test_an_odd_job_id_is_not_found(shared_cloud: Cloud, uid: str) -> None:
    url = httpx.URL(BASE).copy_with(path=f"{shared_cloud.project}/jobs/{uid}")

    answer = await shared_cloud.client.get(url)

    body = assert_refused(answer, 404, "CCE_CM.0003")
    assert len(body["message"]) < 300


async def test_a_body_that_drips_ends_although_it_never_stands_still() -> None:
    sent: list[Message] = []

    async def drip() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def keep(message: Message) -> None:
        sent.append(message)

    async def reader(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)

    edge = Edge(reader, body_limit=MEBIBYTE, body_seconds=0.2)
    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b""}
    await edge(scope | {"headers": []}, drip, keep)

    assert [message.get("status") for message in sent] == [408, None]


async def test_an_error_in_the_middle_of_an_answer_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError("half of it")

    transport = httpx.ASGITransport(app=Edge(breaking, body_limit=1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        with pytest.raises(AssertionError):  # httpx, of the answer without an end
            await client.get("/")

    assert "breaking off an answer" in caplog.text
    assert "half of it" in caplog.text


async def test_an_error_that_was_answered_is_logged_once(
    shared_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("nobody foresaw it")

    monkeypatch.setattr(operations, "show", broken)

    answer = await shared_cloud.client.get(f"{shared_cloud.project}/clusters/any")

    assert answer.status_code == 500
    assert len([told for told in caplog.records if told.exc_info]) == 1
