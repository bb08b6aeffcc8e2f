"""What changes on real nodes while they go on: options, volumes, programs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from clusterwright.drivers.contract import Cluster, DriverError, Node
from clusterwright.drivers.local import nodefiles, nodes, processes
from clusterwright.drivers.local.binaries import REAL_NODES, Binaries
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import Folder
from tests import kubernetes
from tests.drivers import real_nodes
from tests.drivers.examples import a_cluster, a_node
from tests.drivers.local_host import eventually
from tests.drivers.real_nodes import BUSYBOX, Kubectl

pytestmark = kubernetes.needs_kubernetes

CLUSTER = replace(a_cluster(), version="v1.33")
N1, N2 = (a_node(uid, cluster=CLUSTER) for uid in ("n1", "n2"))

WRITER = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {claim}}}
spec:
  accessModes: [{mode}]
  resources: {{requests: {{storage: 1Gi}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {claim}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: {image}
    args: ["-c", "echo kept > /data/text; sleep 3600"]
    volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: {claim}}}}}]
"""


STAYING = f"""
apiVersion: v1
kind: Pod
metadata: {{name: staying, labels: {{app: staying}}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {{name: main, image: {BUSYBOX}, args: ["-c", "sleep 3600"]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: staying}}
spec:
  minAvailable: 1
  selector: {{matchLabels: {{app: staying}}}}
"""


class Programs:
    """Two installations of the same programs: one for v1.33, and one that v1.34 comes with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, version: str) -> Binaries:
        found = kubernetes.binaries(version)
        if version != "v1.34":
            return found
        self._folder.mkdir(exist_ok=True)
        paths = dict(found.paths)
        for name in REAL_NODES:
            paths[name] = self._folder / name
            if not paths[name].exists():
                paths[name].hardlink_to(found.paths[name].resolve())
        return replace(found, paths=paths)


@dataclass
class Site:
    """A driver of real nodes at work, and its users' kubectl."""

    home: Path
    driver: LocalDriver
    kubectl: Kubectl


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    home, user = tmp_path / "local", tmp_path / "user"
    for folder in (home, user):
        folder.mkdir()
    find = Programs(tmp_path / "newer")
    async with real_nodes.driver(home, find) as driver:
        real_nodes.bring_image(home)
        await driver.ensure_credentials(CLUSTER)
        await control_plane(driver, CLUSTER)
        access = await driver.kubeconfig(CLUSTER, user="alice", lifetime_seconds=86_400)
        yield Site(home, driver, Kubectl(access, user))


async def control_plane(driver: LocalDriver, cluster: Cluster) -> None:
    await driver.ensure_control_plane(cluster)

    async def is_ready() -> bool:
        seen = await driver.observe_control_plane(cluster)
        return seen.ready and seen.version == cluster.version

    await eventually(is_ready)


async def join(driver: LocalDriver, *wanted: Node) -> None:
    for node in wanted:
        await driver.ensure_node(node)
    for node in wanted:

        async def is_joined(node: Node = node) -> bool:
            return (await driver.observe_node(node)).ready

        await eventually(is_joined)


async def test_a_kubelet_gets_the_options_asked_for_and_others_later_while_pods_go_on(
    site: Site,
) -> None:
    asked = replace(
        N1,
        options={"kubelet": {"event-qps": "3", "pod-pids-limit": "500"}},
        kube_reserved={"memory": "100Mi", "cpu": "100m"},
        system_reserved={"memory": "50Mi"},
        flavor="s6.medium.2",
    )
    await join(site.driver, asked)
    name = (await site.driver.observe_node(N1)).private_ip

    async def configured() -> dict[str, object]:
        raw = f"/api/v1/nodes/{name}/proxy/configz"
        done = await asyncio.to_thread(site.kubectl.run, "get", "--raw", raw)
        found: dict[str, object] = json.loads(done.stdout)["kubeletconfig"] if done.stdout else {}
        return found

    known = await configured()
    assert (known["eventRecordQPS"], known["podPidsLimit"]) == (3, 500)
    told = await asyncio.to_thread(site.kubectl, "get", "node", name, "-o", "json")
    allocatable = json.loads(told)["status"]["allocatable"]
    assert (allocatable["cpu"], allocatable["memory"]) == ("900m", f"{2048 - 150}Mi")

    run = ("run", "goes-on", f"--image={BUSYBOX}", "--image-pull-policy=Never", "--", "-c")
    await asyncio.to_thread(site.kubectl, *run, "sleep 3600")
    wait = ("wait", "--for=condition=Ready", "pod/goes-on", "--timeout=60s")
    await asyncio.to_thread(site.kubectl, *wait)
    with pytest.raises(DriverError, match="event-qps"):
        await site.driver.ensure_node(replace(asked, options={"kubelet": {"event-qps": "x"}}))
    changed = {"kubelet": {"event-qps": "4", "cpu-manager-policy": "static"}}
    await site.driver.ensure_node(replace(asked, options=changed))

    async def is_changed() -> bool:
        known = await configured()
        return known.get("eventRecordQPS") == 4 and known["cpuManagerPolicy"] == "static"

    await eventually(is_changed)
    seen = await site.driver.observe_node(replace(asked, options=changed))
    before = await site.driver.observe_node(asked)
    assert (seen.configured, before.configured) == (True, False)
    restarts = "jsonpath={.status.containerStatuses[0].restartCount}"
    assert await asyncio.to_thread(site.kubectl, "get", "pod", "goes-on", "-o", restarts) == "0"


