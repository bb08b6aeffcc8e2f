"""What only a real socket can send, at a real server."""

import json
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from tests import sockets
from tests.client import Client
from tests.server_process import ServerProcess


@dataclass(frozen=True)
class Answer:
    """One answer as it came over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(server: ServerProcess, *parts: bytes) -> Answer:
    """Send bytes as they are, and read one answer."""
    address = urlsplit(server.endpoint)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, server.port), timeout=60) as connection:
        for part in parts:
            connection.sendall(part)
        with connection.makefile("rb") as stream:
            status = int(stream.readline().split()[1])
            headers: dict[str, str] = {}
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
    return Answer(status, headers, body)


def head(method: str, target: str, **headers: str) -> bytes:
    """The head of a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: cce.example.test", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture(scope="module")
def token(live_server: ServerProcess) -> str:
    """A token of the first project."""
    with closing(Client(live_server)) as client:
        return client.token


@pytest.fixture(scope="module")
def project(live_server: ServerProcess) -> str:
    """The path of the first project."""
    return f"/api/v3/projects/{live_server.credentials['project_id']}"


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["error_code"] == code
    assert answer.json["request_id"] == answer.headers["x-request-id"]


def test_an_absolute_target_is_understood(
    live_server: ServerProcess, token: str, project: str
) -> None:
    target = f"http://cce.example.test{project}/clusters"

    answer = send(live_server, head("GET", target, X_Auth_Token=token))

    assert answer.status == 200
    assert answer.json["kind"] == "Cluster"


@pytest.mark.parametrize(
    "uid", ["a%20b%3Cc%3E", "%3Cscript%3E", "%E4%BD%A0", "%FF", "%2e%2e", "%25"]
)
def test_an_encoded_job_id_is_not_found(
    live_server: ServerProcess, token: str, project: str, uid: str
) -> None:
    answer = send(live_server, head("GET", f"{project}/jobs/{uid}", X_Auth_Token=token))

    assert_refused(answer, 404, "CCE_CM.0003")


def signed_read(server: ServerProcess, project: str, body: bytes) -> dict[str, str]:
    """The headers, without Host, that the official SDK sends with a read of no job."""
    account = server.credentials
    request = SdkRequest(
        method="GET",
        host="cce.example.test",
        resource_path=f"{project}/jobs/nothing",
        query_params=[],
        header_params={"Content-Type": "application/json"},
        body=body,
    )
    signer = Signer(BasicCredentials(account["access_key"], account["secret_key"]))
    headers = signer.sign(request).header_params
    return {name: str(value) for name, value in headers.items() if name.lower() != "host"}


def test_a_signed_read_may_have_the_body_that_the_node_sdk_sends(
    live_server: ServerProcess, project: str
) -> None:
    mine = signed_read(live_server, project, b"{}")

    good = send(
        live_server, head("GET", f"{project}/jobs/nothing", **mine, Content_Length="2"), b"{}"
    )
    changed = send(
        live_server, head("GET", f"{project}/jobs/nothing", **mine, Content_Length="2"), b"[]"
    )

    assert_refused(good, 404, "CCE_CM.0003")
    assert_refused(changed, 401, "APIGW.0301")


def test_a_body_in_chunks_is_read(live_server: ServerProcess, token: str, project: str) -> None:
    sent = head(
        "POST",
        f"{project}/clusters",
        X_Auth_Token=token,
        Content_Type="application/json",
        Transfer_Encoding="chunked",
    )

    answer = send(live_server, sent, b"1\r\n{\r\n", b"1\r\n}\r\n", b"0\r\n\r\n")

    assert_refused(answer, 400, "CCE_CM.0004")


def test_a_body_in_chunks_may_not_be_too_large(
    live_server: ServerProcess, token: str, project: str
) -> None:
    sent = head(
        "POST",
        f"{project}/clusters",
        X_Auth_Token=token,
        Content_Type="application/json",
        Transfer_Encoding="chunked",
    )
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    answer = send(live_server, sent, *[chunk] * 17, b"0\r\n\r\n")

    assert_refused(answer, 413, "APIGW.0201")


