"""What runs for one cluster: each component's command line. Computes and changes nothing.

The flags are those of upstream Kubernetes; what is not said here is its default.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from clusterwright.drivers import causes
from clusterwright.drivers.contract import ISSUER, Cluster, DriverError
from clusterwright.drivers.local import gateway
from clusterwright.drivers.local.binaries import STAGES
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.ports import HOST
from clusterwright.drivers.local.spaces import ROUTER, Network
from clusterwright.drivers.local.upkeep import Command

APISERVER = "kube-apiserver"
KWOK = "kwok"
GATEWAY = "gateway"
PORTS = ("api", "controllers", "scheduler", "etcd", "etcd-peer", "kwok")
"""The ports of a cluster on loopback, by what listens there."""
ASKING = ("kube-controller-manager", "kube-scheduler")
"""What of a control plane asks the API server and is of no use before it answers."""
EGRESS = "egress.json"
"""How the API server reaches nodes."""
PROXY_SECRET = "proxy.secret"
"""What nodes pull images with."""
STOPPING_ORDER = (KWOK, "kube-scheduler", "kube-controller-manager", APISERVER, "etcd", GATEWAY)
"""Who writes stops before who stores."""

_NUMBER = re.compile(r"[0-9]{1,7}")
_PORT_RANGE = re.compile(r"[0-9]{1,5}-[0-9]{1,5}")
_OPTIONS: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    APISERVER: {
        "default-not-ready-toleration-seconds": _NUMBER,
        "default-unreachable-toleration-seconds": _NUMBER,
        "max-mutating-requests-inflight": _NUMBER,
        "max-requests-inflight": _NUMBER,
        "service-node-port-range": _PORT_RANGE,
    },
    "kube-controller-manager": {
        "concurrent-deployment-syncs": _NUMBER,
        "concurrent-endpoint-syncs": _NUMBER,
        "concurrent-gc-syncs": _NUMBER,
        "concurrent-job-syncs": _NUMBER,
        "concurrent-namespace-syncs": _NUMBER,
        "concurrent-replicaset-syncs": _NUMBER,
        "kube-api-burst": _NUMBER,
        "kube-api-qps": _NUMBER,
        "terminated-pod-gc-threshold": _NUMBER,
    },
    "kube-scheduler": {"kube-api-burst": _NUMBER, "kube-api-qps": _NUMBER},
}
"""Options that are passed on as flags of the same name, and what their values look like."""


class Programs(Protocol):
    """The programs of one version on this host."""

    @property
    def paths(self) -> Mapping[str, Path]:
        """Where each program is that there is."""

    @property
    def emulated_version(self) -> str:
        """The version to act as, such as ``1.31``; empty for the programs' own."""

    def path(self, name: str, /) -> Path:
        """Where a program is. Raises DriverError where it is missing."""


def server_url(ports: Mapping[str, int], host: str = HOST) -> str:
    """The URL of the API server."""
    return f"https://{host}:{ports['api']}"


def control_plane(
    cluster: Cluster,
    folder: Folder,
    ports: Mapping[str, int],
    programs: Programs,
    network: Network | None = None,
) -> list[Command]:
    """What a control plane consists of, in the order of starting.

    Its nodes are in a ``network`` of their own, or no machines.

    Raises DriverError for an option's value that no component takes, and for a missing program.
    """
    pki = folder.pki
    emulated = programs.emulated_version
    acting = [f"--emulated-version=kube={emulated}"] if emulated else []
    return [
        *([_gateway(folder, ports, network)] if network else []),
        _etcd(folder, ports, programs),
        _command(
            APISERVER,
            programs,
            (ports["api"],),
            _apiserver(cluster, pki, ports),
            _towards_nodes(pki, network),
            acting,
            _options(APISERVER, cluster, {}),
        ),
        _command(
            "kube-controller-manager",
            programs,
            (ports["controllers"],),
            _controllers(cluster, pki, ports),
            acting,
            # With its defaults it spends 5 s of a start on waiting for itself.
            _options(
                "kube-controller-manager",
                cluster,
                {"kube-api-qps": "1000", "kube-api-burst": "2000"},
            ),
        ),
        _command(
            "kube-scheduler",
            programs,
            (ports["scheduler"],),
            _scheduler(pki, ports),
            acting,
            _options("kube-scheduler", cluster, {}),
        ),
    ]


def kwok(cluster: Cluster, folder: Folder, ports: Mapping[str, int], programs: Programs) -> Command:
    """What plays the kubelets of nodes that are no machines."""
    return Command(
        KWOK,
        (
            str(programs.path(KWOK)),
            f"--kubeconfig={folder.pki / 'kwok.kubeconfig'}",
            f"--config={programs.path(STAGES)}",
            f"--manage-nodes-with-annotation-selector={SIMULATED}",
            f"--cidr={pods_of(cluster)}",
            "--node-lease-duration-seconds=40",
            f"--server-address={HOST}:{ports['kwok']}",
        ),
        (ports["kwok"],),
    )


SIMULATED = "kwok.x-k8s.io/node=fake"
"""The annotation of nodes that kwok keeps."""


def _command(name: str, programs: Programs, ports: tuple[int, ...], *flags: list[str]) -> Command:
    argv = (str(programs.path(name)), *(flag for part in flags for flag in part))
    return Command(name, argv, ports)


def _options(component: str, cluster: Cluster, defaults: Mapping[str, str]) -> list[str]:
    asked = cluster.options.get(component, {})
    return _written({**defaults, **dict(_checked(component, asked))})