async def test_a_claim_gets_a_folder_of_its_pod_s_node_and_gives_it_back(site: Site) -> None:
    await join(site.driver, N1)
    wished = WRITER.format(claim="disk", mode="ReadWriteOnce", image=BUSYBOX)
    await asyncio.to_thread(site.kubectl, "apply", "-f", "-", given=wished)
    wait = ("wait", "--for=condition=Ready", "pod/disk", "--timeout=60s")
    await asyncio.to_thread(site.kubectl, *wait)

    volumes = nodefiles.folder_of(Folder(site.home, CLUSTER.uid), "n1").volumes
    (folder,) = volumes.iterdir()

    async def is_written() -> bool:
        return (folder / "text").exists() and (folder / "text").read_text() == "kept\n"

    await eventually(is_written)
    about = "jsonpath={.metadata.annotations.clusterwright\\.io/about}"
    said = await asyncio.to_thread(site.kubectl, "get", "storageclass", "csi-disk", "-o", about)
    assert "not enforced" in said

    many = WRITER.format(claim="shared", mode="ReadWriteMany", image=BUSYBOX)
    await asyncio.to_thread(site.kubectl, "apply", "-f", "-", given=many)

    async def is_refused() -> bool:
        found = await asyncio.to_thread(site.kubectl.run, "describe", "pvc", "shared")
        return "ProvisioningFailed" in found.stdout and "on one node" in found.stdout

    await eventually(is_refused)
    assert [each.name for each in volumes.iterdir()] == [folder.name]
    gone = ("delete", "pod/disk", "pvc/disk", "--timeout=60s")
    await asyncio.to_thread(site.kubectl, *gone)

    async def is_given_back() -> bool:
        left = await asyncio.to_thread(site.kubectl, "get", "persistentvolumes", "-o", "name")
        return not left and not list(volumes.iterdir())

    await eventually(is_given_back)


async def test_a_node_waits_for_pods_that_may_not_be_evicted_and_leaves_in_time(site: Site) -> None:
    await join(site.driver, N1)
    await asyncio.to_thread(site.kubectl, "apply", "-f", "-", given=STAYING)
    wait = ("wait", "--for=condition=Ready", "pod/staying", "--timeout=60s")
    await asyncio.to_thread(site.kubectl, *wait)
    begun = time.monotonic()

    await site.driver.delete_node(N1)

    async def is_gone() -> bool:
        return not (await site.driver.observe_node(N1)).exists

    await eventually(is_gone)
    assert time.monotonic() - begun > nodes.EVICTING_SECONDS - 1
    assert not await asyncio.to_thread(site.kubectl, "get", "nodes,pods", "-o", "name")
    assert not home_of(site, "n1").path.exists()


async def test_nodes_follow_an_upgrade_one_after_the_other(site: Site) -> None:
    await join(site.driver, N1, N2)
    before = {uid: started(site, uid) for uid in ("n1", "n2")}

    upgraded = replace(CLUSTER, version="v1.34")
    await control_plane(site.driver, upgraded)
    assert not (await site.driver.observe_control_plane(upgraded)).nodes_follow

    seen_at: dict[str, float] = {}

    async def have_followed() -> bool:
        # Remembered, since a kubelet that the control plane does not answer yet may end once more.
        for uid in ("n1", "n2"):
            if "newer" in program(site, uid):
                seen_at.setdefault(uid, time.monotonic())
        return len(seen_at) == 2

    await eventually(have_followed)
    # The second one waits for a word of the first, which comes with its lease or at its start.
    assert max(seen_at.values()) - min(seen_at.values()) > 0.5
    assert {uid: started(site, uid) for uid in ("n1", "n2")} != before

    async def is_told() -> bool:
        return (await site.driver.observe_control_plane(upgraded)).nodes_follow

    await eventually(is_told)
    await join(site.driver, *(replace(one, cluster=upgraded) for one in (N1, N2)))


def program(site: Site, uid: str) -> str:
    """The kubelet that a node runs, by its command line; empty while there is none."""
    known = processes.read(home_of(site, uid).record("kubelet"))
    if known is None:
        return ""
    try:
        return Path(f"/proc/{known.pid}/cmdline").read_text()
    except OSError:
        return ""


def started(site: Site, uid: str) -> str:
    known = processes.read(home_of(site, uid).record("kubelet"))
    return known.start_time if known else ""


def home_of(site: Site, uid: str) -> nodefiles.NodeFolder:
    return nodefiles.folder_of(Folder(site.home, CLUSTER.uid), uid)
