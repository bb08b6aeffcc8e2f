"""Terraform puts a cluster's id in front of the server's name and may come through a proxy."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.kit import log_in_body
from tests.server_process import PLAIN, ServerProcess

CLUSTER = "1df09f9a-0000-11f0-8f52-0255ac10003e"
TEMPLATES = "/api/v3/addontemplates?addon_template_name=coredns"


@pytest.fixture(scope="module")
def token(live_server: ServerProcess) -> str:
    """A token of the first project."""
    asked = log_in_body(live_server.credentials)
    answer = PLAIN.post(f"{live_server.endpoint}/v3/auth/tokens", json=asked)
    return answer.headers["X-Subject-Token"]


@pytest.fixture(scope="module")
def proxied(live_server: ServerProcess, token: str) -> Iterator[httpx.Client]:
    """A client that takes the server for its proxy and so sends whole URLs."""
    headers = {"X-Auth-Token": token}
    with httpx.Client(proxy=live_server.endpoint, headers=headers) as client:
        yield client


def test_a_whole_url_reaches_the_add_ons_of_its_host(proxied: httpx.Client) -> None:
    answer = proxied.get(f"http://{CLUSTER}.cce.local.test:8900{TEMPLATES}")

    assert answer.status_code == 200
    assert [item["metadata"]["name"] for item in answer.json()["items"]] == ["coredns"]


def test_a_whole_url_reaches_a_job(proxied: httpx.Client, live_server: ServerProcess) -> None:
    project = live_server.credentials["project_id"]

    answer = proxied.get(f"http://cce.local.test/api/v3/projects/{project}/jobs/unknown")

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "CCE.01404001")


@pytest.mark.parametrize("path", ["/api/v1/namespaces/default/pods", "/apis/apps/v1/deployments"])
def test_the_kubernetes_api_of_an_unknown_cluster_answers_a_status(
    proxied: httpx.Client, path: str
) -> None:
    answer = proxied.post(f"http://{CLUSTER}.cce.local.test{path}", json={})

    status = answer.json()
    assert (answer.status_code, status["kind"], status["reason"]) == (404, "Status", "NotFound")


@pytest.mark.parametrize(
    "host", [f"{CLUSTER}.cce.example.test:443", "[::1]:8900", "x" * 255, "ünknown", ""]
)
def test_any_host_name_will_do(live_server: ServerProcess, token: str, host: str) -> None:
    answer = raw(live_server, f"GET {TEMPLATES} HTTP/1.1", Host=host, X_Auth_Token=token)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"coredns"' in answer


def raw(server: ServerProcess, line: str, **headers: Any) -> bytes:
    """Everything that the server answers to a request as written here."""
    sent = [line, *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    request = "\r\n".join([*sent, "Connection: close", "", ""]).encode("latin-1")
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=60)) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))
