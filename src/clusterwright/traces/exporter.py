"""Sends every job that ends to a collector, at least once, and holds nobody up.

It follows the events of all jobs from a position in the database, so what ended while the collector
was away, or while no server ran, is sent later. Ids follow from the job's: what is sent again
overwrites itself. A chore of every server process; one at a time sends.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import msgspec

from clusterwright import clock
from clusterwright.jobs import events, following
from clusterwright.jobs.events import Event
from clusterwright.jobs.positions import Position
from clusterwright.live import documents
from clusterwright.live import store as live_store
from clusterwright.live.store import Found
from clusterwright.storage.database import Database, Tx
from clusterwright.supervision import Chore, Errands
from clusterwright.traces import spans, store
from clusterwright.traces.collector import CannotExport, Collector, collector, is_wanted

log = logging.getLogger(__name__)

PERIOD = 1.0
"""Seconds between two looks for jobs that have ended."""
LEASE = 60.0
"""Seconds after which others go on in the place of a process that died while it sent."""
OLDEST = 24 * 3600.0
"""Seconds since its end after which a job that could not be sent is left out."""
AT_ONCE = 4
"""Requests that are under way at the same time."""
LONGEST_PAUSE = 60.0
"""Seconds until a collector that is away is tried again; from 1 s on, doubled each time."""
_PAGE = 200
_REFUSED = (400, 413, 415, 422)
"""Answers to this trace, and not to all of them."""


class _Away(Exception):
    """The collector takes nothing now; the text says why."""


class Exporter:
    """The traces of all projects' jobs, as one process sends them."""

    def __init__(self, database: Database, to: Collector) -> None:
        self._database = database
        self._to = to
        self._client: httpx.AsyncClient | None = None
        self._sending = Errands(1)
        self._ahead: tuple[str, Position] | None = None
        """Up to where nothing has ended, and since which position in the database."""
        self._failures = 0
        self._next_at = 0.0

    def chore(self) -> Chore:
        """What must be done for as long as the process lives."""
        return Chore("traces", self.work, PERIOD)

    async def begin(self) -> None:
        """Send what ends from now on, unless it was begun before: then, what has ended since."""
        async with self._database.transaction() as tx:
            await store.begin(tx, str(Position.after(await events.now(tx))))
            stored = await store.position(tx)
            position = await following.here(tx, Position.parse(stored))
            if str(position) != stored:
                await store.release(tx, stored, str(position))

    async def close(self) -> None:
        """Leave what is being sent, and close connections to the collector."""
        await self._sending.close()
        if self._client is not None:
            await self._client.aclose()

    async def work(self) -> None:
        """Begin to send what has ended, unless the collector was away a moment ago."""
        is_due = time.monotonic() >= self._next_at
        self._sending.begin([self._to.place] if is_due else [], self._send_pages)

    async def _send_pages(self, _: str) -> None:
        try:
            while await self._page():
                pass
        except _Away as error:
            self._failures += 1
            pause = min(2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE)
            self._next_at = time.monotonic() + pause
            if self._failures == 1:
                facts = {"collector": self._to.place, "reason": str(error)}
                log.warning("waiting for the collector of traces", extra=facts)

    async def _page(self) -> bool:
        """Send what ended in one page of events; tells whether there may be more."""
        async with self._database.reading() as tx:
            now = await events.now(tx)
            stored = await store.position(tx)
            page = await following.after(tx, self._from(stored), now, limit=_PAGE)
        reached = page[-1][1] if page else Position.after(now)
        if ended := {event.root_uid: event for event, _ in page if event.phase.is_final}:
            async with self._database.transaction() as tx:
                at = clock.now()
                if not await store.lease(tx, stored, now=at, until=at + int(LEASE * 1e9)):
                    return False
            await self._send_all(stored, list(ended.values()), reached)
        else:
            # Not written down: a write would be another number that nobody has seen yet.
            self._ahead = (stored, reached)
        return len(page) == _PAGE

    def _from(self, stored: str) -> Position:
        """The stored position, or a later one up to which nothing has ended."""
        if self._ahead is not None and self._ahead[0] == stored:
            return self._ahead[1]
        return Position.parse(stored)

    async def _send_all(self, stored: str, ended: list[Event], reached: Position) -> None:
        """Send jobs and note that they are. Raises _Away."""
        done = stored
        too_old = 0
        try:
            client = await self._http()
            for start in range(0, len(ended), AT_ONCE):
                part = ended[start : start + AT_ONCE]
                sent = await asyncio.gather(
                    *(self._send(client, event) for event in part), return_exceptions=True
                )
                for outcome in sent:
                    if isinstance(outcome, BaseException):
                        raise outcome
                too_old += sent.count(False)
            done = str(reached)
        finally:
            async with self._database.transaction() as tx:
                await store.release(tx, stored, done)
        if self._failures:
            self._failures = 0
            log.info("sending traces again", extra={"collector": self._to.place})
        if too_old:
            log.warning("leaving out traces that are too old", extra={"jobs": too_old})

    async def _send(self, client: "httpx.AsyncClient", event: Event) -> bool:
        """Send one job if it is still there; False if it is too old. Raises _Away."""
        async with self._database.reading() as tx:
            found = await live_store.find(tx, event.root_uid, project_id=event.project_id)
            if found is None:
                return True
            if clock.now() - (found.jobs[0].ended_at or 0) > OLDEST * 1e9:
                return False
            happened = await _happened(tx, event.root_uid)
        facts = {"job": event.root_uid, "collector": self._to.place}
        body = await asyncio.to_thread(_encoded, self._to.resource, found, happened)
        if body is None:
            return True
        status = await self._post(client, body)
        if status in _REFUSED:
            log.warning("leaving out a trace that is refused", extra=facts | {"status": status})
        elif not 200 <= status < 300:
            raise _Away(f"It answered {status}.")
        return True

    async def _http(self) -> "httpx.AsyncClient":
        """What sends. Raises _Away where the file of authorities cannot be read."""
        if self._client is None:
            try:
                # Reading all known authorities would keep the loop for tens of milliseconds.
                trust = await asyncio.to_thread(self._to.trust)
            except OSError as error:
                raise _Away(f"OTEL_EXPORTER_OTLP_CERTIFICATE: {error}") from error
            self._client = httpx.AsyncClient(verify=trust, timeout=self._to.seconds)
        return self._client

    async def _post(self, client: "httpx.AsyncClient", body: bytes) -> int:
        """The collector's answer. Raises _Away."""
        try:
            async with asyncio.timeout(self._to.seconds):
                answer = await client.post(
                    self._to.url, content=body, headers=dict(self._to.headers)
                )
        except TimeoutError as error:
            raise _Away(f"No answer within {self._to.seconds:g} s.") from error
        except (httpx.ProtocolError, httpx.InvalidURL, UnicodeError) as error:
            raise _Away(type(error).__name__) from error  # they may quote what was sent
        except (httpx.HTTPError, OSError) as error:
            raise _Away(f"{type(error).__name__}: {error}"[:300]) from error
        return answer.status_code


