"""What the gateway between this host and a cluster's network is asked for, and by whom."""

import base64

import pytest

from clusterwright.drivers.local.gateway import PROXY_USER, Asked, target


def proxied(head: str, secret: str = "") -> Asked:
    credentials = base64.b64encode(f"{PROXY_USER}:{secret}".encode()).decode()
    return Asked(f"{head}\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode())


def test_a_tunnel_leads_where_it_is_asked_to() -> None:
    asked = proxied("CONNECT registry.test:5000 HTTP/1.1\r\nHost: registry.test:5000")

    assert (asked.host, asked.port, asked.handed_on) == ("registry.test", 5000, b"")


def test_a_request_is_handed_on_alone_and_without_what_is_meant_for_the_proxy() -> None:
    asked = proxied(
        "GET http://mirror.test/v2/?a=b HTTP/1.1\r\nHost: mirror.test\r\nConnection: keep-alive"
    )

    assert (asked.host, asked.port) == ("mirror.test", 80)
    assert asked.handed_on == (
        b"GET /v2/?a=b HTTP/1.1\r\nHost: mirror.test\r\nConnection: close\r\n\r\n"
    )


def test_only_who_has_the_secret_gets_out() -> None:
    assert proxied("CONNECT a.test:443 HTTP/1.1", "right").knows("right")
    assert not proxied("CONNECT a.test:443 HTTP/1.1", "wrong").knows("right")
    assert not Asked(b"CONNECT a.test:443 HTTP/1.1\r\n\r\n").knows("right")


@pytest.mark.parametrize(
    "head", ["GET / HTTP/1.1", "GET ftp://a.test/ HTTP/1.1", "CONNECT :1 HTTP/1.1", "nonsense"]
)
def test_a_proxy_is_asked_for_nothing_else(head: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        proxied(head)


@pytest.mark.parametrize(
    ("head", "where"),
    [
        (b"CONNECT 192.168.0.9:10250 HTTP/1.1\r\nHost: x\r\n\r\n", ("192.168.0.9", 10250)),
        (b"CONNECT [fd00::1]:443 HTTP/1.1\r\n\r\n", ("fd00::1", 443)),
    ],
)
def test_the_api_server_is_connected_to_addresses(head: bytes, where: tuple[str, int]) -> None:
    assert target(head) == where


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"CONNECT name:1 HTTP/1.1\r\n\r\n",
        b"CONNECT 10.0.0.1\r\n\r\n",
        b"\xff\r\n\r\n",
    ],
)
def test_the_api_server_is_connected_to_nothing_else(head: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        target(head)
