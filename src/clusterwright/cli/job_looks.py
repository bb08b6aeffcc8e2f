"""A job again and again until it has ended: by the stream of its changes, or by asking for it.

The stream is this server's own. Where there is none, the official ShowJob is asked instead. Both
go on when a server that was there comes back: its jobs go on too.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from clusterwright.cli.client import Api
from clusterwright.cli.extension import Away, Event, Refused, Unavailable
from clusterwright.cli.job_tree import FINAL
from clusterwright.cli.output import Document

PAUSE = 0.25
"""Seconds between two looks at a job, and before a lost stream is asked for again."""
_CARRIED = ("phase", "reason", "startedAt", "endedAt", "attempt")


@dataclass(frozen=True, slots=True)
class Look:
    """How a job is, either document of it, and what was said since the look before."""

    job: Document
    messages: tuple[Document, ...] = ()

    @property
    def phase(self) -> str:
        """The phase of the job."""
        found = self.job["phase"] if "steps" in self.job else self.job["status"]["phase"]
        return str(found)

    @property
    def has_ended(self) -> bool:
        """Whether the phase is a final one."""
        return self.phase in FINAL


def deadline_of(timeout: float | None) -> float | None:
    """The moment that is so many seconds away; None is never."""
    return None if timeout is None else time.monotonic() + timeout


def looks(api: Api, uid: str, deadline: float | None = None) -> Iterator[Look]:
    """The job as it changes, at least once, until it has ended or the deadline has come.

    A server that was never there ends the command, as does a job that does not exist.
    """
    try:
        yield from _streamed(api, uid, deadline)
    except Refused:
        # Whatever stands in the way of the stream, the official route tells it or works.
        yield from _polled(api, uid, deadline)


def official(api: Api, uid: str, deadline: float | None = None) -> Document:
    """The official document of a job that was looked at, with as much patience as the looks had."""
    while (left := _left(deadline)) != 0:
        if job := api.peek_job(uid):
            return job
        _pause(left)
    return api.show_job(uid)


def _pause(left: float | None) -> None:
    time.sleep(PAUSE if left is None else min(PAUSE, left))


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _polled(api: Api, uid: str, deadline: float | None) -> Iterator[Look]:
    job = api.show_job(uid)
    while True:
        look = Look(job)
        yield look
        left = _left(deadline)
        if look.has_ended or left == 0:
            return
        _pause(left)
        job = api.peek_job(uid) or job


def _streamed(api: Api, uid: str, deadline: float | None) -> Iterator[Look]:
    """The snapshot and what each event makes of it. Raises Refused where there is no stream."""
    tree: dict[str, Any] = {}
    after = ""
    while True:
        try:
            for event in _until(api.extension.stream(f"/jobs/{uid}/stream", after), deadline):
                after = event.id or after
                _apply(api, uid, tree, event)
                yield Look(dict(tree), tuple(said(tree, event.data.get("messages", ()))))
                if tree["phase"] in FINAL:
                    return
        except Unavailable:
            if not tree:
                raise
        except Away as error:
            if not tree:
                api.unreachable(error)
        left = _left(deadline)
        if left == 0:
            if not tree:
                yield Look(api.show_job(uid))
            return
        _pause(left)


def _until(stream: Iterator[Event], deadline: float | None) -> Iterator[Event]:
    """The events of a stream that come before the deadline, which a silent stream cannot delay."""
    queue: SimpleQueue[Event | Exception | None] = SimpleQueue()

    def read() -> None:
        try:
            for event in stream:
                queue.put(event)
        except Exception as error:
            queue.put(error)
        else:
            queue.put(None)

    Thread(target=read, daemon=True).start()
    while True:
        try:
            found = queue.get(timeout=_left(deadline))
        except Empty:
            return
        if found is None:
            return
        if isinstance(found, Exception):
            raise found
        yield found


def _apply(api: Api, uid: str, tree: dict[str, Any], event: Event) -> None:
    """Bring a tree to what an event tells."""
    if event.name == "snapshot":
        tree.update(event.data)
    elif event.name == "end":  # whatever was missed on the way
        tree.update(api.extension.get(f"/jobs/{uid}"))
    elif tree:
        tree |= {name: event.data[name] for name in ("phase", "progress", "revision")}
        changes = {change["uid"]: change for change in event.data["changes"]}
        tree["steps"] = [step | _carried(changes.get(step["uid"], {})) for step in tree["steps"]]


def said(tree: Document, messages: Iterable[Document]) -> Iterator[Document]:
    """The messages that tell more than the reasons, which stand in the tree."""
    reasons = {(step["uid"], step["reason"]) for step in tree["steps"]}
    return (each for each in messages if (each["uid"], each["text"]) not in reasons)


def _carried(change: Document) -> dict[str, Any]:
    return {name: change[name] for name in _CARRIED if name in change}
