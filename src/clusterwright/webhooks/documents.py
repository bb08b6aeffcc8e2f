"""How webhooks read: the JSON objects of answers, and of what is sent."""

from typing import Any

import msgspec

from clusterwright.clock import rfc3339
from clusterwright.jobs.events import Event, when
from clusterwright.webhooks.store import Delivery, Webhook

EVENT_TYPE = "clusterwright.job.changed"


def webhook(hook: Webhook) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {
        "uid": hook.uid,
        "url": hook.url,
        "description": hook.description,
        "createdAt": rfc3339(hook.created_at),
        "failures": hook.failures,
        "pausedUntil": when(hook.paused_until or None),
    }


def delivery(one: Delivery) -> dict[str, Any]:
    """One event for one receiver."""
    return {
        "uid": one.uid,
        "event": one.event,
        "job": one.job_uid,
        "state": one.state,
        "attempts": one.attempts,
        "status": one.status,
        "error": one.error,
        "createdAt": rfc3339(one.created_at),
        "nextAt": when(one.next_at),
        "deliveredAt": when(one.delivered_at),
    }


class _At(msgspec.Struct):
    at: str


_at = msgspec.json.Decoder(_At)


def cloud_event(event: Event) -> bytes:
    """An event as CloudEvents 1.0 has it, in the structured mode."""
    jobs = f"/clusterwright/v1/projects/{event.project_id}/jobs"
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": event_id(event),
            "source": f"{jobs}/{event.root_uid}",
            "type": EVENT_TYPE,
            "subject": event.root_uid,
            "time": _at.decode(event.data).at,
            "datacontenttype": "application/json",
            "data": msgspec.Raw(event.data),
        }
    )


def event_id(event: Event) -> str:
    """The name of an event, the same whoever tells of it."""
    return f"{event.root_uid}.{event.revision}"
