"""Who may use a cluster: gives credentials, ends them, and waits until the API server knows.

What blocks is to be called in a thread; it raises OSError where the host refuses.
"""

import asyncio
import time
from dataclasses import dataclass

from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import Cluster, Kubeconfig, Unavailable
from clusterwright.drivers.local import components, holders, pki, processes, wanted
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.inside import Inside
from clusterwright.drivers.local.wanted import State
from clusterwright.uninterrupted import in_thread

LEARNING_SECONDS = 10.0
"""How long an API server may take to read that it shall trust somebody, or no more."""
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Granted:
    """A user's credentials, and whether an API server runs that has yet to learn of them."""

    url: str
    trusted: str
    pair: Pair
    is_new: bool

    @property
    def kubeconfig(self) -> Kubeconfig:
        """What clients get of it."""
        return Kubeconfig(
            server=self.url,
            ca=self.trusted,
            client_certificate=self.pair.certificate,
            client_key=self.pair.key,
        )


def grant(
    folder: Folder,
    cluster: Cluster,
    *,
    user: str,
    lifetime_seconds: int,
    generation: int,
    now: int,
) -> Granted:
    """A user's credentials, the same ones as long as they are good.

    Raises Unavailable while the cluster has no certificates or no control plane, and for a
    generation that has been revoked.
    """
    wish = wanted.read(folder)
    if wish is None or wish.state is State.GONE:
        raise Unavailable(f"The cluster {cluster.name} has no control plane.")
    with folder.changing():
        trusted = pki.trusted(folder, cluster.credentials)
        if trusted is None:
            raise Unavailable(f"The cluster {cluster.name} has no such credentials yet.")
        pair = holders.client(
            folder.credentials / str(cluster.credentials),
            user=user,
            lifetime_seconds=lifetime_seconds,
            generation=generation,
            now=now,
        )
        changed = pki.publish_clients(folder)
    is_new = changed and wish.state is State.RUNNING
    return Granted(components.server_url(wish.ports), trusted, pair, is_new)


def end(folder: Folder, *, user: str, generation: int, now: int) -> tuple[str, list[Pair]]:
    """End a user's credentials of earlier generations.

    Returns where the API server is, and what it must not take any more.
    """
    wish = wanted.read(folder)
    if wish is None or wish.state is State.GONE:
        return "", []
    with folder.changing():
        ended = [
            holders.revoke(credentials, user=user, generation=generation, now=now)
            for credentials in sorted(folder.credentials.iterdir())
        ]
        pki.publish_clients(folder)
    runs = wish.state is State.RUNNING
    return components.server_url(wish.ports), [pair for pair in ended if pair and runs]


async def until(folder: Folder, inside: Inside, url: str, pair: Pair, *, taken: bool) -> None:
    """Wait until the API server takes a certificate, or no more; one that is down reads later.

    Raises Unavailable where it does not learn in time.
    """
    record = folder.record(components.APISERVER)
    deadline = time.monotonic() + LEARNING_SECONDS
    while time.monotonic() < deadline:
        try:
            if await inside.takes(url, pair) == taken:
                return
        except Unavailable:
            if not await in_thread(lambda: processes.is_alive(processes.read(record))):
                return
        await asyncio.sleep(_PAUSE)
    raise Unavailable("The API server has not read yet whom it shall trust. Ask again.")
