"""An orderly stop is no failure: it ends in time, and the jobs go on at the next start."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.durability.conftest import Launch, SignIn
from tests.durability.events import GRACE, ROUNDING, ended_by
from tests.durability.evidence import at_work
from tests.kit import until

pytestmark = pytest.mark.durability


@pytest.mark.parametrize(
    ("database_url", "which"),
    [
        pytest.param("sqlite", signal.SIGTERM, id="sqlite-SIGTERM"),
        pytest.param("sqlite", signal.SIGINT, id="sqlite-SIGINT"),
        pytest.param("postgresql", signal.SIGTERM, id="postgresql-SIGTERM"),
    ],
    indirect=["database_url"],
)
def test_a_stop_while_certificates_are_computed_fails_no_job(
    database_url: str, launch: Launch, sign_in: SignIn, which: signal.Signals
) -> None:
    server = launch(database=database_url, pace=4)
    client = sign_in(server)
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(client.created, (f"demo-{number}" for number in range(16))))
    until("nobody computes", lambda: at_work(database_url, "CreatePSMCert") > 0)

    ended_by(server, which)
    server.start()

    client.wait_for_success(jobs)


def test_a_stop_that_is_asked_for_twice_is_one_stop(launch: Launch, sign_in: SignIn) -> None:
    server = launch(pace=1)
    client = sign_in(server)
    jobs = [client.created(f"demo-{number}") for number in range(6)]
    until("no job runs", lambda: any(map(client.is_running, jobs)))

    seconds = ended_by(server, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)
    server.start()

    assert seconds < GRACE + ROUNDING
    client.wait_for_success(jobs)
