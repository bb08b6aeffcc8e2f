"""The routes of webhooks: they translate and commit, and decide nothing."""

import re
from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.iam.auth import Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, Router, Setup, Whole, json_response
from clusterwright.web.server import given
from clusterwright.webhooks import documents, operations, store, targets, wire
from clusterwright.webhooks.outbox import Outbox
from clusterwright.webhooks.targets import Refused

router = Router(prefix="/clusterwright/v1/projects/{project_id}/webhooks", tags=["Extension"])
Mail = Annotated[Outbox, Depends(given(Outbox))]
_MARKER = re.compile("[0-9]{1,18}")


async def _check(url: str, *, private: bool) -> None:
    """Refuse a target that is certainly forbidden; one that is not yet there may come."""
    try:
        await targets.resolve(targets.parse(url), private=private)
    except Refused as error:
        raise ApiError(errors.INVALID_REQUEST, f"url: {error}") from error
    except OSError:
        return


@router.post(
    "",
    operation_id="CreateWebhook",
    summary="Register a webhook",
    **described(wire.NewWebhook, status=201),
)
async def create_webhook(
    caller: Member,
    data: Data,
    setup: Setup,
    outbox: Mail,
    asked: Annotated[wire.WebhookToCreate, Depends(Body(wire.WebhookToCreate))],
) -> Response:
    """Have every event of the project's jobs sent to a URL, from now on, signed with a secret.

    The answer tells the secret, which is not told again. Bodies are CloudEvents 1.0, signatures
    Standard Webhooks; each is sent until it is answered with 2xx.
    """
    await _check(asked.url, private=setup.webhook_private_targets)
    async with data.transaction() as tx:
        hook, secret = await operations.create(tx, caller, asked, outbox.vault)
        tx.afterwards.append(outbox.look_again)
    return json_response(documents.webhook(hook) | {"secret": secret}, 201)


@router.get("", operation_id="ListWebhooks", summary="List webhooks", **described(wire.Webhooks))
async def list_webhooks(caller: Member, data: Data) -> Response:
    """The webhooks of the project, oldest first."""
    async with data.reading() as tx:
        found = await store.find(tx, caller.project_id)
    return json_response({"webhooks": [documents.webhook(hook) for hook in found]})


@router.get(
    "/{webhook_id}",
    operation_id="ShowWebhook",
    summary="Show a webhook",
    **described(wire.Webhook),
)
async def show_webhook(caller: Member, data: Data, webhook_id: str) -> Response:
    """One webhook, and how its receiver fares."""
    async with data.reading() as tx:
        found = await operations.show(tx, caller, webhook_id)
    return json_response(documents.webhook(found))


@router.delete(
    "/{webhook_id}",
    operation_id="DeleteWebhook",
    summary="Delete a webhook",
    **described(None, status=204),
)
async def delete_webhook(caller: Member, data: Data, outbox: Mail, webhook_id: str) -> Response:
    """Forget a webhook and what was not delivered."""
    async with data.transaction() as tx:
        await operations.delete(tx, caller, webhook_id)
        tx.afterwards.append(outbox.look_again)
    return Response(status_code=204)


@router.get(
    "/{webhook_id}/deliveries",
    operation_id="ListWebhookDeliveries",
    summary="List the deliveries of a webhook",
    **described(wire.Deliveries),
)
async def list_webhook_deliveries(
    caller: Member,
    data: Data,
    webhook_id: str,
    limit: Annotated[Whole, Query(ge=1, le=200)] = 50,
    marker: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """What was sent, and what waits to be sent again, newest first."""
    if marker and not _MARKER.fullmatch(marker):
        raise ApiError(errors.INVALID_REQUEST, "query.marker: Send the nextMarker of a page.")
    before = int(marker) if marker else None
    async with data.reading() as tx:
        hook = await operations.show(tx, caller, webhook_id)
        found = await store.page(tx, hook.uid, before=before, limit=limit)
    last = str(found[-1].id) if len(found) == limit else None
    return json_response(
        {"deliveries": [documents.delivery(one) for one in found], "nextMarker": last}
    )


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/resend",
    operation_id="ResendWebhookDelivery",
    summary="Send a delivery again",
    **described(wire.Delivery, status=202),
)
async def resend_webhook_delivery(
    caller: Member, data: Data, webhook_id: str, delivery_id: str
) -> Response:
    """Send an event again, whatever became of it; its id stays the same."""
    async with data.transaction() as tx:
        found = await operations.resend(tx, caller, webhook_id, delivery_id)
    return json_response(documents.delivery(found), 202)
