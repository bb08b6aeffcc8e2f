"""A cluster's ports are its own, also while nothing listens on them."""

import socket
from pathlib import Path

import pytest

from clusterwright.drivers.local import ports
from tests.drivers.local_host import listening


def test_free_ports_differ_and_nobody_listens_on_them() -> None:
    found = ports.free(50)

    assert len(set(found)) == 50
    assert not any(map(ports.is_taken, found))


def test_ports_that_others_keep_are_avoided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_RANGE", range(20_000, 20_010))

    found = ports.free(1, avoid=range(20_000, 20_009))

    assert found == [20_009]


def test_ports_that_another_server_keeps_are_avoided_and_their_owners_listen_on_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "_RANGE", range(20_000, 20_010))
    kept = ports.Kept()
    kept.keep(range(20_000, 20_009))
    kept.keep([20_000])

    assert ports.free(1) == [20_009]
    assert not ports.is_taken(20_000)
    with listening(20_000):
        assert ports.is_taken(20_000)

    kept.close()
    assert len(ports.free(10)) == 10


def test_a_port_that_somebody_listens_on_is_kept_when_it_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "_RANGE", range(20_010, 20_011))
    kept = ports.Kept()
    with listening(20_010):
        kept.keep([20_010])
    assert ports.free(1) == [20_010]

    kept.keep([20_010])

    with pytest.raises(OSError, match="fewer than 1"):
        ports.free(1)
    kept.close()


def test_too_few_ports_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_RANGE", range(20_000, 20_010))

    with pytest.raises(OSError, match="fewer than 2"):
        ports.free(2, avoid=range(20_000, 20_009))


def test_a_port_that_somebody_listens_on_is_taken() -> None:
    with socket.create_server((ports.HOST, 0)) as server:
        assert ports.is_taken(server.getsockname()[1])


def test_linux_gives_no_outgoing_connection_such_a_port() -> None:
    given = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()

    assert max(ports._RANGE) < int(given[0])
