"""What the driver keeps inside a cluster: the binding of its clients' group, and nodes.

The one place that speaks to API servers. The client's library is loaded when the first one is
spoken to: it takes longer than all else that a server without such clusters loads.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import Unavailable
from clusterwright.drivers.local import components, dns, nodes, volumes, wanted
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.holders import CLIENTS
from clusterwright.drivers.local.nodes import Nodes
from clusterwright.drivers.local.volumes import Volumes
from clusterwright.drivers.local.wanted import Wanted
from clusterwright.uninterrupted import in_thread

if TYPE_CHECKING:
    from clusterwright.drivers.local.apiserver import ApiServer

_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": CLIENTS},
    "roleRef": {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "cluster-admin",
    },
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": CLIENTS}],
}
_FIRST_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


class Inside:
    """The inside of one cluster, seen through its API server."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._server: ApiServer | None = None
        self._trusted = b""
        self._connecting = asyncio.Lock()
        self.settled = ""
        """The revision of what is wanted that was last seen to be there."""

    async def close(self) -> None:
        """End the connection. Another one is made when it is needed."""
        server, self._server, self.settled = self._server, None, ""
        if server is not None:
            await server.close()

    async def is_ready(self, url: str) -> bool:
        """Whether the API server is ready. False where nobody answers."""
        try:
            return await (await self._connected(url)).is_ready()
        except Unavailable:
            return False

    async def answers(self, url: str) -> bool:
        """Whether the API server answers anything, ready or not."""
        try:
            await (await self._connected(url)).is_known()
        except Unavailable:
            return False
        return True

    async def version(self, url: str) -> str:
        """The version that answers. Raises Unavailable."""
        return await (await self._connected(url)).version()

    async def prepare(
        self, wish: Wanted, *, with_dns: bool = False, resolvers: Sequence[str] = ()
    ) -> bool:
        """Bind the clients' group, and have DNS, which asks these ``resolvers``.

        Returns whether pods can be made as well.

        Raises Unavailable.
        """
        if self.settled == wish.revision:
            return True
        server = await self._connected(components.server_url(wish.ports))
        if await server.get(f"{_BINDINGS}/{CLIENTS}") is None:
            # Before the binding, which says that both were made: whoever deletes the class later
            # is not given it again.
            await server.create(*volumes.storage_class())
            await server.create(_BINDINGS, _BINDING)
        if with_dns and wish.cluster is not None:
            for path, each in dns.objects(wish.cluster, resolvers):
                # Asked first: a second Service of one address is no conflict but an error.
                if await server.get(f"{path}/{each['metadata']['name']}") is None:
                    await server.create(path, each)
            found = await server.get(dns.CONFIGURATION)
            if found is not None and (change := dns.change(found, resolvers)):
                await server.patch(dns.CONFIGURATION, change)
        return await server.get(_FIRST_ACCOUNT) is not None

    async def keep_nodes(self, wish: Wanted, kept: Nodes) -> float:
        """Make the nodes that are wanted, and remove the others. Returns when to look again.

        Raises Unavailable.
        """
        assert wish.cluster is not None
        server = await self._connected(components.server_url(wish.ports))
        return await kept.keep(server, wish.cluster)

    async def keep_volumes(self, wish: Wanted, kept: Volumes) -> None:
        """Make the volumes that are claimed, and remove those that are not. Raises Unavailable."""
        server = await self._connected(components.server_url(wish.ports))
        await kept.keep(server, real=wish.nodes is wanted.Nodes.REAL)

    async def takes(self, url: str, pair: Pair) -> bool:
        """Whether the API server takes a client's certificate. Raises Unavailable."""
        from clusterwright.drivers.local.apiserver import ApiServer

        server = await ApiServer.connect(url, self._folder.pki, pair)
        try:
            return await server.is_known()
        finally:
            await server.close()

    async def node(self, url: str, name: str) -> dict[str, Any] | None:
        """A node as Kubernetes knows it. Raises Unavailable."""
        return await (await self._connected(url)).get(f"{nodes.NODES}/{name}")

    async def post(self, url: str, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to what is sent; None where there is no such place. Raises Unavailable."""
        return await (await self._connected(url)).post(path, body)

    async def remove(self, url: str, path: str) -> None:
        """Delete an object; one that does not exist is deleted already. Raises Unavailable."""
        await (await self._connected(url)).delete(path)

    async def is_well(self, url: str, node: str, since: float) -> bool:
        """Whether a node is ready, and its kubelet was heard of since then. Raises Unavailable."""
        server = await self._connected(url)
        found = await server.get(f"{nodes.NODES}/{node}")
        lease = await server.get(f"{nodes.LEASES}/{node}")
        told = (lease or {}).get("spec", {}).get("renewTime")
        heard = told is not None and datetime.fromisoformat(told).timestamp() > since
        return heard and found is not None and nodes.is_ready(found)

    async def read(self, url: str, path: str) -> dict[str, Any] | None:
        """An object, or a list as the API server has it at hand. Raises Unavailable."""
        return await (await self._connected(url)).get(path)

    async def _connected(self, url: str) -> "ApiServer":
        from clusterwright.drivers.local.apiserver import ApiServer

        trusted = await in_thread(self._read_trusted)
        # Two that ask at once must not make two connections, of which one would stay open.
        async with self._connecting:
            if self._server is None or trusted != self._trusted:
                await self.close()
                self._server = await ApiServer.connect(url, self._folder.pki)
                self._trusted = trusted
            return self._server

    def _read_trusted(self) -> bytes:
        try:
            return (self._folder.pki / "servers.crt").read_bytes()
        except OSError as error:
            raise Unavailable("The cluster has no certificates.") from error
