"""The simulated driver: verbs over rows that say when each thing will be ready or gone.

Nothing happens between two calls: a verb writes down the times that its pace and seed give, and
observing compares them with the clock.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from clusterwright import clock
from clusterwright.drivers import causes, certificates
from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import (
    Cluster,
    ControlPlane,
    DriverError,
    Health,
    Kubeconfig,
    Machine,
    Node,
    Unavailable,
)
from clusterwright.drivers.helm import Helm
from clusterwright.drivers.simulated import draws, machines, store
from clusterwright.drivers.simulated.accounts import SimulatedAccounts
from clusterwright.drivers.simulated.doors import SimulatedDoors
from clusterwright.drivers.simulated.releases import SimulatedReleases
from clusterwright.drivers.simulated.store import (
    CertificateKey,
    Seal,
    SimulatedCluster,
    SimulatedMachine,
    StoredCertificate,
)
from clusterwright.storage.database import Database, Tx

AUTHORITY_LIFETIME = timedelta(days=30 * 365)
"""How long a cluster's authority and server certificate are valid."""

_SECOND = 1_000_000_000


class SimulatedDriver:
    """A Driver whose clusters are rows. Several processes may drive the same database.

    Whoever drives it must have the same ``seal``, which private keys are stored under.
    """

    serves_kubernetes = False

    def __init__(
        self,
        database: Database,
        seal: Seal,
        *,
        pace: float = 1.0,
        seed: int = 0,
        clock: Callable[[], int] = clock.now,
        helm: Helm | None = None,
        door: Callable[[str], tuple[str, str]] = lambda _: ("", ""),
    ) -> None:
        """``door`` tells where a cluster answers, and by which name in TLS; or nothing."""
        self._door = door
        self.doors = SimulatedDoors(database, seal, clock=clock)
        self._database = database
        self._seal = seal
        self._pace = pace
        self._seed = seed
        self._clock = clock
        self.accounts = SimulatedAccounts(database, seal, clock=clock)
        self.releases = SimulatedReleases(
            database, helm or Helm(lambda: None), duration=self._duration, clock=clock
        )

    async def seal_clear_keys(self) -> None:
        """Seal what an earlier release stored in clear. Raises StorageUnavailable."""
        async with self._database.transaction() as tx:
            await store.seal_clear(tx, self._seal)

    async def versions(self, among: Sequence[str]) -> Sequence[str]:
        """All of them."""
        return among

    async def health(self) -> Mapping[str, Health]:
        """Nothing: what is simulated does not break by itself."""
        return {}

    async def ensure_credentials(self, cluster: Cluster) -> None:
        """Make the authority exist, and a server certificate for exactly the names asked for."""
        while (new := await self._missing_credentials(cluster)) is not None:
            if await self._keep_credentials(cluster, new):
                return  # or somebody else has kept others meanwhile

    async def _missing_credentials(self, cluster: Cluster) -> "_Credentials | None":
        """The credentials that the cluster is to have, made outside of any transaction.

        None where it has them.
        """
        now = self._clock()
        async with self._database.reading() as tx:
            held = await store.find(tx, cluster.uid)
            is_alive = held is not None and held.gone_at is None
            seed = held.seed if held is not None and is_alive else self._seed
            names = _server_names(seed, cluster)
            # The server's is kept with its authority.
            known = await store.server_certificate(tx, cluster.uid, cluster.credentials)
            if is_alive and known and certificates.covers(known, names):
                return None
            kept = await self._kept(tx, cluster) if held else {}
        authority = kept.get("authority")
        pair = authority.pair if authority else None
        issuer, made = await asyncio.to_thread(_new_pairs, cluster.uid, pair, names, _moment(now))
        if authority is None:
            expires_at = now + int(AUTHORITY_LIFETIME.total_seconds()) * _SECOND
            authority = StoredCertificate(issuer, expires_at)
        return _Credentials(seed, kept, authority, StoredCertificate(made, authority.expires_at))

    async def _keep_credentials(self, cluster: Cluster, new: "_Credentials") -> bool:
        """Store what was made; False where what it was made from is not so any more."""
        now = self._clock()
        # The step that asks for it is recorded later.
        async with self._database.deferred() as tx:
            held, is_new = await self._begin(tx, cluster, now)
            kept = {} if is_new else await self._kept(tx, cluster)
            if held.seed != new.seed or kept != new.before:
                return False
            wanted = {"authority": new.authority, "server": new.server}
            changed = {
                _key(cluster, role): pair for role, pair in wanted.items() if kept.get(role) != pair
            }
            if not is_new:
                for key in changed:
                    await store.forget_outdated(tx, key, now=now)
            await store.add_certificates(tx, changed, self._seal)
        return True

    async def _kept(self, tx: Tx, cluster: Cluster) -> dict[str, StoredCertificate]:
        return await store.credentials(tx, _key(cluster, "authority"), self._seal)

    async def ensure_control_plane(self, cluster: Cluster) -> None:
        """Start the masters that have not been started, and upgrade those of another version.

        They become ready one after the other, and are upgraded so.
        """
        async with self._database.deferred() as tx:
            now = self._clock()
            held, _ = await self._begin(tx, cluster, now)
            there = await store.masters(tx, cluster.uid)
            started = {master.ordinal for master in there}
            missing = (n for n in range(len(cluster.masters)) if n not in started)
            new = partial(machines.new_master, held, cluster, now=now, duration=self._duration)
            await store.add_machines(tx, [new(ordinal) for ordinal in missing])
            changed = machines.upgraded(there, cluster, now=now, duration=self._duration)
            for master in changed:
                await store.upgrade_machine(tx, master)

    async def observe_control_plane(self, cluster: Cluster) -> ControlPlane:
        """Tell which masters are ready. With credentials alone, no control plane exists yet."""
        async with self._database.reading() as tx:
            there = await store.masters(tx, cluster.uid)
        return machines.control_plane(there, cluster, now=self._clock())

    async def stop_control_plane(self, cluster: Cluster) -> None:
        """Nothing: a row stands still all the time, and keeps all that it knows."""

    async def delete_cluster(self, cluster: Cluster) -> None:
        """Start removing the cluster, its nodes included; its certificates are removed at once."""
        async with self._database.deferred() as tx:
            now = self._clock()
            held = await store.hold(tx, cluster.uid)
            if held is not None and held.gone_at is None:
                gone_at = now + self._duration(draws.CLUSTER_DELETION)
                await store.retire(tx, cluster.uid, gone_at=gone_at)
            await store.forget_gone(tx, now)

    async def ensure_node(self, node: Node) -> None:
        """Start the node's server, or take over the one it names, in a cluster that exists."""
        async with self._database.deferred() as tx:
            now = self._clock()
            held = await store.hold(tx, node.cluster.uid)
            if held is None or held.gone_at is not None:
                raise DriverError(f"The cluster {node.cluster.name} does not exist.", causes.GONE)
            await store.forget_gone_machines(tx, held.uid, now)
            stored = await store.machine(tx, node.uid)
            if stored is not None and stored.cluster_uid != held.uid:
                # A node that has moved: the cluster that it was in may have nothing to forget for.
                await store.forget_gone_machines(tx, stored.cluster_uid, now)
                stored = await store.machine(tx, node.uid)
            if stored is None:
                await store.add_machines(tx, [await self._worker(tx, node, now)])
            elif stored.gone_at is not None:
                raise Unavailable(f"The node {node.name} is still being removed.")

    async def _worker(self, tx: Tx, node: Node, now: int) -> SimulatedMachine:
        server, joined = draws.node_seconds(self._seed, node.uid)
        if node.server_id:  # a server that is taken over runs already
            server, joined = 0.0, joined - server
        addresses = draws.node_addresses(self._seed, node.uid)
        address = node.private_ip or next(addresses)
        while await store.is_taken(tx, node.cluster.uid, address):
            if node.private_ip:
                raise DriverError(
                    f"Another machine of the cluster has the address {address}.",
                    causes.ADDRESS_TAKEN,
                )
            address = next(addresses)
        return SimulatedMachine(
            uid=node.uid,
            cluster_uid=node.cluster.uid,
            ordinal=None,
            server_id=node.server_id or draws.server_id(self._seed, node.uid),
            private_ip=address,
            created_at=now + self._duration(server),
            ready_at=now + self._duration(joined),
        )

    async def observe_node(self, node: Node) -> Machine:
        """Tell how far the node is. Its server's id and address are known from the start."""
        async with self._database.reading() as tx:
            stored = await store.machine(tx, node.uid)
        now = self._clock()
        if stored is None or machines.is_gone(stored, now):
            return Machine(exists=False)
        return Machine(
            exists=True,
            created=stored.gone_at is None and stored.created_at <= now,
            ready=machines.is_ready(stored, now),
            server_id=stored.server_id,
            private_ip=stored.private_ip,
        )

    async def delete_node(self, node: Node) -> None:
        """Start removing the node's server."""
        async with self._database.deferred() as tx:
            now = self._clock()
            gone_at = now + self._duration(draws.NODE_DELETION)
            await store.retire_machine(tx, node.uid, gone_at=gone_at)
            await store.forget_gone_machines(tx, node.cluster.uid, now)

    async def kubeconfig(
        self, cluster: Cluster, *, user: str, lifetime_seconds: int, generation: int = 0
    ) -> Kubeconfig:
        """Credentials for ``user``: the stored ones while at least half of their lifetime is left.

        Raises Unavailable while the cluster has no certificates or no masters.
        """
        key = CertificateKey(
            cluster_uid=cluster.uid,
            role="client",
            credentials=cluster.credentials,
            user_name=user,
            lifetime_seconds=lifetime_seconds,
            generation=generation,
        )
        async with self._database.reading() as tx:
            server, authority = await self._access(tx, cluster)
            client = await store.certificate(tx, key, self._seal)
        if client is None or not self._is_fresh(client, key):
            async with self._database.transaction() as tx:
                await store.hold(tx, cluster.uid)
                server, authority = await self._access(tx, cluster)
                client = await self._ensure_client(tx, authority, key)
        door, server_name = self._door(cluster.uid)
        return Kubeconfig(
            server=door or server,
            server_name=server_name,
            ca=authority.certificate,
            client_certificate=client.pair.certificate,
            client_key=client.pair.key,
        )

    async def revoke(self, cluster: Cluster, *, user: str, generation: int) -> None:
        """Forget the certificates of earlier generations: nothing here would take them anyway."""
        async with self._database.transaction() as tx:
            await store.hold(tx, cluster.uid)
            await store.revoke(tx, cluster.uid, user=user, generation=generation)

    async def _access(self, tx: Tx, cluster: Cluster) -> tuple[str, Pair]:
        """The URL of the API server and the authority behind it."""
        authority = await store.certificate(tx, _key(cluster, "authority"), self._seal)
        there = await store.masters(tx, cluster.uid)
        if authority is None or not there:
            raise Unavailable(f"The cluster {cluster.name} has no control plane to connect to.")
        return machines.endpoint(there[0]), authority.pair

    async def _ensure_client(
        self, tx: Tx, authority: Pair, key: CertificateKey
    ) -> StoredCertificate:
        stored = await store.certificate(tx, key, self._seal)
        if stored is not None and self._is_fresh(stored, key):
            return stored
        now = self._clock()
        pair = await asyncio.to_thread(
            certificates.new_client,
            authority,
            user=key.user_name,
            now=_moment(now),
            lifetime=timedelta(seconds=key.lifetime_seconds),
        )
        made = StoredCertificate(pair, now + key.lifetime_seconds * _SECOND)
        await store.keep(tx, key, made, self._seal, now=now)
        return made

    def _is_fresh(self, stored: StoredCertificate, key: CertificateKey) -> bool:
        return 2 * (stored.expires_at - self._clock()) >= key.lifetime_seconds * _SECOND

    async def _begin(self, tx: Tx, cluster: Cluster, now: int) -> tuple[SimulatedCluster, bool]:
        """The cluster's row, made if need be, and held; and whether it was made."""
        held, is_new = await store.hold(tx, cluster.uid), False
        if held is None or held.gone_at is not None:
            await store.forget_gone(tx, now)
            held, is_new = await store.ensure(tx, cluster.uid, seed=self._seed)
        if held is None or held.gone_at is not None:
            raise Unavailable(f"The cluster {cluster.name} is still being removed.")
        return held, is_new

    def _duration(self, seconds: float) -> int:
        return int(seconds * _SECOND / self._pace) if self._pace else 0


