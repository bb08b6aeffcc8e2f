"""Real clusters of this host, as whoever runs the server finds them: in its data folder."""

from pathlib import Path

from clusterwright.cli.folder import configured, require_access
from clusterwright.cli.output import fail
from clusterwright.drivers.contract import DriverError
from clusterwright.drivers.local import binaries, wanted
from clusterwright.drivers.local.components import Programs
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.wanted import State, Wanted


def find(name_or_id: str, data: Path | None) -> Folder:
    """The folder of the real cluster with that id, or else that name.

    None, or several of one name, end the command with advice.
    """
    home = configured({"data": data}).local_folder
    require_access(home)
    known: dict[str, str] = {}
    for path in sorted(home.glob("*/wanted.json")):
        try:
            wish = wanted.read(Folder(home, path.parent.name))
        except (OSError, ValueError) as error:
            fail(f"{path} cannot be read: {error}")
        if wish is not None and wish.cluster is not None:
            known[wish.cluster.uid] = wish.cluster.name
    if name_or_id in known:
        return Folder(home, name_or_id)
    found = [uid for uid, name in known.items() if name == name_or_id]
    if not found:
        fail(
            f"There is no real cluster {name_or_id} in {home}."
            " Only clusters of the driver local are there, on the host of their server."
        )
    if len(found) > 1:
        fail(f"Several projects have a cluster {name_or_id}. Give an id: {', '.join(found)}.")
    return Folder(home, found[0])


def wish_of(folder: Folder) -> Wanted:
    """What is wanted of a cluster that was found. One that goes ends the command."""
    wish = wanted.read(folder)
    if wish is None or wish.cluster is None or wish.state is State.GONE:
        fail("The cluster is being deleted.")
    return wish


def programs(wish: Wanted) -> Programs:
    """The programs that the cluster runs by, those for snapshots too; or the advice to get them."""
    assert wish.cluster is not None
    if wish.programs.is_there(binaries.SNAPSHOTS):
        return wish.programs
    try:
        found = binaries.find(wish.cluster.version, configured({}).kubernetes_folder)
        for name in binaries.SNAPSHOTS:
            found.path(name)
    except DriverError as error:
        fail(str(error))
    return found
