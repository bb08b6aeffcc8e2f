"""How a stream is read, and how a job looks that is told by it."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from rich.console import Console
from typer import Exit

from clusterwright.cli import client, job_looks, job_screen
from clusterwright.cli.extension import Away, Event, Refused, events
from clusterwright.cli.folder import ENDPOINT
from clusterwright.cli.job_tree import JobTree, duration, lines, progress

TIME = "2026-01-02T03:04:{:02}.000000Z"


def step(uid: str, parent: str | None, phase: str, **more: Any) -> dict[str, Any]:
    """A step of the extension's document."""
    return {
        "uid": uid,
        "parentUID": parent,
        "type": uid.title(),
        "phase": phase,
        "reason": "",
        "startedAt": TIME.format(1),
        "endedAt": TIME.format(3) if phase in ("Success", "Failed") else None,
        "attempt": 1,
    } | more


def tree(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"phase": steps[0]["phase"], "progress": 0.25, "steps": list(steps)} | more


NESTED = tree(
    step("job", None, "Running"),
    step("first", "job", "Success"),
    step("below", "first", "Success"),
    step("second", "job", "Running", attempt=2),
)


def test_events_are_told_line_by_line_and_comments_pass() -> None:
    sent = [
        *(": beat", "", "id: 7", "event: job", 'data: {"a":', "data: 1}", ""),
        *("retry: 3000", "", 'data:{"b": 2}', "", "event: end", "data: {}", "", "data: unfinished"),
    ]

    assert list(events(sent)) == [
        Event("7", "job", {"a": 1}),
        Event("", "message", {"b": 2}),
        Event("", "end", {}),
    ]


def test_the_tree_is_drawn_from_told_times_and_attempts() -> None:
    screen = Console(file=io.StringIO(), width=200)
    screen.print(JobTree(NESTED))
    assert isinstance(screen.file, io.StringIO)
    drawn = [line.split("Running")[0].rstrip() for line in screen.file.getvalue().splitlines()]

    assert drawn == [
        "● Job",
        "├─ ✔ First               Success          2.0 s",
        "│  └─ ✔ Below            Success          2.0 s",
        "└─ ● Second (attempt 2)",
    ]
    assert progress(NESTED) == 0.25


def test_a_moving_tree_leaves_out_what_is_below_finished_jobs_where_there_is_no_room() -> None:
    screen = Console(file=io.StringIO(), width=80, height=7)
    screen.print(JobTree(NESTED, moving=True))
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()

    assert "25%" in shown
    assert "Below" not in shown
    assert "Second" in shown
    assert shown.splitlines()[-1].rstrip() == "and 1 more"


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (None, ""),
        ({"p50": 1e12, "slow": False}, "left"),
        ({"p50": 1.0, "slow": False}, ""),
        ({"p50": 1.0, "slow": True}, "slower than usual"),
    ],
)
def test_what_is_left_is_said_where_it_is_known(estimate: Any, expected: str) -> None:
    screen = Console(file=io.StringIO(), width=200)
    screen.print(JobTree(NESTED | {"estimate": estimate}, moving=True))
    assert isinstance(screen.file, io.StringIO)
    bar = screen.file.getvalue().splitlines()[0]

    assert ("left" in bar, "slower" in bar) == ("left" in expected, "slower" in expected)
    assert expected in bar


def test_a_bar_goes_on_between_the_ends_of_steps_as_such_jobs_usually_do() -> None:
    screen = Console(file=io.StringIO(), width=200)
    usual = {"p50": 1.0, "slow": False}
    for job in (NESTED | {"estimate": usual}, NESTED | {"estimate": usual, "progress": 0.97}):
        screen.print(JobTree(job, moving=True))
    assert isinstance(screen.file, io.StringIO)
    bars = [line for line in screen.file.getvalue().splitlines() if "%" in line]

    assert ["95%" in bars[0], "97%" in bars[1]] == [True, True]


def test_a_reason_is_told_where_it_arose() -> None:
    job = tree(
        step("job", None, "Failed", reason="No servers."),
        step("first", "job", "Failed", reason="No servers."),
    )

    assert [line.reason for line in lines(job)] == ["", "No servers."]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0 s"), (99.9, "99.9 s"), (125, "2 min 05 s"), (7320, "2 h 02 min")],
)
def test_durations_are_short(seconds: float, told: str) -> None:
    assert duration(seconds) == told


