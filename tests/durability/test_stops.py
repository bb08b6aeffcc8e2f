"""An orderly stop: what is in flight is answered, what never ends is cut, no job pays for it."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests import sockets
from tests.durability.conftest import Launch, SignIn
from tests.kit import until
from tests.server_process import PLAIN, ServerProcess

pytestmark = pytest.mark.durability

ENDLESS = {
    "silent": sockets.SILENT,
    "half a head": sockets.HALF_A_HEAD,
    "half a body": sockets.HALF_A_BODY,
    "an answer that is not read": sockets.LONG_ANSWER * 20,
    "idle": sockets.WHOLE,
    "half a websocket": sockets.HALF_A_HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
}
PATIENT = {"head_seconds": 600, "body_seconds": 600, "answer_seconds": 600}


def assert_left_nothing(server: ServerProcess) -> None:
    """Make sure that the end was an orderly one."""
    text = server.log.read_text()
    assert "Traceback" not in text, text
    assert "ERROR" not in text, text
    assert not (server.data / "server.json").exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_within_its_grace_whatever_clients_do(
    launch: Launch, how: signal.Signals
) -> None:
    server = launch(stop_grace_seconds=4, **PATIENT)

    with sockets.crowd(server, *ENDLESS.values(), each=5):
        began = time.monotonic()
        code = server.stop(how)
        took = time.monotonic() - began

    assert code == 0
    assert took < 4 + 2
    assert_left_nothing(server)


@pytest.mark.parametrize("kind", ENDLESS)
def test_no_unfinished_client_hears_a_server_error(launch: Launch, kind: str) -> None:
    server = launch(stop_grace_seconds=1, **PATIENT)

    with sockets.connect(server, ENDLESS[kind]) as connection:
        server.stop()
        with suppress(ConnectionResetError):
            heard = sockets.everything(connection)

            assert b"HTTP/1.1 5" not in heard
    assert_left_nothing(server)


def test_a_page_that_takes_seconds_to_make_keeps_nobody_waiting(launch: Launch) -> None:
    server = launch(stop_grace_seconds=20)
    answered = 0

    with sockets.connect(server, sockets.LONG_ANSWER) as connection:
        while not sockets.has_answer(connection):
            assert PLAIN.get(f"{server.endpoint}/healthz").status_code == 200
            answered += 1
        server.stop()

    assert answered > 20
    assert_left_nothing(server)


def test_a_second_signal_does_not_wait_for_anybody(launch: Launch, sign_in: SignIn) -> None:
    server = launch(stop_grace_seconds=60, pace=2, **PATIENT)
    jobs = [sign_in(server).created(f"demo-{number}") for number in range(3)]

    with sockets.connect(server, sockets.HALF_A_BODY):
        os.kill(server.pid, signal.SIGTERM)
        until("the stop has not begun", lambda: "stopping signal=SIGTERM" in server.log.read_text())
        code = server.stop(signal.SIGINT)
    server.start()

    assert code == 0
    sign_in(server).wait_for_success(jobs)


def test_requests_under_way_are_answered_and_later_ones_find_no_server(
    launch: Launch, sign_in: SignIn
) -> None:
    server = launch(pace=4)
    client = sign_in(server)
    answers: list[int] = []
    refused = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(headers={"X-Auth-Token": client.token}) as kept:
            while not refused.is_set():
                try:
                    answers.append(kept.get(f"{server.endpoint}/v3/auth/projects").status_code)
                    answers.append(kept.get(f"{server.endpoint}/healthz").status_code)
                except httpx.TransportError:
                    refused.set()

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, number) for number in range(4)]
        until("nobody asks", lambda: len(answers) > 40)
        code = server.stop()
        for each in asking:
            each.result()

    assert code == 0
    assert set(answers) == {200}
    assert_left_nothing(server)


FIRST_LINE = """
import signal
import sys

set_handler = signal.signal


def note(number, handler):
    set_handler(number, handler)
    if (number, handler) == (signal.SIGINT, signal.SIG_DFL):
        signal.signal = set_handler
        sys.stderr.write("begun\\n")
        sys.stderr.flush()


signal.signal = note
"""
"""What tells that the program has taken the interpreter's handler of interrupts away.

Until then an interrupt is the interpreter's, which answers with a trace. Python runs this before
the program, as ``sitecustomize``.
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("seconds", [0.0, 0.4, 0.8, 1.2])
def test_a_signal_during_the_start_ends_it_without_a_trace(
    tmp_path: Path, how: signal.Signals, seconds: float
) -> None:
    server = ServerProcess(tmp_path / "data")
    (tmp_path / "sitecustomize.py").write_text(FIRST_LINE)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        [sys.executable, "-m", "clusterwright", "serve"],
        env=os.environ | server.variables | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background of a shell ignores it, and so would the server.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)  # whatever the machine is doing then

        process.send_signal(how)
        told = process.stderr.read()

    # Before the server listens for signals, one does what it does to any program.
    assert process.returncode in (0, -how) or told == "Aborted.\n", told
    assert "Traceback" not in told
    assert not (server.data / "server.json").exists()