@dataclass(frozen=True, slots=True)
class _Credentials:
    """What a cluster is to have, and what was known of it when that was made."""

    seed: int
    before: Mapping[str, StoredCertificate]
    """What was kept, by role."""
    authority: StoredCertificate
    server: StoredCertificate


def _new_pairs(
    uid: str, authority: Pair | None, names: Sequence[str], now: datetime
) -> tuple[Pair, Pair]:
    """An authority, the known one if there is one, and a server certificate that it has signed."""
    issuer = authority or certificates.new_authority(uid, now=now, lifetime=AUTHORITY_LIFETIME)
    made = certificates.new_server(issuer, names=names, now=now, lifetime=AUTHORITY_LIFETIME)
    return issuer, made


def _key(cluster: Cluster, role: str) -> CertificateKey:
    return CertificateKey(cluster_uid=cluster.uid, role=role, credentials=cluster.credentials)


def _server_names(seed: int, cluster: Cluster) -> tuple[str, ...]:
    addresses = [draws.master_address(seed, cluster.uid, n) for n in range(len(cluster.masters))]
    try:
        return certificates.server_names(
            service_cidr=cluster.service_cidr, addresses=addresses, custom=cluster.custom_san
        )
    except ValueError as error:
        raise DriverError(f"No server certificate can be made: {error}", causes.BAD_NAME) from error


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // _SECOND, UTC)
