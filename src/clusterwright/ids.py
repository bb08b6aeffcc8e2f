"""New identifiers, in the public service's forms."""

import uuid
from secrets import randbits

# The public service's identifiers are version 1 with a node field that starts 0255ac (reference
# 1.2). The random rest of the node field keeps processes apart; uuid1 keeps calls within one
# process apart.
_NODE = 0x0255AC << 24 | randbits(24)
_CLOCK = randbits(14)


def new_uid() -> str:
    """A new identifier of a cluster, node or job."""
    return str(uuid.uuid1(_NODE, _CLOCK))


def new_id() -> str:
    """A new identifier in the identity service's form: 32 hexadecimal digits."""
    return uuid.uuid4().hex
