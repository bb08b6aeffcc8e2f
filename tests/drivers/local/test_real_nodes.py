"""Real nodes of this host: pods run on them, find each other, and leave nothing behind."""

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from clusterwright.drivers.contract import Node, Taint
from clusterwright.drivers.local import nodefiles, nodeprograms, processes
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.folder import Folder
from clusterwright.drivers.local.reals import REACHED
from clusterwright.drivers.local.spaces import Network
from clusterwright.drivers.local.wanted import Nodes
from tests import kubernetes
from tests.drivers import local_host, real_nodes, registry
from tests.drivers.examples import a_cluster, a_node
from tests.drivers.local_host import Kubernetes, eventually
from tests.drivers.real_nodes import BUSYBOX, Kubectl

pytestmark = kubernetes.needs_kubernetes

CLUSTER = replace(a_cluster(), version="v1.34")
N1, N2 = (a_node(uid, cluster=CLUSTER) for uid in ("n1", "n2"))

WEB = f"""
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec:
  nodeSelector: {{tier: back}}
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: {BUSYBOX}
    args: ["-c", "mkdir /www; echo hello > /www/index.html; echo serving; httpd -f -p 8080 -h /www"]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  type: NodePort
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080, nodePort: 30080}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec:
  securityContext: {{runAsUser: 65534}}
  nodeSelector: {{tier: front}}
  terminationGracePeriodSeconds: 1
  tolerations: [{{operator: Exists}}]
  containers:
  - {{name: main, image: {registry.NAME}/busybox:1, args: ["-c", "sleep 3600"]}}
"""


@dataclass
class Site:
    """A driver of real nodes, with a cluster at work."""

    home: Path
    driver: LocalDriver
    inside: Kubernetes
    kubectl: Kubectl


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    real_nodes.require()
    home, user = tmp_path / "local", tmp_path / "user"
    home.mkdir()
    user.mkdir()
    archive = real_nodes.bring_image(home)
    before = os.umask(0o077)  # a server's
    with registry.serving(archive, home):
        async with LocalDriver(home, kubernetes.binaries, kind=Nodes.REAL) as driver:
            try:
                yield await begun(driver, home, user)
            finally:
                await driver.delete_cluster(CLUSTER)
                await eventually(lambda: is_gone(driver))
                await driver.close()
                local_host.end_all(home)
                os.umask(before)


async def begun(driver: LocalDriver, home: Path, user: Path) -> Site:
    await driver.ensure_credentials(CLUSTER)
    await driver.ensure_control_plane(CLUSTER)
    await eventually(lambda: is_ready(driver))
    access = await driver.kubeconfig(CLUSTER, user="alice", lifetime_seconds=86_400)
    return Site(home, driver, Kubernetes(access), Kubectl(access, user))


async def is_ready(driver: LocalDriver) -> bool:
    return (await driver.observe_control_plane(CLUSTER)).ready


async def is_gone(driver: LocalDriver) -> bool:
    return not (await driver.observe_control_plane(CLUSTER)).exists


async def join(driver: LocalDriver, *nodes: Node) -> None:
    """Nodes that are ready."""
    for node in nodes:
        await driver.ensure_node(node)
    for node in nodes:
        await eventually(partial(is_joined, driver, node))


async def is_joined(driver: LocalDriver, node: Node) -> bool:
    return (await driver.observe_node(node)).ready


async def is_removed(driver: LocalDriver, node: Node) -> bool:
    return not (await driver.observe_node(node)).exists


def running(home: Path, node: Node) -> dict[str, int]:
    """The programs of a node that run."""
    place = nodefiles.folder_of(Folder(home, CLUSTER.uid), node.uid)
    found = {name: processes.read(place.record(name)) for name in nodeprograms.ORDER}
    return {name: one.pid for name, one in found.items() if one and processes.is_alive(one)}