async def _happened(tx: Tx, uid: str) -> list[bytes]:
    """The events of a tree, oldest first."""
    found: list[bytes] = []
    last = 0
    while page := await events.of_tree(tx, uid, after=last, limit=_PAGE):
        found += [event.data for event in page]
        last = page[-1].revision
        await asyncio.sleep(0)
    return found


def _encoded(resource: list[dict[str, Any]], found: Found, happened: list[bytes]) -> bytes | None:
    """The body of a request; None where nothing was begun that could be a span.

    It is made span by span, so that this thread never keeps the others for long.
    """
    top = found.jobs[0]
    job = {
        "uid": top.uid,
        "clusterUID": top.cluster_uid,
        "continues": found.tree.continues,
        "steps": (documents.step(row, 0.0, None) for row in found.jobs),
    }
    told: Iterator[Mapping[str, Any]] = map(msgspec.json.decode, happened)
    encoded = [msgspec.Raw(msgspec.json.encode(span)) for span in spans.spans_of(job, told)]
    return msgspec.json.encode(spans.request(resource, encoded)) if encoded else None


def configured(database: Database, variables: Mapping[str, str]) -> Exporter | None:
    """What sends traces where the standard variables say so, else None.

    Variables that are of no use here are told in the log: they may be meant for other programs.
    """
    if not is_wanted(variables):
        return None
    try:
        return Exporter(database, collector(variables))
    except CannotExport as error:
        log.warning("sending no traces", extra={"reason": str(error)})
        return None