class OlderServer(client.Api):
    """An API without the extension's routes, whose jobs end at the second look."""

    def __init__(self) -> None:
        self.extension: Any = self
        self.asked = 0

    def stream(self, path: str, after: str = "") -> Iterator[Event]:
        """There is none, as is found out when the first event is asked for."""
        if not after:
            raise Refused(404, "", f"There is no {path}.", "-")
        yield Event("", "end", {})

    def show_job(self, uid: str) -> Any:
        """The job as it begins."""
        return {"status": {"phase": "Running"}}

    def peek_job(self, uid: str) -> Any:
        """The job as it ends."""
        return {"status": {"phase": "Success"}}


def test_a_server_without_streams_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_looks, "PAUSE", 0)

    seen = [look.phase for look in job_looks.looks(OlderServer(), "job")]

    assert seen == ["Running", "Success"]


class Restarting(client.Api):
    """An API whose server dies once at each moment of the way to the end of a job."""

    def __init__(self) -> None:
        self.extension: Any = self
        self.asked: list[str] = []

    def _is_first(self, question: str) -> bool:
        self.asked.append(question)
        return self.asked.count(question) == 1

    def stream(self, path: str, after: str = "") -> Iterator[Event]:
        """The job as it was before, then its end."""
        if self._is_first("stream"):
            yield Event("1", "snapshot", tree(step("job", None, "Running")))
            raise Away("It stopped.")
        yield Event("2", "end", {})

    def get(self, path: str, **query: object) -> Any:
        """The job in full, at its end."""
        if self._is_first("in full"):
            raise Away("It stopped.")
        return tree(step("job", None, "Success"))

    def peek_job(self, uid: str) -> Any:
        """The official document, at the end."""
        return None if self._is_first("official") else {"status": {"phase": "Success"}}


def test_a_server_that_dies_at_any_moment_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_looks, "PAUSE", 0)
    api = Restarting()

    job = job_screen.follow(api, "job", timeout=None, screen=Console(file=io.StringIO()))

    assert job == {"status": {"phase": "Success"}}
    assert [api.asked.count(each) for each in ("stream", "in full", "official")] == [3, 2, 2]


class Passing(BaseHTTPRequestHandler):
    """Refuses once at each moment of the way to the end of a job, as a proxy or a database does."""

    status = 503
    asked: list[str]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer as the server of that job does, every other time."""
        path = self.path.partition("?")[0]
        self.asked.append(path)
        times = self.asked.count(path)
        if path.endswith("/stream"):
            first = {"event": "snapshot", "data": tree(step("job", None, "Running"))}
            sent = (first, None, {"event": "end", "data": {}})[min(times, 3) - 1]
            told = sent and f"id: 1\nevent: {sent['event']}\ndata: {json.dumps(sent['data'])}\n\n"
        elif path.startswith("/clusterwright/"):
            told = json.dumps(tree(step("job", None, "Success"))) if times > 1 else None
        else:
            told = json.dumps({"status": {"phase": "Success"}}) if times > 1 else None
        self.send_response(200 if told else self.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write((told or '{"error_msg": "Not now."}').encode())


@contextmanager
def serving(status: int) -> Iterator[tuple[client.Api, list[str]]]:
    """The API of such a server, and what it was asked."""
    asked: list[str] = []
    handler = type("Handler", (Passing,), {"status": status, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        keys = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_PROJECT_ID")
        url = f"http://127.0.0.1:{server.server_port}"
        yield client.Api(dict.fromkeys(keys, "known") | {ENDPOINT: url}), asked
        server.shutdown()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_says_it_is_away_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(job_looks, "PAUSE", 0)
    with serving(status) as (api, asked):
        job = job_screen.follow(api, "job", timeout=None, screen=Console(file=io.StringIO()))

    assert job == {"status": {"phase": "Success"}}
    assert sorted(asked.count(path) for path in set(asked)) == [2, 2, 4]


def test_a_server_that_is_away_at_first_is_told_in_its_own_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(503) as (api, _), pytest.raises(Exit):
        api.describe_job("job")

    assert "503: Not now. (request id -)" in capsys.readouterr().err
