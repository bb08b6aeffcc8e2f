"""kubectl by way of this server, with a token of it: pods of a real node, talked to."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from clusterwright.drivers.local.folder import write_json
from clusterwright.web.listener import Limits, Listener
from tests import kubernetes
from tests.api.cloud import Cloud, open_cloud
from tests.api.nodes_examples import add_nodes
from tests.api.tls_front import fronting
from tests.drivers import local_host, real_nodes

SLOW = 120
"""Seconds that anything may take where programs are started, on a machine with much else to do."""
SERVES = "mkdir /www; echo hello > /www/index.html; echo serving; httpd -f -p 8080 -h /www"
ECHOES = "echo ready; cat"


class Kubectl:
    """Kubernetes' own command line, whose only credential is a token of the server under test."""

    def __init__(self, folder: Path, *, host: str, proxy: str, token: str) -> None:
        self._program = str(kubernetes.binaries().path("kubectl"))
        self._config = folder / "kubeconfig"
        cluster = {
            "server": f"https://{host}",
            "certificate-authority": str(folder / "ca.pem"),
            "proxy-url": proxy,
        }
        write_json(
            self._config,
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": {"token": token}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            },
        )

    async def __call__(self, *words: str, given: str = "") -> str:
        """What a command prints. It must succeed."""
        code, out, err = await self.run(*words, given=given)
        assert code == 0, f"{words}: {out}{err}"
        return out

    async def run(self, *words: str, given: str = "", **variables: str) -> tuple[int, str, str]:
        """The status of a command, and what it prints."""
        async with self.running(*words, **variables) as process:
            async with asyncio.timeout(SLOW):
                out, err = await process.communicate(given.encode())
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    @asynccontextmanager
    async def running(
        self, *words: str, **variables: str
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A command, which ends with the block."""
        pipe = subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self._program,
            f"--kubeconfig={self._config}",
            *words,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=os.environ | variables,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def pod(name: str, command: str) -> dict[str, Any]:
    """A pod that may be talked to."""
    main = {"name": "main", "image": real_nodes.BUSYBOX, "args": ["-c", command], "stdin": True}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [main]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@kubernetes.needs_kubernetes
def test_kubectl_talks_to_pods_by_way_of_the_server(tmp_path: Path) -> None:
    real_nodes.require()
    home = tmp_path / "data" / "local"
    home.mkdir(parents=True)
    real_nodes.bring_image(home)
    try:
        asyncio.run(talk(tmp_path, home))
    finally:
        local_host.end_all(home)
    assert real_nodes.clusters(home) == []


async def talk(folder: Path, home: Path) -> None:
    async with open_cloud(
        folder, driver="local", nodes="real", kubernetes_bin_dir=kubernetes.bin_dir()
    ) as cloud:
        cloud.patience = SLOW
        listener = Listener("127.0.0.1", 0, Limits(64, head_seconds=10, answer_seconds=30))
        listener.start(cloud.app)
        uid = await cloud.cluster(version="v1.34")
        cluster = f"{cloud.project}/clusters/{uid}"
        name = f"{uid}.cce.example.test"
        try:
            await add_nodes(cloud, cluster)
            async with fronting(listener.port, name, folder) as proxy:
                token = cloud.client.headers["X-Auth-Token"]
                kubectl = Kubectl(folder, host=name, proxy=proxy, token=token)
                await begin(kubectl)
                await execute(kubectl)
                await attach(kubectl)
                await copy(kubectl, folder)
                await forward(kubectl)
                await follow(kubectl)
                await refuse(kubectl, cloud)
        finally:
            await cloud.call("DELETE", cluster, expect=200)
            await cloud.until_gone(cluster)
            await listener.stop(1, asyncio.Event())


async def begin(kubectl: Kubectl) -> None:
    """Two pods are made, and a watch tells that they are ready."""
    for each in (pod("web", SERVES), pod("echo", ECHOES)):
        await kubectl("create", "-f", "-", given=json.dumps(each))
    await kubectl("wait", "--for=condition=Ready", "pod/web", "pod/echo", f"--timeout={SLOW}s")


async def execute(kubectl: Kubectl) -> None:
    """Output, input, and the status of a command come through."""
    assert await kubectl("exec", "web", "--", "cat", "/www/index.html") == "hello\n"
    text = "a line\n" * 100_000
    assert await kubectl("exec", "-i", "web", "--", "cat", given=text) == text
    code, out, err = await kubectl.run("exec", "web", "--", "sh", "-c", "echo no >&2; exit 7")
    assert (code, out) == (7, "")
    assert err.startswith("no\n")


async def attach(kubectl: Kubectl) -> None:
    """A process is heard, and talked to."""
    async with kubectl.running("attach", "-i", "echo") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"is there anybody?\n")
        async with asyncio.timeout(SLOW):
            while await process.stdout.readline() != b"is there anybody?\n":
                pass


async def copy(kubectl: Kubectl, folder: Path) -> None:
    """A file of some megabytes comes back as it went."""
    sent, back = folder / "sent", folder / "back"
    sent.write_bytes(os.urandom(3 * 1024 * 1024))
    await kubectl("cp", str(sent), "web:/www/sent")
    await kubectl("cp", "web:/www/sent", str(back))
    assert back.read_bytes() == sent.read_bytes()


async def forward(kubectl: Kubectl) -> None:
    """A port of this host leads into a pod, several times at once."""
    async with kubectl.running("port-forward", "pod/web", ":8080") as process:
        assert process.stdout
        async with asyncio.timeout(SLOW):
            line = (await process.stdout.readline()).decode()
        address = line.removeprefix("Forwarding from ").split()[0]
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=SLOW) as client:
            found = await asyncio.gather(*(client.get("/") for _ in range(5)))
            large = await client.get("/sent")
    assert [each.text for each in found] == ["hello\n"] * 5
    assert len(large.content) == 3 * 1024 * 1024


async def follow(kubectl: Kubectl) -> None:
    """A log is told as it is written, while its pod goes on."""
    async with kubectl.running("logs", "-f", "echo") as process, asyncio.timeout(SLOW):
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
        async with kubectl.running("attach", "-i", "echo") as other:
            assert other.stdin
            other.stdin.write(b"news\n")
            while await process.stdout.readline() != b"news\n":
                pass


async def refuse(kubectl: Kubectl, cloud: Cloud) -> None:
    """What is wrong is told as the API server tells it, and SPDY is told what to use instead."""
    _, _, missing = await kubectl.run("exec", "nobody", "--", "cat")
    _, _, spdy = await kubectl.run(
        "exec", "web", "--", "cat", KUBECTL_REMOTE_COMMAND_WEBSOCKETS="false"
    )
    assert 'pods "nobody" not found' in missing
    assert "use kubectl 1.31 or newer" in spdy
