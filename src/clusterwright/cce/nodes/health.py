"""Lets the phases of nodes follow what drivers see: Active while a node works, Abnormal otherwise.

A node whose kubelet is started again within a moment is not worth a word, so a node is Abnormal
when two looks in a row have found it so, and Active again at the first one that finds it well.
"""

from collections.abc import Mapping

from clusterwright import clock
from clusterwright.cce.nodes import store
from clusterwright.cce.nodes.store import NodePhase
from clusterwright.drivers.contract import Health
from clusterwright.storage.database import Database


class NodesHealth:
    """What was seen of nodes in the last look of this process."""

    def __init__(self) -> None:
        self._suspects: set[str] = set()

    async def note(self, data: Database, found: Mapping[str, Health], *, seen_at: int) -> None:
        """Bring the phases of idle nodes up to a look that began at ``seen_at`` (ns)."""
        known = {uid: said for one in found.values() for uid, said in one.nodes.items()}
        lost = {uid for uid, said in known.items() if said}
        sure, self._suspects = lost & self._suspects, lost
        if not known:
            return
        async with data.reading() as tx:
            failed = await store.among(tx, sure, phase=NodePhase.ACTIVE)
            well = [uid for uid in await store.abnormal(tx, found) if known.get(uid) == ""]
        changes = dict.fromkeys(failed, NodePhase.ABNORMAL) | dict.fromkeys(well, NodePhase.ACTIVE)
        for uid, phase in changes.items():
            async with data.transaction() as tx:
                await store.observe(
                    tx,
                    uid,
                    seen_at=seen_at,
                    phase=phase,
                    reason=known[uid],
                    updated_at=clock.now(),
                )
