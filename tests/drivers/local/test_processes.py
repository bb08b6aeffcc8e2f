"""Processes outlive their starter, are found again, and are never taken for somebody else's."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from clusterwright.drivers.local import processes
from clusterwright.drivers.local.folder import write_json
from tests.drivers import local_host
from tests.kit import until

SLEEP = ("sleep", "60")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "sleeper.json"
    yield path
    processes.stop([path], seconds=1)


def begin(record: Path, argv: tuple[str, ...] = SLEEP) -> processes.Record:
    return local_host.begin(argv, record)


def test_a_started_process_is_known_and_leads_a_session_of_its_own(record: Path) -> None:
    known = begin(record)

    assert processes.is_alive(known)
    assert os.getsid(known.pid) == known.pid
    assert known.digest == processes.digest(SLEEP, {})


def test_a_stopped_process_is_gone_with_its_record(record: Path) -> None:
    known = begin(record)

    processes.stop([record], seconds=5)

    assert not processes.is_alive(known)
    assert not record.exists()


def test_a_process_that_does_not_listen_is_killed_after_a_while(record: Path) -> None:
    known = begin(record, ("sh", "-c", "trap '' TERM; while :; do sleep 1; done"))
    time.sleep(0.2)

    processes.stop([record], seconds=0.2)

    assert not processes.is_alive(known)


@pytest.fixture
def crowded() -> Iterator[None]:
    """Every number of descriptors is taken that the system call ``select`` knows."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, before[1]), before[1]))
    held = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while held[-1] < 1024:
            held.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("crowded")
def test_a_server_with_thousands_of_connections_kills_what_does_not_listen(record: Path) -> None:
    log = record.with_suffix(".log")
    known = begin(record, ("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"))
    until("it does not listen", lambda: "deaf" in log.read_text())

    processes.stop([record], seconds=0.2)

    assert not processes.is_alive(known)
    assert not record.exists()


def test_one_that_died_by_itself_is_not_alive(record: Path) -> None:
    known = begin(record)

    os.kill(known.pid, signal.SIGKILL)
    descriptor = processes.open_descriptor(known)
    processes.stop([record], seconds=5)

    if descriptor is not None:
        os.close(descriptor)
    assert not processes.is_alive(known)


def test_one_that_a_signal_has_stopped_is_alive_and_not_at_work(record: Path) -> None:
    known = begin(record)
    assert processes.is_at_work(known)

    os.kill(known.pid, signal.SIGSTOP)
    os.waitpid(known.pid, os.WUNTRACED)
    assert (processes.is_alive(known), processes.is_at_work(known)) == (True, False)
    os.kill(known.pid, signal.SIGCONT)
    os.waitpid(known.pid, os.WCONTINUED)
    assert processes.is_at_work(known)


@pytest.mark.parametrize(
    "different", [{"start_time": "1"}, {"boot_id": "another"}], ids=["number reused", "rebooted"]
)
def test_a_stranger_with_the_same_number_is_never_signalled(
    record: Path, tmp_path: Path, different: dict[str, str]
) -> None:
    stranger = begin(record)
    ours = tmp_path / "ours.json"
    write_json(ours, asdict(stranger) | different)

    processes.stop([ours], seconds=1)

    assert not ours.exists()
    assert processes.is_alive(stranger)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_an_unreadable_record_is_of_nobody(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)

    assert processes.read(path) is None
    processes.stop([path], seconds=1)
    assert not path.exists()


def test_output_goes_to_the_end_of_the_log(record: Path) -> None:
    log = record.with_suffix(".log")
    log.write_text("before\n")

    begin(record, ("sh", "-c", "echo here; echo there >&2; sleep 60"))
    deadline = time.monotonic() + 10
    while "there" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert log.read_text() == "before\nhere\nthere\n"
