"""The folder of one real node, and the files in it that its programs read."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusterwright.drivers.contract import Cluster
from clusterwright.drivers.local import cgroups, dns, images, nodeoptions, nodes, wanted
from clusterwright.drivers.local.binaries import REAL_NODES
from clusterwright.drivers.local.components import Programs, pods_of
from clusterwright.drivers.local.folder import Folder, write, write_json
from clusterwright.drivers.local.host import cni_plugins, resolvers
from clusterwright.drivers.local.spaces import KUBELET, Network

REGISTRIES = "registries"
"""The folder beside those of clusters that tells containerd of mirrors, as containerd has it."""
SOCKET = Path("/run/containerd/containerd.sock")
"""Where containerd listens, as the node sees it."""
EVICTION_MEMORY = 50
"""MiB of a node's memory below which its kubelet ends pods."""
TRYING_SECONDS = 10


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """The folder of one real node: a place of components."""

    path: Path

    @property
    def uid(self) -> str:
        """The node's id."""
        return self.path.name

    @property
    def containerd(self) -> Path:
        """What containerd reads."""
        return self.path / "containerd.toml"

    @property
    def kubelet(self) -> Path:
        """What the kubelet reads."""
        return self.path / "kubelet.json"

    @property
    def kube_proxy(self) -> Path:
        """What kube-proxy reads."""
        return self.path / "kube-proxy.json"

    @property
    def trouble(self) -> Path:
        """Why it does not get ready."""
        return self.path / "trouble.json"

    @property
    def in_force(self) -> Path:
        """What its programs were last started for."""
        return self.path / "in-force.json"

    @property
    def volumes(self) -> Path:
        """The volumes that pods of the node have asked for, a folder for each."""
        return self.path / "volumes"

    @property
    def conflist(self) -> Path:
        """The network of its pods, once their addresses are known."""
        return self.path / "cni" / "10-clusterwright.conflist"

    def record(self, component: str) -> Path:
        """Where the process of a component is noted."""
        return self.path / "run" / f"{component}.json"

    def log(self, component: str) -> Path:
        """Where a component writes its log."""
        return self.path / "log" / f"{component}.log"

    def pinned(self, programs: Programs) -> Programs:
        """The programs that the node goes on with: these, where it has none of its own yet."""
        known = wanted.read_programs(self._programs)
        if known is None or not known.is_there(REAL_NODES):
            self.pin(programs)
            return programs
        return known

    def pin(self, programs: Programs) -> None:
        """Let the node have these programs. Raises OSError."""
        wanted.write_programs(self._programs, programs, REAL_NODES)

    def since(self, programs: Programs) -> float | None:
        """Since when the node has these programs, as the clock tells it; None while it has not."""
        known = wanted.read_programs(self._programs)
        if known is None or any(known.path(name) != programs.path(name) for name in REAL_NODES):
            return None
        return self._programs.stat().st_mtime

    @property
    def _programs(self) -> Path:
        return self.path / "programs.json"

    def make(self) -> None:
        """Make it exist. Raises OSError."""
        for name in ("run", "log", "pki", "cni", "kubelet", "containerd", "imported"):
            (self.path / name).mkdir(mode=0o700, parents=True, exist_ok=True)


def folder_of(folder: Folder, uid: str) -> NodeFolder:
    """Where a node of a cluster keeps what it has."""
    return NodeFolder(folder.nodes / uid)


def group_of(network: Network, uid: str) -> str:
    """The control group of a node, and of its pods."""
    return f"{network.name}/{uid}"


def write_files(
    folder: Folder, home: NodeFolder, cluster: Cluster, known: Mapping[str, Any], network: Network
) -> None:
    """Write what the programs read. Raises OSError."""
    write(home.containerd, _containerd(folder, home))
    servers = resolvers() if network.uplink.exists() else ()
    lines = [f"nameserver {each}" for each in servers]
    write(home.path / "resolv.conf", "\n".join(["# Names outside the cluster.", *lines, ""]))
    group = f"/{cgroups.TOP}/{group_of(network, home.uid)}"
    write_json(home.kubelet, _kubelet(folder, home, cluster, known, group))
    write_json(home.kube_proxy, _proxy(folder, cluster, known))


