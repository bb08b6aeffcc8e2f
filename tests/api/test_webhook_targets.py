"""Where webhooks may send to: nothing private, whatever names say and when they are asked."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from clusterwright.webhooks import outbox, targets
from clusterwright.webhooks.targets import Refused
from tests.kit import PATIENCE
from tests.receiver import receiving

PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "[::1]", "[::]", "[fe80::1]"),
    *("[fc00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    *("[::127.0.0.1]", "[::a00:1]"),
    *("localhost", "2130706433", "0x7f.1", "[2001:db8::1]"),
]


@pytest.mark.parametrize("host", PRIVATE)
async def test_private_targets_are_refused_however_they_are_written(host: str) -> None:
    with pytest.raises(Refused, match="private network"):
        await targets.resolve(targets.parse(f"http://{host}:80/"), private=False)

    assert await targets.resolve(targets.parse("http://93.184.216.34/"), private=False)


async def test_a_name_that_is_private_when_it_is_used_gets_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name server that answers with a public address first and with ours later."""
    answers = ["93.184.216.34", "127.0.0.1"]

    def lying(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    with receiving() as receiver:
        target = targets.parse(f"http://rebinding.example:{receiver.port}/")
        await targets.resolve(target, private=False)
        sender = outbox.Sender(private=False)

        outcome = await sender.send(f"http://rebinding.example:{receiver.port}/", b"{}", {})

        await sender.close()
        assert not outcome.ok
        assert "private network" in outcome.error
        assert not receiver.got


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def once(host: str, port: int, **options: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    with receiving() as receiver:
        sender = outbox.Sender(private=True)

        outcome = await sender.send(f"http://a.name.example:{receiver.port}/p", b"{}", {})

        await sender.close()
        assert outcome.ok
        assert [name for name in asked if name != "127.0.0.1"] == ["a.name.example"]
        assert receiver.got[0].headers["host"] == f"a.name.example:{receiver.port}"


async def test_names_that_nobody_answers_for_leave_threads_to_everybody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def wait(*_: Any, **__: Any) -> Any:
        answered.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    monkeypatch.setattr(targets, "_RESOLVE_SECONDS", 0.01)
    names = [targets.parse(f"http://a{number}.example/") for number in range(40)]
    try:
        given_up = await asyncio.gather(
            *(targets.resolve(name, private=True) for name in names), return_exceptions=True
        )
        async with asyncio.timeout(PATIENCE):
            done = await asyncio.to_thread(lambda: "done")
    finally:
        answered.set()

    assert {type(each) for each in given_up} == {OSError}
    assert done == "done"
