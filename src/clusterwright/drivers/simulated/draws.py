"""What the simulation draws from seed and uid alone: durations, server ids and addresses."""

import uuid
from collections.abc import Iterator
from functools import lru_cache
from random import Random

CLUSTER_DELETION = 1.0
"""Seconds at pace 1 until a deleted cluster is gone."""
NODE_DELETION = 0.5
"""Seconds at pace 1 until a deleted node is gone."""

UPGRADE = 1.0
"""Seconds at pace 1 until a master runs another version. They go one after the other."""

RELEASE = 1.0
"""Seconds at pace 1 until what a chart makes is there."""
RELEASE_DELETION = 0.5
"""Seconds at pace 1 until it is gone."""

_CONTROL_PLANE = 3.0
_BETWEEN_MASTERS = 0.4
_SERVER = 1.5
_INSTALLATION = 1.5
_SPREAD = 0.1


def _random(seed: int, uid: str, purpose: str) -> Random:
    # A text seeds by its hash, the same in every process.
    return Random(f"{seed}/{uid}/{purpose}")


def server_id(seed: int, uid: str) -> str:
    """The id of a machine's server."""
    return str(uuid.UUID(int=_random(seed, uid, "server").getrandbits(128), version=4))


def master_seconds(seed: int, uid: str, *, ordinal: int, masters: int) -> float:
    """Seconds at pace 1 from the start of a control plane until one of its masters is ready."""
    spread = _random(seed, uid, "duration").uniform(-_SPREAD, _SPREAD)
    return _CONTROL_PLANE - _BETWEEN_MASTERS * (masters - 1 - ordinal) + spread


def node_seconds(seed: int, uid: str) -> tuple[float, float]:
    """Seconds at pace 1 from the start of a node until its server runs, and until it has joined."""
    random = _random(seed, uid, "duration")
    server = _SERVER + random.uniform(-_SPREAD, _SPREAD)
    return server, server + _INSTALLATION + random.uniform(-_SPREAD, _SPREAD)


@lru_cache(4096)
def master_address(seed: int, cluster_uid: str, ordinal: int) -> str:
    """The address of one of a cluster's masters, which are all different and in 192.168.0.0/24."""
    hosts = list(range(2, 255))
    _random(seed, cluster_uid, "addresses").shuffle(hosts)
    return f"192.168.0.{hosts[ordinal]}"


def node_addresses(seed: int, uid: str) -> Iterator[str]:
    """Endless addresses for a node, to be tried in this order, none of them in 192.168.0.0/24."""
    random = _random(seed, uid, "address")
    while True:
        yield f"192.168.{random.randint(1, 255)}.{random.randint(2, 254)}"
