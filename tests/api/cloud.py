"""A whole server in process, at pace 0, and what tests of the API do with it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from clusterwright.app import open_app
from clusterwright.iam import first_account, store
from clusterwright.ids import new_id
from clusterwright.settings import Settings
from clusterwright.storage.database import Database
from clusterwright.web.asgi import ASGIApp
from tests import schema
from tests.kit import PATIENCE as PATIENCE
from tests.kit import SUBNET as SUBNET
from tests.kit import VPC as VPC
from tests.kit import cluster_body, log_in_body, until_async

BASE = "http://cce.example.test"

cluster = cluster_body
"""As tests of the API call it."""

TURBO: Mapping[str, Any] = {
    "category": "Turbo",
    "containerNetwork": {"mode": "eni"},
    "eniNetwork": {"subnets": [{"subnetID": "a-subnet"}]},
}
DISTANT: Mapping[str, Any] = {**TURBO, "enableDistMgt": True}
"""What the spec of a cluster says whose pods are in a VPC's subnets, and of one with partitions."""


@dataclass
class Cloud:
    """A started server and a client that is signed in to its first project."""

    client: httpx.AsyncClient
    account: Mapping[str, str]
    app: ASGIApp
    patience: float = PATIENCE
    """Seconds that anything may take."""

    @property
    def project(self) -> str:
        """``/api/v3/projects/{project_id}`` of the account."""
        return f"/api/v3/projects/{self.account['project_id']}"

    async def call(
        self, method: str, path: str, body: Any = None, *, expect: int, **options: Any
    ) -> Any:
        """The JSON body of an answer whose status must be ``expect``; None for an empty one."""
        answer = await self.client.request(method, path, json=body, **options)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def until(self, path: str, field: str, wanted: Any) -> Any:
        """Read ``path`` until ``field``, dots and all, is ``wanted``; returns the last document."""
        deadline = time.monotonic() + self.patience
        while True:
            document = await self.call("GET", path, expect=200)
            found = document
            for key in field.split("."):
                found = found[key]
            if found == wanted:
                return document
            assert time.monotonic() < deadline, f"{path}: {field} stays {found}"
            await asyncio.sleep(0.01)

    async def until_gone(self, path: str) -> None:
        """Read ``path`` until it answers 404."""
        deadline = time.monotonic() + self.patience
        while (await self.client.get(path)).status_code != 404:
            assert time.monotonic() < deadline, f"{path} stays"
            await asyncio.sleep(0.01)

    async def cluster(self, name: str = "", **spec: Any) -> str:
        """A new cluster that is Available. Returns its uid."""
        body = cluster(name or unique("demo"), **spec)
        made = await self.call("POST", f"{self.project}/clusters", body, expect=201)
        uid: str = made["metadata"]["uid"]
        await self.until(f"{self.project}/clusters/{uid}", "status.phase", "Available")
        return uid


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid4().hex[:12]}"


@asynccontextmanager
async def open_cloud(folder: Path, **settings: Any) -> AsyncIterator[Cloud]:
    """A server whose data is below ``folder``; opened again there, it remembers everything."""
    chosen = Settings(data=folder / "data", **({"pace": 0} | settings))
    if not chosen.database:
        schema.write_sqlite(chosen.data / "clusterwright.db")
    async with open_app(chosen) as app:
        account = json.loads((chosen.data / "credentials.json").read_text())
        async with _signed_in(app, account) as cloud:
            yield cloud


@asynccontextmanager
async def _signed_in(app: ASGIApp, account: Mapping[str, str]) -> AsyncIterator[Cloud]:
    transport = httpx.ASGITransport(app=app)
    turns = {"request": [_in_a_turn_of_its_own]}
    async with httpx.AsyncClient(transport=transport, base_url=BASE, event_hooks=turns) as client:
        # The server looks for new users twice a second.
        token = await until_async("the account is unknown", lambda: sign_in(client, account))
        client.headers["X-Auth-Token"] = token
        yield Cloud(client, account, app)


async def _in_a_turn_of_its_own(_: httpx.Request) -> None:
    """Let the event loop turn, as it does where a request comes by a socket.

    A refused one waits for nothing, so after half a minute of them the server's chores would not
    have had their turn, and it would trust nobody any more.
    """
    await asyncio.sleep(0)


@asynccontextmanager
async def stranger(cloud: Cloud, database_url: str) -> AsyncIterator[Cloud]:
    """The same server as somebody of another domain sees it."""
    domain = store.Domain(id=new_id(), name=unique("domain"))
    project = store.Project(id=new_id(), domain_id=domain.id, name=unique("project"))
    password = unique("password")
    user = await asyncio.to_thread(first_account.new_user, domain.id, unique("user"), password)
    database = Database(database_url)
    async with database.transaction() as tx:
        for record in (domain, project, user):
            await store.add(tx, record)
    await database.dispose()
    account = {"user_id": user.id, "password": password, "project_id": project.id}
    async with _signed_in(cloud.app, account) as other:
        yield other


async def sign_in(client: httpx.AsyncClient, account: Mapping[str, str]) -> str:
    """A token of the account's project; empty where the server does not know the account."""
    answer = await client.post("/v3/auth/tokens", json=log_in_body(account))
    token: str = answer.headers.get("X-Subject-Token", "")
    return token
