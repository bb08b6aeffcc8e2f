"""A worker that hangs is as good as dead: others take its jobs, and it does no harm afterwards."""

import signal
from pathlib import Path

import pytest

from tests.durability.conftest import SignIn
from tests.durability.evidence import workers
from tests.durability.installation import installed
from tests.kit import until

pytestmark = [
    pytest.mark.durability,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("postgresql_server"),
]

ADOPTION = 60.0
"""Seconds after which the jobs of a frozen worker must have ended elsewhere."""


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
        ends = client.at(survivor).wait_for_success(jobs, ADOPTION)
        victim.signal(signal.SIGCONT)
        client.at(victim).wait_for_success([client.created("after")])

        assert victim.is_alive()
        assert [client.job(job) for job in jobs] == ends
