"""New identifiers, in the public service's forms."""

import uuid
from secrets import randbits

# The public service's identifiers are version 1 with a node field that starts 0255ac (reference
# 1.2). The random rest of the node field keeps processes apart; uuid1 keeps calls within one
# process apart.
_NODE = 0x0255AC << 24 | randbits(24)
_CLOCK = randbits(14)
_BEFORE_1970 = 0x01B21DD213814000
"""Steps of 100 ns between the beginnings of the Gregorian calendar and of 1970 (RFC 9562)."""


def new_uid() -> str:
    """A new identifier of a cluster, node or job."""
    return str(uuid.uuid1(_NODE, _CLOCK))


def made_at(uid: str) -> int | None:
    """When ``new_uid`` drew an identifier, in ns since 1970; None for one that it did not draw."""
    try:
        parsed = uuid.UUID(uid)
    except ValueError:
        return None
    if str(parsed) != uid or parsed.version != 1 or parsed.node >> 24 != _NODE >> 24:
        return None
    return (parsed.time - _BEFORE_1970) * 100


def new_id() -> str:
    """A new identifier in the identity service's form: 32 hexadecimal digits."""
    return uuid.uuid4().hex
