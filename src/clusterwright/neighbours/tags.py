"""Tags as clients change them: set some, remove some."""

from collections.abc import Iterable, Mapping

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.neighbours.wire import TagAction
from clusterwright.storage import limits


def changed(tags: Iterable[Mapping[str, str]], asked: TagAction) -> list[dict[str, str]]:
    """The tags after a change. Raises ApiError INVALID_REQUEST when they are too many."""
    kept = {tag["key"]: tag.get("value", "") for tag in tags}
    for tag in asked.tags:
        if asked.action == "create":
            kept[tag.key] = tag.value
        else:
            kept.pop(tag.key, None)
    if len(kept) > limits.MOST_TAGS:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"tags: There are at most {limits.MOST_TAGS}. Remove some first.",
        )
    return [{"key": key, "value": value} for key, value in kept.items()]