def _checked(component: str, asked: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, pattern in _OPTIONS[component].items():
        value = asked.get(name)
        if value is None:
            continue
        if not pattern.fullmatch(value):
            raise DriverError(
                f"{component}: {name} cannot be {value[:64]}. Send another value.",
                causes.BAD_OPTION,
            )
        yield name, value


def _etcd(folder: Folder, ports: Mapping[str, int], programs: Programs) -> Command:
    client, peer = (f"https://{HOST}:{ports[name]}" for name in ("etcd", "etcd-peer"))
    pair = folder.pki / "etcd-server.pem"
    authority = folder.pki / "etcd-ca.crt"
    flags = [
        "--name=default",
        f"--data-dir={folder.etcd}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        # A lone member waits for the votes of nobody. With the patience of a group, a second and
        # more, the API server waited for it.
        "--heartbeat-interval=50",
        "--election-timeout=250",
        # Any user of this host can reach loopback: only the API server's certificate opens it.
        "--client-cert-auth=true",
        f"--trusted-ca-file={authority}",
        f"--cert-file={pair}",
        f"--key-file={pair}",
        "--peer-client-cert-auth=true",
        f"--peer-trusted-ca-file={authority}",
        f"--peer-cert-file={pair}",
        f"--peer-key-file={pair}",
        "--enable-grpc-gateway=false",
        "--log-level=warn",
    ]
    return _command("etcd", programs, (ports["etcd"], ports["etcd-peer"]), flags)


def _apiserver(cluster: Cluster, pki: Path, ports: Mapping[str, int]) -> list[str]:
    flags = {
        "etcd-servers": f"https://{HOST}:{ports['etcd']}",
        "etcd-cafile": pki / "etcd-ca.crt",
        "etcd-certfile": pki / "etcd-client.pem",
        "etcd-keyfile": pki / "etcd-client.pem",
        "encryption-provider-config": pki / "encryption.json",
        "bind-address": HOST,
        "secure-port": ports["api"],
        "tls-cert-file": pki / "server.pem",
        "tls-private-key-file": pki / "server.pem",
        "client-ca-file": pki / "clients.crt",
        "kubelet-client-certificate": pki / "kubelet-client.pem",
        "kubelet-client-key": pki / "kubelet-client.pem",
        "kubelet-preferred-address-types": "InternalIP,Hostname",
        "service-account-issuer": ISSUER,
        "service-account-key-file": pki / "accounts.pub",
        "service-account-signing-key-file": pki / "accounts.key",
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": pki / "front-proxy.pem",
        "proxy-client-key-file": pki / "front-proxy.pem",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "service-cluster-ip-range": cluster.service_cidr,
        "allow-privileged": "true",
        "enable-bootstrap-token-auth": "true",
        "profiling": "false",
        # Otherwise kubelets' watches hold its end up for a minute.
        "shutdown-watch-termination-grace-period": "1s",
    }
    return _written(flags)


def _towards_nodes(pki: Path, network: Network | None) -> list[str]:
    if network is None:
        # Loopback is no address that pods could reach, so no endpoint either.
        return _written({"advertise-address": HOST, "endpoint-reconciler-type": "none"})
    flags = {
        "advertise-address": ROUTER,
        "endpoint-reconciler-type": "lease",
        "egress-selector-config-file": pki / EGRESS,
        # Webhooks and other API servers are met by their pods' addresses: Services are nodes' own.
        "enable-aggregator-routing": "true",
        "kubelet-certificate-authority": pki / "internal-ca.crt",
    }
    return _written(flags)


def egress(network: Network) -> dict[str, object]:
    """How the API server reaches what is in a network of nodes: the content of EGRESS."""
    socket = {"uds": {"udsName": str(network.socket)}}
    connection = {"proxyProtocol": "HTTPConnect", "transport": socket}
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": connection}],
    }


def _gateway(folder: Folder, ports: Mapping[str, int], network: Network) -> Command:
    argv = (
        sys.executable,
        "-I",
        gateway.__file__,
        f"--network={network.router.network}",
        f"--address={ROUTER}",
        f"--server={HOST}:{ports['api']}",
        f"--socket={network.socket}",
        f"--secret={folder.pki / PROXY_SECRET}",
        f"--cluster={folder.path}",
    )
    return Command(GATEWAY, argv)


def _controllers(cluster: Cluster, pki: Path, ports: Mapping[str, int]) -> list[str]:
    kubeconfig = pki / "kube-controller-manager.kubeconfig"
    flags = {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": HOST,
        "secure-port": ports["controllers"],
        "leader-elect": "false",
        "cluster-signing-cert-file": pki / "signer.crt",
        "cluster-signing-key-file": pki / "signer.key",
        "root-ca-file": pki / "servers.crt",
        "client-ca-file": pki / "clients.crt",
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        "service-account-private-key-file": pki / "accounts.key",
        "use-service-account-credentials": "true",
        "allocate-node-cidrs": "true",
        "cluster-cidr": pods_of(cluster),
        "service-cluster-ip-range": cluster.service_cidr,
        "node-cidr-mask-size": "24",
        "controllers": "*",
        "profiling": "false",
    }
    return _written(flags)


def _scheduler(pki: Path, ports: Mapping[str, int]) -> list[str]:
    kubeconfig = pki / "kube-scheduler.kubeconfig"
    flags = {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": HOST,
        "secure-port": ports["scheduler"],
        "leader-elect": "false",
        "profiling": "false",
    }
    return _written(flags)


def _written(flags: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]


def pods_of(cluster: Cluster) -> str:
    """The addresses of all pods: the first of the ranges asked for."""
    return cluster.container_cidrs[0] if cluster.container_cidrs else "172.16.0.0/16"
