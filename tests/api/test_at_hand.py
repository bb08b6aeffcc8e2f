"""What is answered beside the event loop: the same as in the loop, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from clusterwright import clock
from clusterwright.iam import auth, signature
from clusterwright.storage.database import StorageUnavailable
from clusterwright.web.asgi import Scope
from clusterwright.web.edge import Edge
from tests.api.cloud import Cloud, cluster, open_cloud, sign_in, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = "cce.example.test"
Change = Callable[[Scope], Any]
Ask = Callable[[Cloud, str], Scope]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cloud]:
    async with open_cloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def job(cloud: Cloud) -> str:
    """The path of a job that has ended."""
    body = cluster(unique("demo"))
    made = await cloud.call("POST", f"{cloud.project}/clusters", body, expect=201)
    path = f"{cloud.project}/jobs/{made['status']['jobID']}"
    await cloud.until(path, "status.phase", "Success")
    return path


def asked(path: str, *headers: tuple[str, str]) -> Scope:
    """A GET as the HTTP server tells of it."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", HOST.encode()), *((n.encode(), v.encode()) for n, v in headers)],
    }


def with_token(cloud: Cloud, path: str) -> Scope:
    return asked(path, ("x-auth-token", cloud.client.headers["X-Auth-Token"]))


def signed(cloud: Cloud, path: str, *, access_key: str = "", secret_key: str = "") -> Scope:
    account = cloud.account
    keys = (access_key or account["access_key"], secret_key or account["secret_key"])
    headers = {"X-Project-Id": account["project_id"]}
    request = SdkRequest("GET", "http", HOST, path, path, [], headers, "")
    sent = Signer(BasicCredentials(*keys)).sign(request).header_params
    return asked(path, *((n.lower(), v) for n, v in sent.items() if n != "Host"))


def at_hand(cloud: Cloud, scope: Scope) -> bytes | None:
    assert isinstance(cloud.app, Edge)
    found = cloud.app.at_hand(scope)
    if found is None:
        return None
    start, body = found
    assert start["status"] == 200
    assert {name for name, _ in start["headers"]} >= {b"x-request-id", b"content-type"}
    return bytes(body["body"])


async def send(cloud: Cloud, scope: Scope) -> bytes:
    """The body of the answer that the loop gives, which must be a 200."""
    headers = [(n, v) for n, v in scope["headers"] if n != b"host"]
    request = cloud.client.build_request("GET", f"http://{HOST}{scope['path']}", headers=headers)
    if b"x-auth-token" not in dict(headers):
        del request.headers["X-Auth-Token"]
    answer = await cloud.client.send(request)
    assert answer.status_code == 200, answer.text
    return answer.content


async def make_known(cloud: Cloud, ask: Ask, path: str) -> None:
    """Ask in the usual way until the answer is at hand, which it is not while the job changes."""
    deadline = time.monotonic() + cloud.patience
    while await send(cloud, ask(cloud, path)) and at_hand(cloud, ask(cloud, path)) is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("ask", [with_token, signed])
async def test_a_job_that_was_read_is_at_hand_once_its_caller_is_known(
    cloud: Cloud, job: str, ask: Ask
) -> None:
    await make_known(cloud, ask, job)

    found = at_hand(cloud, ask(cloud, job))

    assert found == await send(cloud, ask(cloud, job))


def header(name: str, value: str = "x") -> Change:
    return lambda scope: scope["headers"].append((name.encode(), value.encode()))


def path(change: Callable[[str], str]) -> Change:
    def to(scope: Scope) -> None:
        scope["path"] = change(scope["path"])
        scope["raw_path"] = scope["path"].encode()

    return to


UNUSUAL: dict[str, Change] = {
    "a body": header("content-length", "2"),
    "a body in chunks": header("transfer-encoding", "chunked"),
    "a wish to wait": header("prefer", "wait=3"),
    "another protocol": header("upgrade", "websocket"),
    "a header twice": header("host", "elsewhere"),
    "a large header": header("x-large", "x" * 70_000),
    "a query": lambda scope: scope.update(query_string=b"a=b"),
    "an encoded path": lambda scope: scope.update(raw_path=scope["raw_path"][:-1] + b"%61"),
    "another method": lambda scope: scope.update(method="DELETE"),
    "another prefix": path(lambda old: old.replace("/api/v3/", "/api/v4/")),
    "another project": path(lambda old: old.replace("/projects/", "/projects/x")),
    "a slash too many": path(lambda old: f"{old}/"),
    "an unknown job": path(lambda old: f"{old}x"),
}


@pytest.mark.parametrize("ask", [with_token, signed])
@pytest.mark.parametrize("change", UNUSUAL.values(), ids=UNUSUAL)
async def test_whatever_is_not_usual_goes_to_the_loop(
    cloud: Cloud, job: str, ask: Ask, change: Change
) -> None:
    await make_known(cloud, ask, job)
    scope = ask(cloud, job)

    change(scope)

    assert at_hand(cloud, scope) is None


async def test_a_signature_that_is_wrong_or_old_is_never_at_hand(
    cloud: Cloud, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_known(cloud, signed, job)
    right = signed(cloud, job)
    altered = signed(cloud, f"{job}x")
    altered["path"], altered["raw_path"] = job, job.encode()

    wrong = [
        signed(cloud, job, secret_key="x"),
        signed(cloud, job, access_key="x"),
        asked(job, ("authorization", "SDK-HMAC-SHA256 Access=x")),
        altered,
    ]
    monkeypatch.setattr(auth, "now", lambda: clock.now() + signature.MAX_SKEW + 1_000_000_000)

    assert [at_hand(cloud, scope) for scope in [*wrong, right]] == [None] * 5


async def test_nobody_is_at_hand_whose_token_was_revoked_or_has_ended(
    cloud: Cloud, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await sign_in(cloud.client, cloud.account)
    scope = asked(job, ("x-auth-token", token))
    await make_known(cloud, lambda cloud, path: scope, job)

    monkeypatch.setattr(auth, "now", lambda: clock.now() + 10**18)
    ended = at_hand(cloud, scope)
    monkeypatch.undo()
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    await cloud.call("DELETE", "/v3/auth/tokens", headers=headers, expect=204)
    revoked = at_hand(cloud, scope)

    assert (ended, revoked) == (None, None)


async def test_nothing_is_at_hand_while_revocations_may_be_missed(
    cloud: Cloud, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_known(cloud, with_token, job)
    scope = with_token(cloud, job)

    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)

    with pytest.raises(StorageUnavailable):
        at_hand(cloud, scope)
