"""Traces of servers that are killed, and of two that share a database: each job arrives."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import postgresql
from tests.client import Client
from tests.collector import collecting
from tests.kit import until
from tests.server_process import KeptPort, ServerProcess

pytestmark = pytest.mark.durability


class Sender(ServerProcess):
    """A server with a collector."""

    def __init__(self, folder: Path, port: int, **settings: Any) -> None:
        super().__init__(folder, pace=0, **settings)
        self.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{port}"


@pytest.fixture
def url(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty database."""
    with postgresql.fresh_database(postgresql_server) as url:
        yield url


def test_what_ended_before_a_kill_is_sent_after_it(tmp_path: Path) -> None:
    kept = KeptPort()
    port = kept.number
    server = Sender(tmp_path / "data", port)
    try:
        server.start()
        with closing(Client(server)) as client:
            jobs = [client.created(f"demo-{n}") for n in range(3)]
            client.wait_for_success(jobs)
            server.kill()
            server.start()
            with collecting(port) as collector:
                until("not all have arrived", lambda: set(jobs) == set(collector.jobs()))
                assert len(collector.traces()) == 3
    finally:
        server.kill()


def is_noted(url: str) -> bool:
    """Whether nobody is sending."""
    with psycopg.connect(url) as session:
        return session.execute("SELECT leased_until FROM sent_traces").fetchone() == (0,)


def test_of_two_servers_one_sends_at_a_time_and_the_other_goes_on(tmp_path: Path, url: str) -> None:
    with collecting() as collector:
        shared: dict[str, Any] = {"database": url, "secret_key": "s" * 32}
        one, two = (Sender(tmp_path / name, collector.port, **shared) for name in ("one", "two"))
        try:
            one.start()
            two.start()
            with closing(Client(one)) as client:
                first = [client.created(f"first-{n}") for n in range(4)]
                client.wait_for_success(first)
                until("not all have arrived", lambda: set(first) == set(collector.jobs()))
                # What has arrived and is not noted yet would be sent again: at least once.
                until("that is not noted", lambda: is_noted(url))
                one.kill()
                second = [client.at(two).created(f"second-{n}") for n in range(2)]
                until("not all have arrived", lambda: set(second) <= set(collector.jobs()))
        finally:
            one.kill()
            two.kill()

    assert sorted(collector.jobs()) == sorted([*first, *second])
