"""A worker that hangs is as good as dead: others take its jobs, and it does no harm afterwards."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.durability.conftest import SignIn
from tests.durability.evidence import workers
from tests.durability.installation import installed
from tests.kit import until
from tests.server_process import ServerProcess

pytestmark = [
    pytest.mark.durability,
    pytest.mark.usefixtures("postgresql_server"),
]

ADOPTION = 60.0
"""Seconds after which the jobs of a frozen worker must have ended elsewhere."""


@contextmanager
def stuck_transaction(victim: ServerProcess, database_url: str) -> Iterator[None]:
    """A session of a worker that holds every job, and that no timeout of PostgreSQL ends.

    It stands for one whose process froze with a statement prepared and not executed: to PostgreSQL,
    that is at work. It must have been ended by the end of the block.
    """
    [name] = [name for name in workers(database_url) if f"-{victim.pid}-" in name]
    url = victim.variables["CLUSTERWRIGHT_DATABASE"]
    with psycopg.connect(url, application_name=name[:63]) as session:
        session.execute("SELECT FROM job_trees FOR UPDATE")
        yield
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT")


def test_a_worker_adopts_the_jobs_of_one_that_is_frozen_and_works_beside_it_when_it_thaws(
    tmp_path: Path, sign_in: SignIn
) -> None:
    with installed(tmp_path, "postgresql", workers=2, pace=0.5) as installation:
        servers = installation.servers
        client = sign_in(servers[0])
        jobs = [client.created(f"demo-{number}") for number in range(4)]
        until("no job runs", lambda: all(map(client.is_running, jobs)))
        working = " ".join(workers(installation.database_url))
        survivor, victim = sorted(servers, key=lambda server: f"-{server.pid}-" in working)

        victim.signal(signal.SIGSTOP)
        with stuck_transaction(victim, installation.database_url):
            ends = client.at(survivor).wait_for_success(jobs, ADOPTION)
        victim.signal(signal.SIGCONT)
        client.at(victim).wait_for_success([client.created("after")])

        assert victim.is_alive()
        assert [client.job(job) for job in jobs] == ends
