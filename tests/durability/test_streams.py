"""Streams of servers that die, that end and that are two: nothing is missed, nothing told twice."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest

from tests import postgresql
from tests.client import Client
from tests.kit import PATIENCE
from tests.server_process import ServerProcess
from tests.streams import Sent, Watcher

GRACE = 600.0
"""Seconds for which what waits for a stream would be kept, far longer than a test waits."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database of each kind; empty for SQLite in the server's own folder."""
    if request.param == "sqlite":
        yield ""
        return
    with postgresql.fresh_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


def phases(sent: list[Sent]) -> list[tuple[str, str]]:
    """Every phase of every job that was told, in order."""
    return [
        (change["uid"], change["phase"])
        for event in sent
        if event.kind == "job"
        for change in event.data["changes"]
    ]


def through(watcher: Watcher, path: str, sent: list[Sent], last: str) -> str:
    """Listen until the stream breaks off or ends. Returns the last id."""
    with suppress(httpx.TransportError):
        for event in watcher.stream(path, last):
            sent.append(event)
            last = event.id
    return last


class InTheBackground(threading.Thread):
    """Listens to a project from when the block begins until the stream breaks off or ends."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(daemon=True)
        self.sent: list[Sent] = []
        self.has_ended_well = False
        self._watcher = watcher
        self._opened = threading.Event()

    def run(self) -> None:
        """Listen."""
        with suppress(httpx.TransportError), self._watcher.listening("/events") as events:
            self._opened.set()
            for event in events:
                self.sent.append(event)
            self.has_ended_well = True

    def begin(self) -> None:
        """Return when the stream is open."""
        self.start()
        assert self._opened.wait(PATIENCE)


def test_a_stream_goes_on_after_a_kill_and_tells_every_phase_once(
    tmp_path: Path, database: str
) -> None:
    server = ServerProcess(tmp_path / "data", pace=2, database=database).start()
    try:
        with closing(Client(server)) as client, closing(Watcher(server, client.token)) as watcher:
            listener = InTheBackground(watcher)
            listener.begin()
            of_project = listener.sent
            of_job: list[Sent] = []
            uid = client.created("watched")
            stream = watcher.stream(f"/jobs/{uid}/stream")
            snapshot = next(stream)
            for event in stream:
                of_job.append(event)
                if ("Running" in [phase for _, phase in phases(of_job)]) and of_project:
                    break
                if event.kind == "job" and not of_project:
                    time.sleep(0.1)
            server.kill()
            listener.join(PATIENCE)
            server.start()

            last = through(watcher, f"/jobs/{uid}/stream", of_job, of_job[-1].id)

            events = [event for event in of_job if event.kind == "job"]
            revisions = [event.data["revision"] for event in events]
            assert snapshot.kind == "snapshot"
            assert revisions == list(range(int(snapshot.id) + 1, int(last) + 1))
            assert of_job[-1].kind == "end"
            told = phases(of_job)
            assert len(told) == len(set(told))
            known = {step["uid"]: step["phase"] for step in snapshot.data["steps"]}
            known |= dict(told)
            final = watcher.get(f"/jobs/{uid}").json()
            assert {step["uid"]: step["phase"] for step in final["steps"]} == known
            assert final["phase"] == "Success"
            assert final["progress"] == 1

            missed: list[Sent] = []
            for event in watcher.stream("/events", of_project[-1].id):
                missed.append(event)
                if event.data["phase"] == "Success":
                    break
            everything = [event.data["revision"] for event in (*of_project, *missed)]
            assert everything == list(range(everything[0], int(last) + 1))
    finally:
        server.stop()


def test_a_server_that_stops_ends_its_streams_and_is_not_kept_by_them(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", stop_grace_seconds=GRACE).start()
    try:
        with closing(Client(server)) as client, closing(Watcher(server, client.token)) as watcher:
            listeners = [InTheBackground(watcher) for _ in range(5)]
            for each in listeners:
                each.begin()

            code = server.stop()

            for each in listeners:
                each.join(PATIENCE)
            assert code == 0
            assert all(each.has_ended_well for each in listeners)
    finally:
        server.kill()


def test_what_one_process_does_reaches_the_streams_of_another_within_a_second(
    tmp_path: Path, postgresql_server: Any
) -> None:
    with postgresql.fresh_database(postgresql_server) as url:
        servers = [
            ServerProcess(tmp_path / name, pace=4, database=url, secret_key="s" * 32)
            for name in ("one", "two")
        ]
        try:
            one, two = (server.start() for server in servers)
            account = one.credentials
            with (
                closing(Client(one)) as client,
                closing(Watcher(two, client.token, account=account)) as watcher,
            ):
                delays: list[float] = []
                names: set[str] = set()
                with watcher.listening("/events") as events, ThreadPoolExecutor(1) as aside:
                    aside.submit(lambda: [client.created(f"far-{n}") for n in range(3)])
                    for event in events:
                        delays.append(time.time() - seconds(event.data["at"]))
                        if event.data["phase"] == "Success":
                            names.add(event.data["job"])
                        if len(names) == 3:
                            break

                # Not of each: a machine that is busy with something else makes some late.
                assert median(delays) < 1
        finally:
            for server in servers:
                server.stop()


def seconds(written: str) -> float:
    """A time as seconds since 1970."""
    return datetime.fromisoformat(written).timestamp()
