"""What can be done with webhooks: one transaction each, refusals from the catalogue."""

from clusterwright import clock, errors, ids
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.iam.vault import Vault
from clusterwright.jobs import events
from clusterwright.jobs.positions import Position
from clusterwright.storage import projects
from clusterwright.storage.database import Tx
from clusterwright.webhooks import signing, store
from clusterwright.webhooks.store import Delivery, Webhook
from clusterwright.webhooks.wire import WebhookToCreate


async def create(
    tx: Tx, caller: Caller, asked: WebhookToCreate, vault: Vault
) -> tuple[Webhook, str]:
    """Register a receiver of what happens from now on, and give its secret.

    Raises ApiError QUOTA.
    """
    await projects.hold(tx, caller.project_id)
    if len(await store.find(tx, caller.project_id)) >= store.MOST:
        raise ApiError(errors.QUOTA, f"A project may have {store.MOST} webhooks. Delete one.")
    secret = signing.new_secret()
    hook = Webhook(
        uid=ids.new_uid(),
        project_id=caller.project_id,
        url=asked.url,
        description=asked.description or "",
        sealed_secret=vault.seal(secret),
        position=str(Position.after(await events.now(tx))),
        created_at=clock.now(),
    )
    await store.insert(tx, hook)
    return hook, secret


async def show(tx: Tx, caller: Caller, uid: str, *, lock: bool = False) -> Webhook:
    """A webhook. Raises ApiError NOT_FOUND."""
    found = await store.get(tx, uid, project_id=caller.project_id, lock=lock)
    if found is None:
        raise ApiError(errors.NOT_FOUND, f"There is no webhook {uid[:64]} in this project.")
    return found


async def delete(tx: Tx, caller: Caller, uid: str) -> None:
    """Forget a webhook; what is on its way may still arrive. Raises ApiError NOT_FOUND."""
    await store.remove(tx, (await show(tx, caller, uid, lock=True)).uid)


async def resend(tx: Tx, caller: Caller, uid: str, delivery_uid: str) -> Delivery:
    """Send an event again, as soon as may be. Raises ApiError NOT_FOUND."""
    hook = await show(tx, caller, uid, lock=True)
    found = await store.delivery(tx, delivery_uid, webhook_uid=hook.uid)
    if found is None:
        raise ApiError(errors.NOT_FOUND, f"There is no delivery {delivery_uid[:64]} of this one.")
    now = clock.now()
    await store.pause(tx, hook.uid, failures=hook.failures, until=now)
    await store.record(tx, found.uid, state="waiting", attempts=0, next_at=now, error="")
    again = await store.delivery(tx, delivery_uid, webhook_uid=hook.uid)
    assert again is not None
    return again
