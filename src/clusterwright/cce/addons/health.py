"""Lets the states of add-ons that really run follow their workloads.

All at work is ``running``, a part of it ``available``, nothing ``abnormal``. As with nodes, two
looks in a row must find less than before.
"""

from collections.abc import Mapping

from clusterwright import clock
from clusterwright.cce.addons import store
from clusterwright.cce.addons.store import AddonStatus
from clusterwright.drivers.contract import Health, Workload
from clusterwright.storage.database import Database

_FOLLOWING = (AddonStatus.RUNNING, AddonStatus.AVAILABLE, AddonStatus.ABNORMAL)
"""States in which nobody works on an add-on, and it has not failed to be changed."""


class AddonsHealth:
    """What was seen of add-ons in the last look of this process."""

    def __init__(self) -> None:
        self._suspects: set[tuple[str, str]] = set()

    async def note(self, data: Database, found: Mapping[str, Health]) -> None:
        """Bring the states of add-ons up to a look."""
        seen = {(uid, name): one for uid, h in found.items() for name, one in h.addons.items()}
        lacking = {key for key, one in seen.items() if _state(one) is not AddonStatus.RUNNING}
        known, self._suspects = self._suspects, lacking
        if not seen:
            return
        async with data.reading() as tx:
            rows = await store.of_clusters(tx, {uid for uid, _ in seen}, states=_FOLLOWING)
        for row in rows:
            key = (row.cluster_uid, row.name)
            if key not in seen or key in lacking - known or _state(seen[key]) is row.status:
                continue
            async with data.transaction() as tx:
                await store.follow(
                    tx,
                    row.uid,
                    states=_FOLLOWING,
                    status=_state(seen[key]),
                    reason=seen[key].reason,
                    updated_at=clock.now(),
                )


def _state(of: Workload) -> AddonStatus:
    if of.ready >= of.wanted:
        return AddonStatus.RUNNING
    return AddonStatus.AVAILABLE if of.ready else AddonStatus.ABNORMAL
