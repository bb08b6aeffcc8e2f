"""Writes down what a control plane should be: its programs, ports, certificates and nodes' kind.

What is begun is kept: a plane that runs keeps its programs, and every plane its ports.
"""

from pathlib import Path

from clusterwright.drivers.contract import Cluster
from clusterwright.drivers.local import components, host, pki, ports, wanted
from clusterwright.drivers.local.binaries import CONTROL_PLANE
from clusterwright.drivers.local.components import Programs
from clusterwright.drivers.local.folder import Folder, alone, clusters, write_json
from clusterwright.drivers.local.spaces import ROUTER, Network
from clusterwright.drivers.local.upkeep import Command
from clusterwright.drivers.local.wanted import Nodes, Pinned, State, Wanted


def begin(
    home: Path, folder: Folder, cluster: Cluster, found: Programs, *, kind: Nodes, now: int
) -> None:
    """Let a control plane be wanted as ``cluster`` tells. To be called while the folder is held.

    ``found`` and ``kind`` are for one that is begun now. Raises DriverError for what cannot run.
    """
    before = wanted.read(folder)
    programs = _pinned(cluster, before, found)
    with alone(home):
        chosen = (before and before.ports) or _free_ports(home)
        wish = Wanted(State.RUNNING, cluster, chosen, programs, before.nodes if before else kind)
        if wish.nodes is Nodes.REAL:
            host.require_real_nodes()
        commands(folder, wish)
        pki.ensure(folder, cluster, now=now)
        pki.write_kubeconfigs(
            folder,
            components.server_url(chosen),
            from_nodes=components.server_url(chosen, ROUTER),
        )
        if (network := network_of(folder, wish)) is not None:
            write_json(folder.pki / components.EGRESS, components.egress(network))
            pki.ensure_secret(folder.pki / components.PROXY_SECRET)
        if before is None or before.revision != wish.revision:
            folder.trouble.unlink(missing_ok=True)  # it was another wish's
            wanted.write(folder, wish)


def commands(folder: Folder, wish: Wanted, cluster: Cluster | None = None) -> list[Command]:
    """What runs for a wish, or would for another ``cluster`` in its place. Raises DriverError."""
    asked = cluster or wish.cluster
    assert asked is not None
    network = network_of(folder, wish)
    return components.control_plane(asked, folder, wish.ports, wish.programs, network)


def network_of(folder: Folder, wish: Wanted) -> Network | None:
    """The network of real nodes; None where no node is real."""
    return Network(folder.path) if wish.nodes is Nodes.REAL else None


def _pinned(cluster: Cluster, before: Wanted | None, found: Programs) -> Pinned:
    """The programs to begin with, or those that run already."""
    if (
        before is not None
        and before.state is State.RUNNING
        and before.cluster is not None
        and before.cluster.version == cluster.version
        and before.programs.is_there(CONTROL_PLANE)
    ):
        return before.programs
    return pinned(found)


def pinned(found: Programs) -> Pinned:
    """Programs of this host as a control plane keeps them."""
    return Pinned(found.emulated_version, dict(found.paths))


def _free_ports(home: Path) -> dict[str, int]:
    """Ports that neither run nor are kept by a cluster that stands still."""
    others = [wanted.read(folder) for folder in clusters(home)]
    kept = {port for other in others if other is not None for port in other.ports.values()}
    numbers = ports.free(len(components.PORTS), avoid=kept)
    return dict(zip(components.PORTS, numbers, strict=True))
