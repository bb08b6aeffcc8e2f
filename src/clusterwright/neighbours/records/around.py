"""What there is around a project's clusters: made here, told by clusters, or believed in.

Networks are taken on trust, as in a request to create a cluster: a client may look up any VPC and
any subnet (client notes, B9). Only what was made here and is gone is not believed in, for clients
wait until it is not found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address

from clusterwright.cce.clusters import store as clusters_store
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import references
from clusterwright.cce.nodes.references import Holder
from clusterwright.cce.surroundings import store
from clusterwright.cce.surroundings.store import Kind, Record, names
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Around:
    """One project as the services beside this one see it."""

    project_id: str
    clusters: tuple[Cluster, ...]
    records: tuple[Record, ...]
    held: Mapping[str, Holder] = field(default_factory=dict)
    """The nodes that hold public addresses, by the ids of these."""

    def all(self, kind: Kind) -> list[Record]:
        """The records of a kind, oldest first, and behind them what clusters tell of."""
        made = [record for record in self.records if record.kind == kind]
        known = {key for record in made for key in names(record)}
        return made + [each for each in self._told(kind) if not known & names(each)]

    def made(self, kind: Kind, id: str) -> Record | None:
        """The record of that id that was made here, or None."""
        same = (record for record in self.records if record.kind == kind)
        return next((record for record in same if id in names(record)), None)

    def find(self, kind: Kind, id: str) -> Record | None:
        """What is known or believed by that id, or None."""
        known = next((record for record in self.all(kind) if id in names(record)), None)
        return known or self.believed(kind, id)

    def believed(self, kind: Kind, id: str) -> Record | None:
        """A stand-in for what was made elsewhere, or None where nothing is taken on trust.

        The name of what was made here is no id of something else: clients that try a name as an id
        look for the name next.
        """
        if any(record.kind == kind and record.name == id for record in self.records):
            return None
        if kind is Kind.ADDRESS:
            return self._address(id, id) if is_address(id) else None
        if kind in (Kind.VPC, Kind.SUBNET) and id and not store.is_ours(id):
            return self._record(kind, id, id, vpc_id=self._vpc_of(id))
        return None

    def rules(self, group_id: str) -> list[Record]:
        """The rules of a security group, oldest first."""
        rules = (record for record in self.records if record.kind == Kind.RULE)
        return [rule for rule in rules if rule.document["security_group_id"] == group_id]

    def holder(self, address: Record) -> Cluster | Holder | None:
        """The cluster or the node that a public address is bound to, or None."""
        known = names(address)
        bound = (cluster for cluster in self.clusters if cluster.eip and known & _eip(cluster))
        held = (self.held[name] for name in known if name in self.held)
        return next(bound, None) or next(held, None)

    def _told(self, kind: Kind) -> Iterable[Record]:
        if kind is Kind.ADDRESS:
            bound = (cluster.eip for cluster in self.clusters if cluster.eip)
            return [self._address(eip["id"], eip["address"]) for eip in bound]
        return self._groups() if kind is Kind.GROUP else ()

    def _groups(self) -> Iterator[Record]:
        """The security groups of clusters, each once; the first cluster's name makes the group's.

        The OpenTelekomCloud provider knows the group of a cluster's nodes by its description.
        """
        users: dict[str, list[Cluster]] = {}
        for cluster in self.clusters:
            users.setdefault(cluster.spec["hostNetwork"]["SecurityGroup"], []).append(cluster)
        for id, sharing in users.items():
            uids = ", ".join(cluster.uid for cluster in sharing)
            yield self._record(
                Kind.GROUP,
                id,
                f"{sharing[0].name}-cce-node-{id[:5]}",
                description=f"For each node of {uids}.",
            )

    def _vpc_of(self, subnet: str) -> str:
        hosts = (cluster.spec["hostNetwork"] for cluster in self.clusters)
        return next((str(host["vpc"]) for host in hosts if host["subnet"] == subnet), "")

    def _address(self, id: str, address: str) -> Record:
        return self._record(Kind.ADDRESS, id, "", address=address, bandwidth={})

    def _record(self, kind: Kind, id: str, name: str, **document: object) -> Record:
        return Record(
            project_id=self.project_id, kind=kind, id=id, name=name, document=dict(document)
        )


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _eip(cluster: Cluster) -> set[str]:
    return {cluster.eip["id"], cluster.eip["address"]}


async def look(tx: Tx, caller: Caller) -> Around:
    """Everything around the clusters of the caller's project."""
    project = caller.project_id
    return Around(
        project,
        tuple(await clusters_store.find(tx, project_id=project)),
        tuple(await store.find(tx, Kind, project_id=project)),
        await references.addresses(tx, project_id=project),
    )