def write_network(home: NodeFolder, pods: str) -> None:
    """Tell containerd which addresses its pods get. Raises OSError."""
    document = {
        "cniVersion": "0.4.0",
        "name": "clusterwright",
        "plugins": [
            {
                # One link per pod and no bridge: Services need no filter on bridges then.
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni",
                    "ranges": [[{"subnet": pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
    write_json(home.conflist, document)


def pods_behind(home: NodeFolder) -> str:
    """The addresses of the node's pods; empty while it has none."""
    try:
        document = json.loads(home.conflist.read_bytes())
    except FileNotFoundError:
        return ""
    return str(document["plugins"][0]["ipam"]["ranges"][0][0]["subnet"])


def _containerd(folder: Folder, home: NodeFolder) -> str:
    snapshotter = "overlayfs" if _overlays(home.path / "containerd") else "native"
    return f"""version = 2
root = {_quoted(home.path / "containerd")}
state = "/run/containerd"
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{images.PAUSE}"
# Without CAP_SYS_RESOURCE, as in many containers, what they ask for cannot be had.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = {_quoted(folder.home / REGISTRIES)}
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = {_quoted(cni_plugins())}
conf_dir = {_quoted(home.conflist.parent)}
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""


def _quoted(path: Path) -> str:
    """A path as TOML has it, which escapes like JSON."""
    return json.dumps(str(path), ensure_ascii=False)


def _overlays(folder: Path) -> bool:
    """Whether file systems can be laid over each other there; slower ways work everywhere."""
    scratch = Path(tempfile.mkdtemp(prefix="trying-", dir=folder))
    try:
        for name in ("lower", "upper", "work", "seen"):
            (scratch / name).mkdir()
        parts = f"lowerdir={scratch}/lower,upperdir={scratch}/upper,workdir={scratch}/work"
        tried = subprocess.run(
            # In a mount namespace of its own: it ends with the command.
            [
                "unshare",
                "--mount",
                "mount",
                "-t",
                "overlay",
                "-o",
                parts,
                "overlay",
                f"{scratch}/seen",
            ],
            capture_output=True,
            timeout=TRYING_SECONDS,
            check=False,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tried.returncode == 0


def _kubelet(
    folder: Folder, home: NodeFolder, cluster: Cluster, known: Mapping[str, Any], group: str
) -> dict[str, Any]:
    pair = str(home.path / "pki" / "kubelet-server.pem")
    options = nodeoptions.kubelet(known.get("options", {}))
    static = options.get("cpuManagerPolicy") == "static"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(folder.pki / "internal-ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": pair,
        "tlsPrivateKeyFile": pair,
        "address": known["address"],
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        # The driver registers it, with everything that was asked for.
        "registerNode": False,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": group,
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "clusterDNS": [dns.address(cluster)],
        "clusterDomain": dns.DOMAIN,
        "resolvConf": str(home.path / "resolv.conf"),
        "podLogsDir": "/var/log/pods",
        "volumePluginDir": str(KUBELET / "volume-plugins"),
        "maxPods": known["max_pods"],
        # Nodes of one host see the same disk and memory: what is not this one's is kept from it.
        "systemReserved": nodeoptions.reserved(
            known.get("system_reserved", {}),
            static_cpus=static,
            beyond=_beyond(*nodes.size(known["flavor"])),
        ),
        "kubeReserved": known.get("kube_reserved", {}),
        "enforceNodeAllocatable": ["pods"],
        "evictionHard": {"memory.available": f"{EVICTION_MEMORY}Mi", "nodefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        **options,
    }


def _beyond(cpus: int, memory: int) -> dict[str, str]:
    """What the host has beyond a flavor of so many CPUs and GiB."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    beyond = pages * size // 1024 - memory * 1024 * 1024 - EVICTION_MEMORY * 1024
    more = (os.cpu_count() or 1) - cpus
    found = {"cpu": str(more) if more > 0 else "", "memory": f"{beyond}Ki" if beyond > 0 else ""}
    return {name: amount for name, amount in found.items() if amount}


def _proxy(folder: Folder, cluster: Cluster, known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(folder.pki / "kube-proxy.kubeconfig")},
        "mode": "iptables",
        "clusterCIDR": pods_of(cluster),
        "hostnameOverride": known["address"],
        "metricsBindAddress": "127.0.0.1:10249",
        "oomScoreAdj": 0,
        # These are the host's, which nodes leave alone.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
