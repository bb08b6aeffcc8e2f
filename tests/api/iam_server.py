"""A server of the identity routes and one route of a project, in process, with its own database."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from starlette.responses import Response

from clusterwright.iam import api, auth, first_account, server_key, store
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.brake import Guesses
from clusterwright.iam.caller import Caller
from clusterwright.iam.directory import Directory
from clusterwright.iam.login import Login
from clusterwright.iam.tokens import Tokens
from clusterwright.settings import Settings
from clusterwright.storage.database import Database, metadata, sync_engine
from clusterwright.web import edge, refusals, routes, server

BASE = "http://cce.example.test"


@dataclass
class Server:
    """The parts that a test may look at."""

    client: httpx.AsyncClient
    database: Database
    settings: Settings
    directory: Directory
    authenticator: Authenticator
    account: dict[str, str]
    """What ``credentials.json`` holds."""

    async def log_in(self, scope: dict[str, Any] | None = None) -> httpx.Response:
        user = {"id": self.account["user_id"], "password": self.account["password"]}
        return await self.ask_token(password={"user": user}, scope=scope)

    async def ask_token(
        self,
        *,
        password: dict[str, Any] | None = None,
        token: dict[str, Any] | None = None,
        scope: dict[str, Any] | None = None,
    ) -> httpx.Response:
        method = "password" if password else "token"
        identity = {"methods": [method], method: password or token}
        body = {"auth": {"identity": identity} | ({"scope": scope} if scope else {})}
        return await self.client.post("/v3/auth/tokens", json=body)

    async def token(self, scope: dict[str, Any] | None = None) -> str:
        """A token for the project, unless another scope is asked for."""
        mine = {"project": {"id": self.account["project_id"]}}
        return (await self.log_in(scope or mine)).headers["X-Subject-Token"]

    async def jobs(self, headers: dict[str, str], project_id: str = "") -> httpx.Response:
        """Read something of a project."""
        project = project_id or self.account["project_id"]
        return await self.client.get(f"/api/v3/projects/{project}/jobs", headers=headers)

    def sign(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        key: tuple[str, str] | None = None,
    ) -> dict[str, str]:
        """The headers that the official SDK sends with a request."""
        mine = key or (self.account["access_key"], self.account["secret_key"])
        return signed(mine, method, path, headers, body)

    async def change(self, *records: store.Record) -> None:
        """Add records as another process would, and notice it."""
        async with self.database.transaction() as tx:
            for record in records:
                await store.add(tx, record)
        await self.directory.refresh(self.database)


def signed(
    key: tuple[str, str],
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> dict[str, str]:
    """The headers that the official SDK sends with a request that it signs with a key."""
    request = SdkRequest(
        method=method,
        host="cce.example.test",
        resource_path=path,
        query_params=[],
        header_params=dict(headers or {}),
        body=body,
    )
    sent = Signer(BasicCredentials(*key)).sign(request).header_params
    return {name: str(value) for name, value in sent.items()}


def tables(settings: Settings) -> None:
    """Create the schema."""
    settings.data.mkdir(mode=0o700, exist_ok=True)
    database = Database(settings.database_url)
    engine = sync_engine(database.url)
    metadata.create_all(engine)
    engine.dispose()


@asynccontextmanager
async def serving(
    folder: Path, *, guesses: Guesses | None = None, peer: str = "127.0.0.1", **changed: Any
) -> AsyncIterator[Server]:
    """A started server, asked by a peer of this address. Everything is under ``folder``."""
    settings = Settings(data=folder / "data", **changed)
    tables(settings)
    database = Database(settings.database_url)
    await first_account.bootstrap(database, settings)
    key = server_key.load(settings)
    directory = Directory(key)
    await directory.refresh(database)
    app = FastAPI(redirect_slashes=False)
    refusals.answer_errors(app)
    authenticator = Authenticator(directory, Tokens(key))
    login = Login(
        authenticator,
        database,
        lifetime_hours=settings.token_lifetime_hours,
        guesses=guesses,
    )
    server.Server(database, settings, authenticator, login).serve(app)
    app.router.routes += api.router.routes

    @app.get("/api/v3/projects/{project_id}/jobs")
    async def show(caller: Annotated[Caller, Depends(auth.project_caller)]) -> Response:
        return routes.json_response({"user": caller.user_name, "project": caller.project_id})

    @app.get("/api/v3/addontemplates")
    async def anywhere(caller: Annotated[Caller, Depends(auth.caller)]) -> Response:
        return routes.json_response({"user": caller.user_name, "project": caller.project_id})

    outer = edge.Edge(app, body_limit=settings.body_limit)
    transport = httpx.ASGITransport(app=outer, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        account = json.loads((settings.data / "credentials.json").read_text())
        yield Server(client, database, settings, directory, authenticator, account)
    login.close()
    await database.dispose()
