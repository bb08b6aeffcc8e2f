"""Wrong passwords over HTTP: who has to wait, who is not hurt, and what the log says."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clusterwright.iam import passwords, store
from clusterwright.iam.brake import Guesses
from clusterwright.ids import new_id
from clusterwright.telemetry import FieldsFormatter
from tests.api.iam_server import Server, serving
from tests.api.test_brake import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(tmp_path: Path, clock: Clock) -> AsyncIterator[Server]:
    """A server behind a proxy."""
    async with serving(tmp_path, guesses=Guesses(clock=clock), trust_proxy=True) as started:
        yield started


class Hashing:
    """Watches what really hashes: how often, by how many at a time, and in which threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = self.at_once = self.most = 0
        self.threads: set[str] = set()
        self._lock = threading.Lock()
        self._real = passwords.check_password
        monkeypatch.setattr(passwords, "check_password", self._check)

    def _check(self, password: str, password_hash: str | None) -> bool:
        with self._lock:
            self.times += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            self.threads.add(threading.current_thread().name.partition("_")[0])
        try:
            return self._real(password, password_hash)
        finally:
            with self._lock:
                self.at_once -= 1


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    return Hashing(monkeypatch)


async def guess(
    server: Server, user: dict[str, Any], *, address: str = "192.0.2.1", password: str = "wrong"
) -> httpx.Response:
    identity = {"methods": ["password"], "password": {"user": {"password": password} | user}}
    headers = {"X-Forwarded-For": f"198.51.100.9, {address}"}
    body = {"auth": {"identity": identity}}
    return await server.client.post("/v3/auth/tokens", json=body, headers=headers)


async def test_after_a_handful_of_wrong_passwords_even_the_right_one_has_to_wait(
    server: Server, clock: Clock
) -> None:
    user, right = {"id": server.account["user_id"]}, server.account["password"]
    wrong = [(await guess(server, user)).status_code for _ in range(11)]

    braked = await guess(server, user, password=right)
    clock.now += 1.0
    after = await guess(server, user, password=right)

    assert wrong == [401] * 11
    assert (braked.status_code, braked.headers["Retry-After"]) == (429, "1")
    assert braked.json()["error_code"] == "IAM.0012"
    assert braked.json()["error"]["title"] == "Too Many Requests"
    assert braked.headers["X-IAM-Trace-Id"] == braked.json()["request_id"]
    assert after.status_code == 201
    again = [(await guess(server, user)).status_code for _ in range(11)]
    assert again == [401] * 11


async def test_the_longer_a_guesser_goes_on_the_longer_it_waits(
    server: Server, clock: Clock, hashing: Hashing
) -> None:
    user = {"id": server.account["user_id"]}
    told = []

    for _ in range(20):
        answer = await guess(server, user)
        if wait := int(answer.headers.get("Retry-After", 0)):
            told.append(wait)
            clock.now += wait

    assert told == [1, 2, 4, 8, 16]
    assert hashing.times == 20 - len(told)


async def test_users_that_exist_and_users_that_do_not_are_braked_alike(server: Server) -> None:
    disabled = store.User(
        id=new_id(),
        domain_id=server.account["domain_id"],
        name="gone",
        password_hash=passwords.hash_password("wrong"),
        password_changed_at=1,
        enabled=False,
    )
    await server.change(disabled)
    known, unknown = {"name": "clusterwright"}, {"name": "nowhere"}
    asked: list[dict[str, Any]] = [
        {"id": server.account["user_id"]},
        {"id": "nobody"},
        {"id": disabled.id},
        {"name": "nobody", "domain": known},
        {"name": "nobody", "domain": unknown},
    ]

    seen = []
    for number, user in enumerate(asked):
        answers = [await guess(server, user, address=f"192.0.2.{number}") for _ in range(13)]
        seen.append([(a.status_code, a.json()["error_msg"]) for a in answers])

    assert all(one == seen[0] for one in seen)
    assert [status for status, _ in seen[0]] == [401] * 11 + [429] * 2


@pytest.mark.parametrize("name", ["admin", "nobody"])
async def test_all_the_ways_to_name_a_user_count_as_one(server: Server, name: str) -> None:
    domain = {"name": "clusterwright"}, {"id": server.account["domain_id"]}
    ways = [{"name": name, "domain": where} for where in domain]

    for number in range(11):
        await guess(server, ways[number % 2])
    answer = await guess(server, ways[1])

    assert answer.status_code == 429


async def test_an_address_is_braked_whoever_it_guesses_and_others_are_not(server: Server) -> None:
    right = {"id": server.account["user_id"]}
    for number in range(51):
        await guess(server, {"id": f"user {number}"}, address="2001:db8::1")

    neighbour = await guess(
        server, right, password=server.account["password"], address="2001:db8::2"
    )
    other = await guess(server, right, password=server.account["password"], address="2001:db8:1::1")

    assert (neighbour.status_code, other.status_code) == (429, 201)


async def test_a_header_of_the_clients_own_never_changes_its_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, peer="203.0.113.5") as direct:
        await guess(direct, {"id": "nobody"})
    async with serving(tmp_path, peer="203.0.113.5", trust_proxy=True) as proxied:
        await guess(proxied, {"id": "nobody"}, address="192.0.2.7")
        await guess(proxied, {"id": "nobody"}, address="no address")

    addresses = [vars(record).get("address") for record in caplog.records]
    assert addresses == ["203.0.113.5", "192.0.2.7", "203.0.113.5"]


async def test_a_crowd_of_guessers_never_has_more_than_two_hashes_at_work(
    server: Server, hashing: Hashing
) -> None:
    crowd = [guess(server, {"id": f"u{n}"}, address=f"10.0.0.{n}") for n in range(150)]

    answers = await asyncio.gather(*crowd)

    assert hashing.most <= passwords.HASHERS == 2
    assert hashing.threads == {"passwords"}
    assert hashing.times == passwords.HASHERS + passwords.WAITING
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == len(answers) - hashing.times
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    assert {answer.json()["error_code"] for answer in refused} == {"IAM.0012"}


async def test_guesses_sent_all_at_once_are_braked_while_they_wait(
    server: Server, hashing: Hashing
) -> None:
    user = {"id": server.account["user_id"]}

    answers = await asyncio.gather(*(guess(server, user) for _ in range(100)))

    assert hashing.times <= 11 + passwords.HASHERS
    assert {answer.status_code for answer in answers} == {401, 429}


async def test_honest_clients_that_log_in_all_at_once_all_get_in(server: Server) -> None:
    right = {"id": server.account["user_id"]}

    answers = await asyncio.gather(
        *(guess(server, right, password=server.account["password"]) for _ in range(60))
    )

    assert {answer.status_code for answer in answers} == {201}


async def test_each_refusal_is_one_line_that_holds_no_secret_and_cannot_be_forged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    name = "x\n2026-01-01 WARNING address=203.0.113.1 \u2028" + "y" * 1000
    caplog.set_level(logging.INFO)

    answer = await guess(
        server, {"name": name, "domain": {"name": "d"}}, password="s3cret", address="192.0.2.9"
    )

    (record,) = [r for r in caplog.records if r.name == "clusterwright.iam.login"]
    line = FieldsFormatter().format(record)
    request = answer.headers["X-Request-Id"]
    start = f"refusing a log-in address=192.0.2.9 request={request} code=IAM.0062 user='x\\n2026"
    assert start in line
    assert line.isprintable()
    assert len(line) < 400
    assert "s3cret" not in line