BROKEN_CHUNKS = {
    "a negative size": b"-1\r\nabc",
    "a size beyond all numbers": b"FFFFFFFFFFFFFFFFF\r\nabc",
    "no size": b"\r\nabc\r\n",
    "lines without carriage returns": b"3\nabc\n0\n\n",
    "a long extension": b"3;" + b"x" * 20_000 + b"\r\nabc\r\n0\r\n\r\n",
    "trailers without end": b"2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 50_000 + b"\r\n",
    "more than the size": b"1\r\nabc\r\n0\r\n\r\n",
    "words": b"three\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS.keys())
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v3/auth/tokens"),
        ("POST", "{project}/clusters"),
        ("PUT", "{project}/clusters/nothing"),
        ("GET", "{project}/jobs/nothing"),
        ("GET", "{project}/clusters"),
        ("DELETE", "{project}/clusters/nothing"),
        ("POST", "/nowhere"),
    ],
)
def test_broken_chunks_are_the_clients_fault_and_leave_no_trace(
    live_server: ServerProcess, token: str, project: str, method: str, path: str, chunks: bytes
) -> None:
    before = live_server.log.read_text().count("Traceback")
    target = path.format(project=project)
    sent = head(method, target, X_Auth_Token=token, Transfer_Encoding="chunked")

    answer = send(live_server, sent + chunks)

    # Routes that read no body may not even notice.
    reads = method in ("POST", "PUT") and path != "/nowhere"
    assert answer.status == 400 if reads else answer.status < 500, answer
    assert len(answer.headers["x-request-id"]) == 32
    assert live_server.log.read_text().count("Traceback") == before


def test_a_signed_read_with_a_broken_body_is_refused(
    live_server: ServerProcess, project: str
) -> None:
    mine = signed_read(live_server, project, b"")
    sent = head("GET", f"{project}/jobs/nothing", **mine, Transfer_Encoding="chunked")

    answer = send(live_server, sent, b"-1\r\n")

    assert_refused(answer, 400, "APIGW.0201")


def test_clients_that_go_away_in_a_body_leave_no_line_in_the_log(
    live_server: ServerProcess,
) -> None:
    before = len(live_server.log.read_text())

    for _ in range(50):
        sockets.connect(live_server, sockets.HALF_A_BODY).close()
    sockets.until_closed(live_server)
    answer = send(live_server, head("GET", "/healthz"))

    assert answer.status == 200
    assert "internal error" not in live_server.log.read_text()[before:]
    assert "Traceback" not in live_server.log.read_text()[before:]


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "{project}/clusters", "{project}/jobs/x"])
def test_a_websocket_is_refused(live_server: ServerProcess, project: str, path: str) -> None:
    wanted = {"Upgrade": "WebSocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "a" * 24}
    sent = head("GET", path.format(project=project), **wanted)

    answer = send(live_server, sent.replace(b"Connection: close", b"Connection: Upgrade"))

    assert_refused(answer, 400, "APIGW.0106")


def test_an_offer_of_http_2_is_passed_over(live_server: ServerProcess) -> None:
    sent = head("GET", "/healthz", Upgrade="h2c", HTTP2_Settings="AAMAAABkAARAAAAAAAIAAAAA")

    answer = send(live_server, sent.replace(b"Connection: close", b"Connection: Upgrade"))

    assert answer.status == 200


def test_a_long_target_is_refused(live_server: ServerProcess) -> None:
    answer = send(live_server, head("GET", "/" + "x" * 20_000))

    assert_refused(answer, 414, "APIGW.0201")


def test_a_head_request_is_answered_without_a_body(
    live_server: ServerProcess, token: str, project: str
) -> None:
    answer = send(live_server, head("HEAD", f"{project}/clusters", X_Auth_Token=token))

    assert answer.status == 405
    assert answer.headers["x-request-id"]
