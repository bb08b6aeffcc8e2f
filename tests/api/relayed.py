"""A server on a port whose clusters' API servers are one of ours, for what is handed on to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from clusterwright.drivers.simulated import SimulatedDriver
from clusterwright.web.listener import Limits, Listener
from tests import websockets
from tests.api.api_server import ApiServer
from tests.api.cloud import Cloud, open_cloud
from tests.websockets import Client

V5 = "v5.channel.k8s.io"
MISSING = "/api/v1/namespaces/default/pods/missing"


class Host:
    """A server on a port, one cluster of it, and the API server that stands for real ones."""

    def __init__(self, cloud: Cloud, listener: Listener, uid: str, behind: ApiServer) -> None:
        self.cloud = cloud
        self.listener = listener
        self.port = listener.port
        self.uid = uid
        self.behind = behind

    @property
    def headers(self) -> dict[str, str]:
        """Of a caller who may do everything."""
        token = self.cloud.client.headers["X-Auth-Token"]
        return {"X-Auth-Token": token, "Host": f"{self.uid}.cce.example.test"}

    def connected(
        self, pod: str, *subprotocols: str, headers: dict[str, str] | None = None
    ) -> AbstractAsyncContextManager[Client]:
        """A WebSocket to a pod. Raises Refused."""
        target = f"/api/v1/namespaces/default/pods/{pod}/exec?command=sh&command=a%20b"
        chosen = self.headers if headers is None else headers
        return websockets.connected(self.port, target, *(subprotocols or (V5,)), headers=chosen)


@asynccontextmanager
async def open_host(folder: Path) -> AsyncIterator[Host]:
    """Such a server with one cluster, until the context ends."""
    async with ApiServer().serving(folder) as behind, open_cloud(folder) as cloud:
        uid = await cloud.cluster()
        listener = Listener("127.0.0.1", 0, Limits(64, head_seconds=10, answer_seconds=10))
        listener.start(cloud.app)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SimulatedDriver, "serves_kubernetes", True)

            async def kubeconfig(*args: Any, **named: Any) -> Any:
                return behind.kubeconfig

            patch.setattr(SimulatedDriver, "kubeconfig", kubeconfig)
            yield Host(cloud, listener, uid, behind)
        if not listener.ended.done():
            await listener.stop(1, asyncio.Event())


@asynccontextmanager
async def followed(
    host: Host, headers: dict[str, str], *, pod: str = "web"
) -> AsyncIterator[AsyncIterator[str]]:
    """The log of a pod as it comes."""
    url = f"http://127.0.0.1:{host.port}/api/v1/namespaces/default/pods/{pod}/log?follow=true"
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", url, headers=host.headers | headers) as answer,
    ):
        assert answer.status_code == 200
        yield answer.aiter_text()
