"""Webhooks of servers that are killed, of receivers that are away: every event arrives, signed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from tests import postgresql
from tests.client import Client
from tests.kit import until
from tests.receiver import Receiver, receiving
from tests.server_process import KeptPort, ServerProcess
from tests.streams import Watcher

pytestmark = pytest.mark.durability

MOMENTS = [
    "after add",  # within the transaction that makes deliveries of events
    "before send",  # they are claimed, and nothing has left
    "after send",  # it has arrived, and no row says so
    "after _record",  # and now one does
]
"""When a server may die that sends to somebody who answers."""
FAILING = [
    "after send",
    "after _record",  # between two tries
]
"""When one may die that sends to somebody who does not."""


class Sender(ServerProcess):
    """A server that sends to this host, soon and again soon, and dies when it is told to."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, pace=0, webhook_private_targets=True, cold=True, **settings)
        self._told = folder.with_suffix(".moment")
        program = Path(__file__).with_name("dying_sender.py")
        self.program = [str(program), str(self._told), "serve"]

    def tell(self, moment: str) -> None:
        """Let it die at a moment, whenever that comes."""
        self._told.write_text(moment)

    def rise(self) -> None:
        """Wait until it has died, and start it to live."""
        until("the server still lives", lambda: not self.is_alive(), 30)
        self.wait()
        self._told.unlink()
        self.start()


class User:
    """Somebody who is told of what happens in the first project."""

    def __init__(self, server: ServerProcess) -> None:
        self.client = Client(server)
        self._account = server.credentials
        self._watcher = Watcher(server, self.client.token)
        self._hook: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connections."""
        self.client.close()
        self._watcher.close()

    def turn_to(self, server: ServerProcess) -> None:
        """Speak with another server of the same database."""
        self._watcher.close()
        self._watcher = Watcher(server, self.client.at(server).token, account=self._account)

    def register(self, url: str) -> None:
        """Be told at a URL."""
        watcher = self._watcher
        answer = watcher.http.post(f"{watcher.project}/webhooks", json={"url": url})
        assert answer.status_code == 201, answer.text
        self._hook = answer.json()

    @property
    def failures(self) -> int:
        """Tries in a row that nobody answered."""
        found: int = self._watcher.get(f"/webhooks/{self._hook['uid']}").json()["failures"]
        return found

    def happened(self) -> set[str]:
        """The ids of all events of all jobs."""
        jobs = self._watcher.get("/jobs", limit=200).json()["jobs"]
        told = (self._watcher.get(f"/jobs/{job['uid']}/events").json() for job in jobs)
        return {event["id"] for page in told for event in page["events"]}

    def states(self) -> set[str]:
        """What the deliveries have come to."""
        path = f"/webhooks/{self._hook['uid']}/deliveries"
        return {one["state"] for one in self._watcher.get(path, limit=200).json()["deliveries"]}

    def got(self, receiver: Receiver) -> Counter[str]:
        """How often each event has arrived, by id; every signature must be right."""
        found: Counter[str] = Counter()
        for each in list(receiver.got):
            message: Any = Webhook(self._hook["secret"]).verify(each.body, each.headers)
            assert message["id"] == each.headers["webhook-id"]
            found[message["id"]] += 1
        return found

    def wait_for_all(self, receiver: Receiver) -> Counter[str]:
        """Wait until everything that has happened has arrived and is known to have."""
        until("not all has arrived", lambda: set(self.got(receiver)) == self.happened(), 60)
        until("not all is known to have arrived", lambda: self.states() == {"delivered"}, 60)
        return self.got(receiver)


@contextmanager
def sending(folder: Path, **settings: Any) -> Iterator[tuple[Sender, User]]:
    """A sender at work inside the block, and a user of it."""
    server = Sender(folder / "data", **settings)
    try:
        server.start()
        with closing(User(server)) as user:
            yield server, user
    finally:
        server.kill()


def test_a_receiver_that_was_away_gets_every_event_once(tmp_path: Path) -> None:
    kept = KeptPort()
    port = kept.number
    with sending(tmp_path) as (_, user):
        user.register(f"http://127.0.0.1:{port}/")
        user.client.wait_for_success([user.client.created(f"demo-{n}") for n in range(3)])
        until("it has not been tried again", lambda: user.failures > 2)
        with receiving(port) as receiver:
            arrived = user.wait_for_all(receiver)

    assert len(arrived) >= 9
    assert set(arrived.values()) == {1}


@pytest.mark.parametrize(("moments", "status"), [(MOMENTS, 204), (FAILING, 503)])
def test_nothing_is_lost_when_the_server_dies_at_any_moment_of_a_delivery(
    tmp_path: Path, moments: list[str], status: int
) -> None:
    acknowledged = set()
    with receiving(status=status) as receiver, sending(tmp_path) as (server, user):
        user.register(receiver.url)
        for number, moment in enumerate(moments):
            server.tell(moment)
            with suppress(httpx.TransportError):  # it may be dead before it answers
                acknowledged.add(user.client.created(f"demo-{number}"))
            server.rise()
        receiver.status = 204
        acknowledged.add(user.client.created("last"))
        arrived = user.wait_for_all(receiver)

    assert acknowledged <= {event.partition(".")[0] for event in arrived}
    assert max(arrived.values()) > 1


def test_two_servers_send_each_event_once_and_all_of_them_when_one_is_killed(
    tmp_path: Path, postgresql_server: str
) -> None:
    with postgresql.fresh_database(postgresql_server) as url, receiving() as receiver:
        shared: dict[str, Any] = {"database": url, "secret_key": "s" * 32}
        other = Sender(tmp_path / "other", **shared)
        try:
            with sending(tmp_path, **shared) as (server, user):
                other.start()
                user.register(receiver.url)
                made = [user.client.created(f"ordinary-{n}") for n in range(3)]
                user.turn_to(other)
                made += [user.client.created(f"other-{n}") for n in range(3)]
                user.client.wait_for_success(made)
                ordinary = user.wait_for_all(receiver)

                server.tell("after send")
                number = 0
                while server.is_alive():  # the other one may have sent all so far
                    number += 1
                    user.client.created(f"more-{number}")
                everything = user.wait_for_all(receiver)
        finally:
            other.kill()

    assert len(ordinary) >= 18
    assert set(ordinary.values()) == {1}
    assert sum(everything.values()) > len(everything)
