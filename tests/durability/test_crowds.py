"""Thousands of clients that want nothing, or never finish: everybody else is served meanwhile."""

import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import sockets
from tests.durability.conftest import Launch
from tests.kit import until
from tests.server_process import PLAIN, KeptPort, ServerProcess

pytestmark = pytest.mark.durability


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that waits for nothing longer than a second."""
    folder = tmp_path_factory.mktemp("hasty") / "data"
    server = ServerProcess(folder, head_seconds=1, body_seconds=1, answer_seconds=1)
    yield server.start()
    server.stop()


def is_healthy(server: ServerProcess, port: int = 0) -> bool:
    """Whether a new client is served."""
    found = PLAIN.get(f"http://127.0.0.1:{port or server.port}/healthz")
    return found.status_code == 200


def test_three_thousand_clients_that_never_finish_keep_nobody_out(launch: Launch) -> None:
    server = launch(head_seconds=60, body_seconds=60)
    kinds = (sockets.SILENT, sockets.HALF_A_BODY, sockets.WHOLE)

    with sockets.crowd(server, *kinds, each=1000) as connections:
        kept = connections[-1000:]
        assert all(sockets.answer_of(each).startswith(b"HTTP/1.1 200") for each in kept)

        assert all(is_healthy(server) for _ in range(10))
        assert server.credentials
        assert PLAIN.post(f"{server.endpoint}/v3/auth/tokens", json={}).status_code == 400


@pytest.mark.parametrize(
    "sent",
    [sockets.SILENT, sockets.HALF_A_HEAD, b"PRI * HT", sockets.WHOLE],
    ids=["silent", "half a head", "half an HTTP/2 preface", "idle"],
)
def test_a_connection_without_a_request_ends_by_itself(hasty: ServerProcess, sent: bytes) -> None:
    with sockets.connect(hasty, sent) as connection:
        heard = sockets.everything(connection)

    assert heard.startswith(b"HTTP/1.1 200") == (sent == sockets.WHOLE)


def test_a_head_that_drips_ends_all_the_same(hasty: ServerProcess) -> None:
    connection = sockets.connect(hasty, sockets.HALF_A_HEAD)

    with connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        connection.settimeout(0.2)
        for _ in range(100):
            connection.sendall(b"a: b\r\n")
            try:
                assert connection.recv(1) == b""
            except TimeoutError:
                continue


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"Content-Length: 100\r\n\r\n", b"{"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
    ],
    ids=["length", "chunks"],
)
def test_a_body_that_stands_still_is_refused_and_its_connection_closed(
    hasty: ServerProcess, head: bytes, part: bytes
) -> None:
    with sockets.connect(hasty, sockets.LOGIN + head + part) as connection:
        heard = sockets.everything(connection)

    assert heard.startswith(b"HTTP/1.1 408")
    assert b'"error_code":"APIGW.0201"' in heard
    assert b"x-request-id" in heard


def test_an_answer_that_is_never_read_is_given_up(hasty: ServerProcess) -> None:
    with sockets.connect(hasty, sockets.LONG_ANSWER * 20):
        sockets.until_closed(hasty)

        assert is_healthy(hasty)


def test_the_health_port_answers_beside_a_full_house(launch: Launch) -> None:
    kept = KeptPort()
    port = kept.number
    server = launch(connections=16, health_port=port, head_seconds=3)

    with sockets.crowd(server, sockets.SILENT, each=100):
        healthy = [is_healthy(server, port) for _ in range(3)]
        elsewhere = PLAIN.get(f"http://127.0.0.1:{port}/v3/auth/tokens")

    assert all(healthy)
    assert elsewhere.status_code == 404
    assert elsewhere.json()["error_code"] == "APIGW.0101"
    assert elsewhere.json()["request_id"] == elsewhere.headers["X-Request-Id"]
    # The crowd was let in and shown the door in turns of 16, and others after it.
    assert is_healthy(server)


def test_descriptors_that_are_too_few_make_fewer_connections_and_a_warning(
    launch: Launch, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        raised = launch("raised")
        limits = Path(f"/proc/{raised.pid}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wanted = launch("wanted", connections=1_000_000)

    opened = re.search(r"Max open files +(\d+)", limits)
    assert opened is not None
    assert int(opened[1]) >= min(4096, hard)
    assert "fewer connections" not in raised.log.read_text()
    told = [line for line in wanted.log.read_text().splitlines() if "fewer connections" in line]
    assert len(told) == 1
    assert "wanted=1000000" in told[0]
    until("the server is healthy", lambda: is_healthy(wanted))
