"""The machines of a simulated cluster: what masters are to be, and what is seen at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from clusterwright.drivers.contract import Cluster, ControlPlane
from clusterwright.drivers.simulated import draws
from clusterwright.drivers.simulated.store import SimulatedCluster, SimulatedMachine

Duration = Callable[[float], int]
"""Nanoseconds that so many seconds of pace 1 take."""


def new_master(
    held: SimulatedCluster, cluster: Cluster, ordinal: int, *, now: int, duration: Duration
) -> SimulatedMachine:
    """A master that is started now."""
    uid = f"{cluster.uid}-master-{ordinal}"
    seconds = draws.master_seconds(held.seed, uid, ordinal=ordinal, masters=len(cluster.masters))
    ready_at = now + duration(seconds)
    return SimulatedMachine(
        uid=uid,
        cluster_uid=cluster.uid,
        ordinal=ordinal,
        server_id=cluster.masters[ordinal],
        private_ip=draws.master_address(held.seed, cluster.uid, ordinal),
        created_at=ready_at,
        ready_at=ready_at,
        version=cluster.minor,
    )


def upgraded(
    masters: Sequence[SimulatedMachine], cluster: Cluster, *, now: int, duration: Duration
) -> list[SimulatedMachine]:
    """Those that are to run another version than so far, which they do one after the other.

    Masters that an earlier release began do not tell what they run, and change over at once.
    """
    changed = [master for master in masters if master.version != cluster.minor]
    return [
        replace(
            master,
            version=cluster.minor,
            version_before=(before := _running(master, now)),
            upgraded_at=now + duration(turn * draws.UPGRADE if before else 0),
        )
        for turn, master in enumerate(changed, start=1)
    ]


def control_plane(
    masters: Sequence[SimulatedMachine], cluster: Cluster, *, now: int
) -> ControlPlane:
    """The control plane that these masters, the first one first, are now."""
    present = [master for master in masters if not is_gone(master, now)]
    if not present:
        return ControlPlane(exists=False)
    ready = [master for master in present if is_ready(master, now)]
    # The last one that is upgraded tells when all of them have been.
    version = (_running(ready[-1], now) or cluster.version) if ready else ""
    return ControlPlane(
        exists=True,
        ready=len(ready) == len(present),
        endpoint=endpoint(present[0]),
        masters=tuple(master.server_id for master in ready),
        version=version,
    )


def endpoint(master: SimulatedMachine) -> str:
    """The URL of a master's API server."""
    return f"https://{master.private_ip}:5443"


def is_gone(machine: SimulatedMachine, now: int) -> bool:
    """Whether a machine, a node too, is no more."""
    return machine.gone_at is not None and machine.gone_at <= now


def is_ready(machine: SimulatedMachine, now: int) -> bool:
    """Whether a machine, a node too, is at work."""
    return machine.gone_at is None and machine.ready_at <= now


def _running(master: SimulatedMachine, now: int) -> str:
    return master.version if master.upgraded_at <= now else master.version_before
