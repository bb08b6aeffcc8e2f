"""What every driver promises: verbs, all of which may be repeated at any moment.

``ensure_*`` makes something exist and returns at once; ``observe_*`` tells how far it is and
changes nothing; ``delete_*`` makes something not exist, whatever half-built state it was in. A
process may die between any two calls: drivers keep what they know on disk or ask the world again,
never in memory. A driver that keeps something going is an async context manager: entering it takes
over what earlier processes left, and leaving it leaves that running. Verbs never block the event
loop, which they share with requests.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from clusterwright.drivers.causes import Cause

MAX_PODS = 110
"""Pods on a node of which nobody says how many it bears."""

_FLAVOR = re.compile(r"[a-z0-9]+\.([1-9]\d{0,2})?(small|medium|large|xlarge)\.([1-9]\d?)")
_CPUS = {"small": 1, "medium": 1, "large": 2, "xlarge": 4}


def flavor_size(flavor: str) -> tuple[int, int] | None:
    """CPUs and GiB of a flavor such as ``s6.large.2``: family, size, GiB for each CPU.

    None for one whose name does not tell it.
    """
    found = _FLAVOR.fullmatch(flavor)
    if found is None:
        return None
    cpus = int(found[1] or 1) * _CPUS[found[2]]
    return cpus, cpus * int(found[3])


class Unavailable(Exception):
    """The driver cannot act right now. The caller should try again until its own deadline."""


class DriverError(Exception):
    """The driver cannot do this, and trying again at once will not help.

    The text is shown to users, and with it whose the failure is and what to do next.
    """

    def __init__(self, text: str, cause: Cause) -> None:
        super().__init__(text)
        self.cause = cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster as drivers know it."""

    uid: str
    project_id: str
    name: str
    version: str
    """Kubernetes version as the API writes it, such as ``v1.31``."""
    masters: tuple[str, ...]
    """Ids of the control-plane servers: 1, 3 or 5 of them."""
    service_cidr: str
    container_cidrs: tuple[str, ...]
    vpc: str
    subnet: str
    custom_san: tuple[str, ...] = ()
    """More names and addresses that the API server's certificate must cover."""
    credentials: int = 0
    """Which generation of certificates, its authority's included, the cluster should have."""
    flavor: str = ""
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Options of the control plane's components that were asked for, by component and name."""

    @property
    def minor(self) -> str:
        """The part of its version that programs differ by: ``v1.31`` of ``v1.31.4-r0``."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps pods from a node that do not tolerate it, in Kubernetes' words."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A worker node as drivers know it."""

    uid: str
    cluster: Cluster
    name: str
    flavor: str
    availability_zone: str
    os: str
    server_id: str = ""
    """The server to take over, where an existing one joins; empty where the driver makes one.

    Clients choose it, so it means a server of the cluster's project: a driver knows whose each
    server is, and one of another project is to it like one that does not exist.
    """
    private_ip: str = ""
    """The address that the server has or should have; empty where the driver chooses. DriverError
    where another machine of the cluster has it.
    """
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    max_pods: int = MAX_PODS
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Options of the node's components that were asked for, by component and name."""
    kube_reserved: Mapping[str, str] = field(default_factory=dict)
    system_reserved: Mapping[str, str] = field(default_factory=dict)
    """What is kept for Kubernetes' own programs, and for the system's: cpu, memory, pid and
    ephemeral-storage, as Kubernetes writes amounts. Pods have that much less.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """What is known of a cluster's control plane."""

    exists: bool
    ready: bool = False
    endpoint: str = ""
    """``https://address:port`` of the API server inside the cluster's network, once known."""
    masters: tuple[str, ...] = ()
    """Ids of the control-plane servers that are ready."""
    version: str = ""
    """The version that answers, its minor one at least, such as ``v1.31``; empty where none does.

    While an upgrade begins, the old version still answers, and is ready.
    """
    nodes_follow: bool = True
    """Whether every node runs what belongs to that version. After an upgrade they go over to it
    one after the other.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is known of a node's server."""

    exists: bool
    created: bool = False
    """The server runs, Kubernetes may not yet."""
    ready: bool = False
    """The node has joined its cluster."""
    configured: bool = True
    """Its components run with the options, the number of pods and what is kept that was asked."""
    server_id: str = ""
    private_ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """How much of an add-on that really runs is at work."""

    wanted: int
    ready: int
    reason: str = ""
    """What is known of why the rest is not; empty where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the parts of a cluster are that may break by themselves."""

    nodes: Mapping[str, str]
    """Its nodes by their uids, and what is wrong with each; empty where it is ready."""
    addons: Mapping[str, Workload] = field(default_factory=dict)
    """Its add-ons that really run, by their names, but those that have had no time to start."""
    trouble: str = ""
    """What keeps its control plane from running, and what to do; empty where it is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """What a client needs to reach a cluster: PEM texts and the API server's URL."""

    server: str
    ca: str
    client_certificate: str
    client_key: str
    server_name: str = ""
    """The name in the server's certificate, where it is another than the URL's host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseName:
    """Which release of a cluster."""

    cluster: Cluster
    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A revision of a release, as it should be installed."""

    named: ReleaseName
    revision: int
    """Which revision of the release this makes, counted by us."""
    archive: bytes = b""
    """The packaged chart; empty for one that goes back."""
    values: str = "{}"
    """The text of a JSON object."""
    hooks: bool = True
    back_to: int = 0
    """The driver's own number of an earlier revision to go back to, in the place of a chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What is known of a release."""

    exists: bool
    ready: bool = False
    number: int = 0
    """The driver's own number of the revision that is there."""
    manifests: str = ""
    """YAML of everything that belongs to it, hooks not included."""


