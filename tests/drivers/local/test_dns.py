"""Whom clusters ask for names of the world, and what becomes of what users configured."""

from pathlib import Path

import pytest

from clusterwright.drivers.local import dns, host
from tests.drivers.examples import a_cluster


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("nameserver 192.0.2.53\nnameserver 192.0.2.54\n", "", ("192.0.2.53", "192.0.2.54")),
        ("nameserver 127.0.0.53\n", "nameserver 192.0.2.1\nsearch example.test\n", ("192.0.2.1",)),
        ("nameserver 127.0.0.1\n", "nameserver ::1\n", ()),
        ("nameserver 2001:db8::53\nnameserver nonsense\nnameserver\n", "", ()),
        (None, None, ()),
    ],
)
def test_servers_of_names_are_those_of_the_host_that_a_cluster_can_reach(
    first: str | None,
    second: str | None,
    expected: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = tmp_path / "first", tmp_path / "second"
    for path, text in zip(paths, (first, second), strict=True):
        if text is not None:
            path.write_text(text)
    monkeypatch.setattr(host, "RESOLVERS", paths)

    assert host.resolvers() == expected


def configuration(*resolvers: str) -> dict[str, object]:
    objects = dict(dns.objects(a_cluster(), resolvers))
    return objects["/api/v1/namespaces/kube-system/configmaps"]


def test_names_of_the_world_are_asked_of_somebody_or_of_nobody() -> None:
    assert "    forward . 192.0.2.1 192.0.2.2\n" in dns.corefile(("192.0.2.1", "192.0.2.2"))
    assert "forward" not in dns.corefile(())
    assert "OUTSIDE" not in dns.corefile(())


def test_our_own_configuration_follows_the_host_and_a_user_s_is_kept() -> None:
    old = configuration("192.0.2.1")

    change = dns.change(old, ("192.0.2.9",))

    assert change is not None
    assert change["data"]["Corefile"] == dns.corefile(("192.0.2.9",))
    assert dns.change(old | change, ("192.0.2.9",)) is None
    assert dns.change(old, ("192.0.2.1",)) is None
    assert dns.change(old | {"data": {"Corefile": "a user's"}}, ("192.0.2.9",)) is None
