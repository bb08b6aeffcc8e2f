"""Lets the phase of clusters follow what drivers see: Unavailable while a control plane cannot run.

What is over within a moment is not worth a word, so a cluster is Unavailable when two looks in a
row have found it so, and Available again at the first one that finds it well. Phases that jobs set
are left to them.
"""

from collections.abc import Mapping

from clusterwright import clock
from clusterwright.cce.clusters import store
from clusterwright.cce.clusters.store import ClusterPhase
from clusterwright.drivers.contract import Health
from clusterwright.storage.database import Database


class ClustersHealth:
    """What was seen of control planes in the last look of this process."""

    def __init__(self) -> None:
        self._suspects: set[str] = set()

    async def note(self, data: Database, found: Mapping[str, Health], *, seen_at: int) -> None:
        """Bring the phases of clusters up to a look that began at ``seen_at`` (ns)."""
        lost = {uid for uid, one in found.items() if one.trouble}
        sure, self._suspects = lost & self._suspects, lost
        if not found:
            return
        async with data.reading() as tx:
            failed = await store.reasons(tx, sure, phase=ClusterPhase.AVAILABLE)
            away = await store.reasons(tx, found, phase=ClusterPhase.UNAVAILABLE)
        changes = dict.fromkeys(failed, ClusterPhase.UNAVAILABLE)
        for uid, reason in away.items():
            if reason != (trouble := found[uid].trouble):
                changes[uid] = ClusterPhase.UNAVAILABLE if trouble else ClusterPhase.AVAILABLE
        for uid, phase in changes.items():
            async with data.transaction() as tx:
                await store.observe(
                    tx,
                    uid,
                    seen_at=seen_at,
                    phase=phase,
                    reason=found[uid].trouble,
                    updated_at=clock.now(),
                )