class Releases(Protocol):
    """Three verbs for what charts make inside a cluster; they raise what a Driver's verbs do."""

    async def ensure(self, release: Release) -> None:
        """Install a revision. Takes as long as its objects take to be there.

        DriverError tells the root cause of what does not come to be.
        """

    async def observe(self, named: ReleaseName) -> Installed:
        """Tell how far the newest revision is."""

    async def delete(self, named: ReleaseName, *, hooks: bool = True) -> None:
        """Remove what the release has made. Unknown releases are removed already."""


ISSUER = "https://kubernetes.default.svc.cluster.local"
"""Who signs tokens of service accounts, as the tokens name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs the tokens of a cluster's service accounts."""

    name: str
    """``iss`` of the tokens."""
    keys: Mapping[str, Any]
    """The public keys as a JWK set (RFC 7517)."""


class Accounts(Protocol):
    """What a driver promises of service accounts; the verbs raise what a Driver's do."""

    async def issuer(self, cluster: Cluster) -> Issuer:
        """Who signs tokens, and how that can be verified."""

    async def token(
        self, cluster: Cluster, namespace: str, name: str, *, audiences: Sequence[str], seconds: int
    ) -> str:
        """A token of a service account, as its pods get them projected."""


class Driver(Protocol):
    """Ten verbs, those for releases and accounts, and questions.

    Each may raise Unavailable (try again) or DriverError (do not).
    """

    @property
    def serves_kubernetes(self) -> bool:
        """Whether an API server answers where kubeconfigs lead."""

    @property
    def releases(self) -> Releases:
        """The verbs for what charts make inside a cluster."""

    @property
    def accounts(self) -> Accounts:
        """The verbs for service accounts."""

    async def versions(self, among: Sequence[str]) -> Sequence[str]:
        """Those of these versions that it can run now, in the same order."""

    async def health(self) -> Mapping[str, Health]:
        """How the clusters are whose parts may break by themselves, by their uids.

        A look at all of them at once, which is taken every few seconds. Left out are clusters of
        which nothing can be told now, and those of which there is nothing to tell.
        """

    async def ensure_credentials(self, cluster: Cluster) -> None:
        """Make the certificates of the generation asked for exist: authority and server.

        Earlier generations stay until a later one than this is made.
        """

    async def ensure_control_plane(self, cluster: Cluster) -> None:
        """Start bringing the control plane up, or to what is asked for now.

        ``observe_control_plane`` tells when it is ready.
        """

    async def observe_control_plane(self, cluster: Cluster) -> ControlPlane:
        """Tell how far the control plane is."""

    async def stop_control_plane(self, cluster: Cluster) -> None:
        """Let the control plane stand still and keep all that it knows; returns when it does.

        ``ensure_control_plane`` wakes it. Nodes are left as they are.
        """

    async def delete_cluster(self, cluster: Cluster) -> None:
        """Start removing everything of the cluster, its nodes included.

        Unknown clusters are removed already.

        ``observe_control_plane`` tells ``exists=False`` when it is done.
        """

    async def ensure_node(self, node: Node) -> None:
        """Start making the node exist; ``observe_node`` tells when it is created and when ready.

        Of a node that exists, options, pods and what is reserved are brought to what is asked.
        """

    async def observe_node(self, node: Node) -> Machine:
        """Tell how far the node is."""

    async def delete_node(self, node: Node) -> None:
        """Start removing the node's server. Unknown nodes are removed already."""

    async def kubeconfig(
        self, cluster: Cluster, *, user: str, lifetime_seconds: int, generation: int = 0
    ) -> Kubeconfig:
        """Credentials for ``user``, valid at least ``lifetime_seconds``.

        Stable and cheap for one user.

        Clients ask on every refresh and compare (API reference, 0.17): asking twice for the same
        user, lifetime and generation gives the same certificate while it is valid. A generation
        that was never asked for before gives a new one. The control plane takes it at once.
        """

    async def revoke(self, cluster: Cluster, *, user: str, generation: int) -> None:
        """End what ``user`` got in earlier generations than this; returns when none is taken.

        Users who never got any have nothing to lose.
        """


class Drivers:
    """The drivers of this server, by the name that each cluster keeps."""

    def __init__(self, drivers: Mapping[str, Driver]) -> None:
        self._drivers = dict(drivers)

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called."""
        return tuple(self._drivers)

    def get(self, name: str) -> Driver:
        """The driver of this name. Raises Unavailable where this server has none."""
        driver = self._drivers.get(name)
        if driver is None:
            raise Unavailable(f"This server runs without the driver {name}. Start it with that.")
        return driver
