"""Service accounts of real clusters: their API server signs, and tells by what to verify."""

from collections.abc import Callable, Sequence
from pathlib import Path

from clusterwright.drivers import causes
from clusterwright.drivers.contract import Cluster, DriverError, Issuer, Unavailable
from clusterwright.drivers.local import components, wanted
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.inside import Inside
from clusterwright.drivers.local.wanted import State
from clusterwright.uninterrupted import in_thread


class LocalAccounts:
    """The verbs for service accounts, by the API server."""

    def __init__(self, home: Path, inside: Callable[[Folder], Inside]) -> None:
        self._home = home
        self._inside = inside

    async def issuer(self, cluster: Cluster) -> Issuer:
        """What the API server publishes of itself (OpenID Connect Discovery 1.0)."""
        inside, url = await self._place(cluster)
        told = await inside.read(url, "/.well-known/openid-configuration")
        keys = await inside.read(url, "/openid/v1/jwks")
        if not told or not keys:
            raise Unavailable("The API server does not tell who signs its tokens.")
        return Issuer(name=str(told["issuer"]), keys=keys)

    async def token(
        self, cluster: Cluster, namespace: str, name: str, *, audiences: Sequence[str], seconds: int
    ) -> str:
        """A token by TokenRequest. DriverError for an account that does not exist."""
        inside, url = await self._place(cluster)
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": list(audiences), "expirationSeconds": seconds},
        }
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        answer = await inside.post(url, path, body)
        if answer is None:
            raise DriverError(f"There is no service account {namespace}/{name}.", causes.NO_ACCOUNT)
        return str(answer["status"]["token"])

    async def _place(self, cluster: Cluster) -> tuple[Inside, str]:
        folder = Folder(self._home, cluster.uid)
        wish = await in_thread(wanted.read, folder)
        if wish is None or wish.state is not State.RUNNING:
            raise Unavailable(f"The cluster {cluster.name} does not run.")
        return self._inside(folder), components.server_url(wish.ports)
