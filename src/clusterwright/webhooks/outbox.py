"""Turns events into deliveries, and sends them: at least once, each until it has been answered.

Both are chores of every server process. Whoever holds a webhook's row adds its deliveries; whoever
claims a delivery sends it, and has it for LEASE seconds: a process that dies leaves it to others.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from clusterwright import __version__, clock, ids
from clusterwright.iam.vault import Vault
from clusterwright.jobs import events, following
from clusterwright.jobs.positions import Position, Snapshot
from clusterwright.storage.database import Database, Tx
from clusterwright.supervision import Chore, Errands
from clusterwright.webhooks import documents, signing, store, targets
from clusterwright.webhooks.store import Delivery, Webhook
from clusterwright.webhooks.targets import Refused

log = logging.getLogger(__name__)

PERIOD = 0.5
"""Seconds between two looks for events and for deliveries that are due."""
OTHERS_PERIOD = 5.0
"""Seconds after which a webhook is known that another process registered."""
SWEEP_PERIOD = 600.0
LEASE = 25.0
"""Seconds for which a delivery is whoever's claimed it, also if it has died since."""
AT_ONCE = 8
"""Deliveries to one receiver that one claim takes; they are sent one after the other."""
TURN = 5.0
"""Seconds after which no more is claimed for a receiver, before others have their turn."""
RECEIVERS = 64
"""How many are sent to at the same time."""
SECONDS = 10.0
"""How long a receiver may take to answer."""
LATEST = LEASE - SECONDS - 3.0
"""Seconds after a claim at which the last of what it took may be begun."""
PAUSES: tuple[float, ...] = (
    5.0,
    30.0,
    120.0,
    600.0,
    1800.0,
    3600.0,
    7200.0,
    14_400.0,
    28_800.0,
    28_800.0,
)
"""Seconds until the next try, after each that failed; a delivery that needs more has failed."""
_READ = 16 * 1024
"""Bytes of an answer that are read, and thrown away."""
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try."""

    ok: bool
    status: int | None = None
    error: str = ""
    """Empty where it went well."""
    is_away: bool = False
    """Whether other deliveries to the same receiver would fare the same now."""


class Sender:
    """Sends to receivers, and follows nobody's lead: no redirects, no proxies, no other address."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._client: httpx.AsyncClient | None = None

    async def _http(self) -> "httpx.AsyncClient":
        if self._client is None:
            # Reading all known authorities would keep the loop for tens of milliseconds.
            context = await asyncio.to_thread(ssl.create_default_context)
            self._client = httpx.AsyncClient(
                verify=context,
                trust_env=False,
                follow_redirects=False,
                timeout=SECONDS,
                # A connection is to an address; the next name with that address is another site.
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        return self._client

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        """Try once."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._try(targets.parse(url), body, headers)
        except Refused as error:
            return Outcome(ok=False, error=str(error), is_away=True)
        except TimeoutError:
            return Outcome(ok=False, error=f"No answer within {SECONDS:g} s.", is_away=True)
        except (httpx.HTTPError, OSError, ssl.SSLError) as error:
            text = f"{type(error).__name__}: {error}"[:300]
            return Outcome(ok=False, error=text, is_away=True)

    async def _try(self, target: targets.Target, body: bytes, headers: dict[str, str]) -> Outcome:
        addresses = await targets.resolve(target, private=self._private)
        request = (await self._http()).build_request(
            "POST",
            target.at(addresses[0]),
            content=body,
            headers=headers
            | {
                "Host": target.authority,
                "Content-Type": "application/cloudevents+json",
                "User-Agent": f"Clusterwright/{__version__}",
            },
            extensions={"sni_hostname": target.host},
        )
        answer = await (await self._http()).send(request, stream=True)
        try:
            read = 0
            async for part in answer.aiter_raw():
                read += len(part)
                if read > _READ:
                    break
        finally:
            await answer.aclose()
        return _judged(answer.status_code)

    async def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.aclose()


def _judged(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(ok=True, status=status)
    if 300 <= status < 400:
        return Outcome(ok=False, status=status, error="Redirects are not followed.")
    is_away = status >= 500 or status in (408, 429)
    return Outcome(ok=False, status=status, error=f"It answered {status}.", is_away=is_away)


class Outbox:
    """The webhooks of all projects, as one process serves them."""

    def __init__(self, database: Database, vault: Vault, *, private: bool) -> None:
        self.vault = vault
        self._database = database
        self._sender = Sender(private=private)
        self._sending = Errands(RECEIVERS)
        self._known: list[Webhook] = []
        self._looked_at: float | None = None
        """When webhooks were read last."""
        self._nothing: dict[str, tuple[str, Snapshot]] = {}
        """Up to where nothing has happened, by webhook, and since which position of its own."""
        self._swept_at = time.monotonic()

    def chore(self) -> Chore:
        """What must be done for as long as the process lives."""
        return Chore("webhooks", self.work, PERIOD)

    async def begin(self) -> None:
        """Go on where the webhooks of this database are, also if it was restored from elsewhere."""
        async with self._database.transaction() as tx:
            for known in await store.everyone(tx):
                hook = await store.hold(tx, known.uid)
                if hook is None:
                    continue
                position = await following.here(tx, Position.parse(hook.position))
                if str(position) != hook.position:
                    await store.move(tx, hook.uid, str(position))

    def look_again(self) -> None:
        """Know at once that there is another webhook, or one less."""
        self._looked_at = None

    async def close(self) -> None:
        """Leave what is being sent, and close connections to receivers."""
        await self._sending.close()
        await self._sender.close()

    async def work(self) -> None:
        """Add deliveries for what has happened, and begin to send what is due."""
        due: list[str] = []
        if await self._anybody():
            async with self._database.reading() as tx:
                filling = await self._behind(tx)
            for uid in filling:
                async with self._database.transaction() as tx:
                    await self._fill(tx, uid)
            async with self._database.reading() as tx:
                due = await store.due(tx, clock.now())
        self._sending.begin(due, self._serve)

    async def _anybody(self) -> bool:
        """Whether there are webhooks; on SQLite, only this process makes any."""
        now = time.monotonic()
        if self._looked_at is None or (
            now - self._looked_at > OTHERS_PERIOD and not self._database.is_sqlite
        ):
            self._looked_at = now
            async with self._database.reading() as tx:
                self._known = await store.everyone(tx)
            uids = {hook.uid for hook in self._known}
            self._nothing = {uid: seen for uid, seen in self._nothing.items() if uid in uids}
        if self._known and now - self._swept_at > SWEEP_PERIOD:
            self._swept_at = now
            for hook in self._known:
                async with self._database.transaction() as tx:
                    await store.sweep(tx, hook.uid)
        return bool(self._known)

    async def _behind(self, tx: Tx) -> list[str]:
        """The webhooks in whose projects something has happened."""
        now = await events.now(tx)
        found = []
        for hook in await store.everyone(tx):
            position = self._position(hook)
            if await following.after(tx, position, now, project_id=hook.project_id, limit=1):
                found.append(hook.uid)
            else:
                # Not written down: a write would be another number that nobody has seen yet.
                self._nothing[hook.uid] = (hook.position, now)
        return found

    def _position(self, hook: Webhook) -> Position:
        """Where a webhook is, or later where nothing has happened since."""
        since, now = self._nothing.get(hook.uid, ("", None))
        if now is not None and since == hook.position:
            return Position.after(now)
        return Position.parse(hook.position)

    async def _fill(self, tx: Tx, uid: str) -> None:
        """Make deliveries of what has happened since the webhook's position."""
        now = await events.now(tx)  # before anything is locked, which takes a number
        hook = await store.hold(tx, uid)
        if hook is None:
            return
        page = await following.after(
            tx, self._position(hook), now, project_id=hook.project_id, limit=_PAGE
        )
        await store.add(tx, [_promised(hook, event) for event, _ in page])
        if page:
            _, position = page[-1]
            await store.move(tx, uid, str(position))

    async def _serve(self, uid: str) -> None:
        """Send what is due to a receiver, for as long as it has its turn."""
        end = time.monotonic() + TURN
        while await self._serve_some(uid) and time.monotonic() < end:
            pass

    async def _serve_some(self, uid: str) -> bool:
        """Send some of what is due to a receiver; tells whether more can be sent now."""
        now, began = clock.now(), time.monotonic()
        async with self._database.transaction() as tx:
            hook = await store.hold(tx, uid)
            if hook is None:
                return False
            claimed = await store.claim(
                tx, uid, now=now, until=now + int(LEASE * 1e9), limit=AT_ONCE
            )
        is_away = await self._send_all(hook, claimed, began)
        return len(claimed) == AT_ONCE and not is_away

    async def _send_all(self, hook: Webhook, claimed: Iterable[Delivery], began: float) -> bool:
        """Send one after the other, until the receiver is away or the lease is almost over.

        Tells whether it is away.
        """
        secret = self.vault.open(hook.sealed_secret)
        failures, paused_until = hook.failures, 0
        for one in claimed:
            if paused_until:
                await self._record(one, next_at=paused_until)
                continue
            if time.monotonic() - began > LATEST:
                await self._record(one, next_at=clock.now())
                continue
            signed = signing.headers(
                secret, message_id=one.event, seconds=int(time.time()), body=one.body
            )
            outcome = await self._sender.send(hook.url, one.body, signed)
            now = clock.now()
            attempts = one.attempts + 1
            if outcome.ok:
                failures = 0
                await self._record(
                    one,
                    state="delivered",
                    attempts=attempts,
                    next_at=None,
                    status=outcome.status,
                    error="",
                    delivered_at=now,
                )
                continue
            log.info("failing a webhook", extra={"webhook": hook.uid, "reason": outcome.error})
            next_at = _after(now, attempts)
            if outcome.is_away:
                failures += 1
                paused_until = next_at or _after(now, 1) or now
            await self._record(
                one,
                state="waiting" if next_at else "failed",
                attempts=attempts,
                next_at=next_at,
                status=outcome.status,
                error=outcome.error,
            )
        if (failures, paused_until) != (hook.failures, hook.paused_until):
            async with self._database.transaction() as tx:
                await store.pause(tx, hook.uid, failures=failures, until=paused_until)
        return bool(paused_until)

    async def _record(self, one: Delivery, **values: object) -> None:
        async with self._database.transaction() as tx:
            await store.record(tx, one.uid, **values)


def _after(now: int, attempts: int) -> int | None:
    """When to try again after so many failures, or None."""
    return None if attempts > len(PAUSES) else now + int(PAUSES[attempts - 1] * 1e9)


def _promised(hook: Webhook, event: events.Event) -> Delivery:
    now = clock.now()
    return Delivery(
        uid=ids.new_uid(),
        webhook_uid=hook.uid,
        event=documents.event_id(event),
        job_uid=event.root_uid,
        body=documents.cloud_event(event),
        next_at=now,
        created_at=now,
    )