@contextmanager
def forwarded(kubectl: Kubectl, pod: str, port: int) -> Iterator[str]:
    """A URL of this host that leads into a pod."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        here = free.getsockname()[1]
    command = kubectl.command("port-forward", f"pod/{pod}", f"{here}:{port}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forwarding:
        assert forwarding.stdout
        assert forwarding.stdout.readline().startswith("Forwarding")
        try:
            yield f"http://127.0.0.1:{here}/"
        finally:
            forwarding.terminate()
            forwarding.communicate()


async def test_a_real_node_is_ready_with_what_was_asked_of_it(site: Site) -> None:
    taint = Taint("dedicated", "web", "NoSchedule")
    asked = replace(
        N1,
        private_ip="192.168.77.7",
        labels={"tier": "web"},
        taints=(taint,),
        max_pods=7,
        flavor="s6.medium.2",
    )

    await join(site.driver, asked)

    found = site.inside.read("/api/v1/nodes/192.168.77.7")
    assert found["metadata"]["labels"]["tier"] == "web"
    assert found["metadata"]["annotations"]["clusterwright.io/kubelet"] == "real"
    assert {"key": "dedicated", "value": "web", "effect": "NoSchedule"} in found["spec"]["taints"]
    addresses = {each["type"]: each["address"] for each in found["status"]["addresses"]}
    assert addresses["InternalIP"] == "192.168.77.7"
    allocatable = found["status"]["allocatable"]
    sizes = [allocatable[each] for each in ("cpu", "memory", "pods")]
    assert sizes == ["1", "2Gi", "7"]
    assert found["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://")


async def test_pods_of_pulled_images_too_find_each_other_across_nodes_and_users_reach_into_them(
    site: Site,
) -> None:
    back = replace(N1, labels={"tier": "back"})
    front = replace(N2, labels={"tier": "front"}, private_ip="10.9.8.7")
    await join(site.driver, back, front)
    kubectl = site.kubectl
    kubectl("apply", "-f", "-", given=WEB)
    kubectl("wait", "--for=condition=Ready", "pod/web", "pod/client", "--timeout=60s")
    kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=60s")

    def ask(address: str, port: int) -> str:
        request = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {address} {port}"
        return kubectl("exec", "client", "--", "sh", "-c", request).splitlines()[-1]

    service = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    name = "web.default.svc.cluster.local"
    assert f"Address: {service}" in kubectl("exec", "client", "--", "nslookup", "-type=a", name)
    address = kubectl("get", "pod", "web", "-o", "jsonpath={.status.podIP}")
    for where in ((service, 80), (address, 8080), ("10.9.8.7", 30080)):
        assert ask(*where) == "hello"
    reached = kubectl("get", "node", "10.9.8.7", "-o", "jsonpath={.metadata.annotations}")
    here = json.loads(reached)[REACHED]
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://{here}:30080/")).text == "hello\n"
    await asyncio.to_thread(hear_from, kubectl, "client", f"{here.rpartition('.')[0]}.1")
    assert kubectl("logs", "web") == "serving\n"
    assert kubectl("exec", "-i", "client", "--", "cat", given="a text") == "a text"
    with forwarded(kubectl, "web", 8080) as url:
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(url)).text == "hello\n"


def hear_from(kubectl: Kubectl, pod: str, here: str) -> None:
    """Be asked by a pod at an address of this host."""
    with socket.create_server((here, 0)) as listening:
        port = str(listening.getsockname()[1])
        command = kubectl.command("exec", pod, "--", "nc", "-w", "5", here, port)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as asking:
            listening.settimeout(20)
            listening.accept()[0].close()
            asking.wait(20)


async def test_programs_of_a_node_come_back_and_its_pods_go_on(site: Site) -> None:
    await join(site.driver, replace(N1, labels={"tier": "back"}))
    site.kubectl("apply", "-f", "-", given=WEB)
    site.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    before = running(site.home, N1)
    assert set(before) == set(nodeprograms.ORDER)

    # One that dies under this driver, and one that dies while there is no driver.
    os.kill(before["kubelet"], signal.SIGKILL)
    await eventually(lambda: is_another(site, "kubelet", before["kubelet"]))
    await site.driver.close()
    os.kill(before["containerd"], signal.SIGKILL)
    async with LocalDriver(site.home, kubernetes.binaries) as second:
        await eventually(lambda: is_another(site, "containerd", before["containerd"]))
        await eventually(lambda: is_joined(second, N1))

        after = running(site.home, N1)
        assert after["kube-proxy"] == before["kube-proxy"]
        restarts = "jsonpath={.status.containerStatuses[0].restartCount}"
        assert site.kubectl("get", "pod", "web", "-o", restarts) == "0"
        await eventually(lambda: says(site, "logs", "web", text="serving\n"))


async def test_pods_go_on_while_a_cluster_hibernates_and_start_again_after_a_reboot(
    site: Site,
) -> None:
    await join(site.driver, replace(N1, labels={"tier": "back"}))
    site.kubectl("apply", "-f", "-", given=WEB)
    site.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    restarts = ("get", "pod", "web", "-o", "jsonpath={.status.containerStatuses[0].restartCount}")
    before = running(site.home, N1)

    await site.driver.stop_control_plane(CLUSTER)
    os.kill(before["kube-proxy"], signal.SIGKILL)
    await eventually(lambda: is_another(site, "kube-proxy", before["kube-proxy"]))
    await site.driver.ensure_control_plane(CLUSTER)
    await eventually(lambda: is_ready(site.driver))
    assert site.kubectl(*restarts) == "0"

    await site.driver.close()
    real_nodes.end_as_a_reboot_does(Folder(site.home, CLUSTER.uid).path)
    async with LocalDriver(site.home, kubernetes.binaries) as second:
        await eventually(lambda: is_ready(second))
        await eventually(lambda: is_joined(second, N1))
        await eventually(lambda: says(site, *restarts, text="1"))
        await eventually(lambda: says(site, "logs", "web", text="serving\n"))


async def is_another(site: Site, name: str, pid: int) -> bool:
    return running(site.home, N1).get(name, pid) != pid


async def says(site: Site, *words: str, text: str) -> bool:
    done = await asyncio.to_thread(site.kubectl.run, *words)
    return done.stdout == text


async def test_a_deleted_node_and_then_its_cluster_leave_no_trace(site: Site) -> None:
    folder = Folder(site.home, CLUSTER.uid)
    network = Network(folder.path)
    await join(site.driver, replace(N1, labels={"tier": "back"}))
    only_one = real_nodes.traces(folder.path)
    assert all(only_one.values())
    await join(site.driver, replace(N2, labels={"tier": "front"}))
    site.kubectl("apply", "-f", "-", given=WEB)
    site.kubectl("wait", "--for=condition=Ready", "pod/web", "pod/client", "--timeout=60s")
    spaces = [network.router, network.node("n1"), network.node("n2")]
    namespaces = [each.network.stat().st_ino for each in spaces]
    address = (await site.driver.observe_node(N2)).private_ip

    await site.driver.delete_node(N2)
    await eventually(lambda: is_removed(site.driver, N2))

    assert site.inside.get(f"/api/v1/nodes/{address}") == 404
    assert not network.node("n2").path.exists()
    assert namespaces[2] not in real_nodes.network_namespaces()
    left = real_nodes.traces(folder.path)
    assert left["mounts"] == only_one["mounts"]
    assert left["files"] == only_one["files"]
    assert running(site.home, N1).keys() == set(nodeprograms.ORDER)

    await site.driver.delete_cluster(CLUSTER)
    await eventually(lambda: is_gone(site.driver))

    after = real_nodes.traces(folder.path)
    assert [found for found in after.values() if found] == []
    assert not set(namespaces) & real_nodes.network_namespaces()
    assert sorted(path.name for path in local_host.contents(site.home)) == ["images", "registries"]
