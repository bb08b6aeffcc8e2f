"""How image caches read (API reference, 12.7)."""

from typing import Any

from clusterwright import clock
from clusterwright.cce.imagecaches.store import CacheStatus, ImageCache
from clusterwright.cce.imagecaches.wire import DEFAULT_SIZE

_DAY = 24 * 3600 * 1_000_000_000


def cache(found: ImageCache, *, now: int) -> dict[str, Any]:
    """A cache; one whose days are over is Unavailable."""
    days = found.document.get("retention_days", 0)
    status, message = found.status, found.message
    if status is CacheStatus.AVAILABLE and days and now > found.created_at + days * _DAY:
        status, message = CacheStatus.UNAVAILABLE, f"It was kept for {days} days, which are over."
    config = {"image_pull_secrets": []} | found.document["building_config"]
    return found.document | {
        "id": found.uid,
        "created_at": clock.timestamp(found.created_at),
        "image_cache_size": found.document.get("image_cache_size") or DEFAULT_SIZE,
        "retention_days": days,
        "building_config": config,
        "status": status,
        "message": message,
    }
