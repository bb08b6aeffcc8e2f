"""A cluster and a node to drive, and a clock that moves when told."""

from dataclasses import dataclass

from clusterwright.drivers.contract import Cluster, Node
from clusterwright.iam.vault import Vault

SEAL = Vault(b"a key that every driver of a test shares")


@dataclass
class Clock:
    """A clock that stands still between two calls of ``advance``."""

    nanoseconds: int = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        return self.nanoseconds

    def advance(self, seconds: float) -> None:
        self.nanoseconds += int(seconds * 1_000_000_000)


def a_cluster(uid: str = "c1", *, name: str = "demo", san: tuple[str, ...] = ()) -> Cluster:
    return Cluster(
        uid=uid,
        project_id="p1",
        name=name,
        version="v1.31",
        masters=tuple(f"{uid}-server-{number}" for number in range(3)),
        service_cidr="10.247.0.0/16",
        container_cidrs=("172.16.0.0/16",),
        vpc="vpc1",
        subnet="subnet1",
        custom_san=san,
    )


def a_node(uid: str = "n1", *, cluster: Cluster | None = None, server_id: str = "") -> Node:
    return Node(
        uid=uid,
        cluster=cluster or a_cluster(),
        name=f"demo-{uid}",
        flavor="s6.large.2",
        availability_zone="az-1",
        os="EulerOS 2.9",
        server_id=server_id,
    )
