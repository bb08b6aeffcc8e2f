"""How claims read."""

from typing import Any

from clusterwright.cce.claims.store import Claim


def claim(kept: Claim) -> dict[str, Any]:
    """A claim as clients read it. Nobody binds it, so it stays as the service first shows one."""
    document = kept.document
    first = document["spec"]["accessModes"][:1]
    return document | {
        "metadata": document["metadata"] | {"namespace": kept.namespace},
        "spec": document["spec"] | {"accessModes": first},
        "status": {"accessModes": first, "phase": "Pending"},
    }
