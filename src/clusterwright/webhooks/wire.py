"""The bodies of webhooks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from clusterwright.document import Document
from clusterwright.webhooks import targets


def _url(text: str) -> str:
    targets.parse(text)
    return text


class WebhookToCreate(Document):
    """The body of a request for a webhook."""

    url: Annotated[str, AfterValidator(_url)]
    description: Annotated[str, Field(max_length=256)] | None = None


class Webhook(Document):
    """A webhook as clients read it."""

    uid: str
    url: str
    description: str
    created_at: str
    failures: int
    """Deliveries in a row to which nobody answered."""
    paused_until: str | None


class NewWebhook(Webhook):
    """A webhook and the secret that its messages are signed with, which is told this once."""

    secret: str


class Webhooks(Document):
    """The webhooks of a project."""

    webhooks: list[Webhook]


class Delivery(Document):
    """An event on its way to a receiver, or there."""

    uid: str
    event: str
    job: str
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    status: int | None
    """What the receiver answered last."""
    error: str
    created_at: str
    next_at: str | None
    delivered_at: str | None


class Deliveries(Document):
    """A page of the deliveries of a webhook, newest first."""

    deliveries: list[Delivery]
    next_marker: str | None
