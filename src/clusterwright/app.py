"""The composition root: the only module that knows everybody.

``open_app`` builds one server process: database, identity, engine, routes. Any ASGI server can
serve what it yields; ``cli/serve.py`` uses granian.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI

from clusterwright import __version__, database, unsupported, web, wire
from clusterwright.access import api as access_api
from clusterwright.addons import api as addons_api
from clusterwright.addons import operations as addons_operations
from clusterwright.addons.job_types import JOB_TYPES as ADDON_JOB_TYPES
from clusterwright.catalog import api as catalog_api
from clusterwright.clusters import api as clusters_api
from clusterwright.clusters.job_types import JOB_TYPES as CLUSTER_JOB_TYPES
from clusterwright.database import Database, StorageUnavailable
from clusterwright.drivers.contract import Driver
from clusterwright.drivers.simulated import SimulatedDriver, load_faults
from clusterwright.health import router as health_router
from clusterwright.iam import api as iam_api
from clusterwright.iam import store as iam_store
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.directory import Directory, keep_fresh
from clusterwright.iam.tokens import Tokens, load_key
from clusterwright.jobs import api as jobs_api
from clusterwright.jobs import api_v2 as jobs_api_v2
from clusterwright.jobs import reader
from clusterwright.jobs.plan import Registry
from clusterwright.jobs.runner import Runner
from clusterwright.lifecycle import api as lifecycle_api
from clusterwright.lifecycle.job_types import JOB_TYPES as LIFECYCLE_JOB_TYPES
from clusterwright.neighbours import api as neighbours_api
from clusterwright.nodepools import api as nodepools_api
from clusterwright.nodepools.job_types import JOB_TYPES as NODE_POOL_JOB_TYPES
from clusterwright.nodepools.operations import PoolSizes
from clusterwright.nodes import api as nodes_api
from clusterwright.nodes.job_types import JOB_TYPES as NODE_JOB_TYPES
from clusterwright.openapi import describe
from clusterwright.settings import Settings
from clusterwright.upgrades import api as upgrades_api
from clusterwright.upgrades.job_types import JOB_TYPES as UPGRADE_JOB_TYPES
from clusterwright.web import ASGIApp, Edge

log = logging.getLogger(__name__)

PURGE_PERIOD = 3600.0
"""Seconds between two looks for expired revocations and temporary keys."""

REGISTRY = Registry(
    *CLUSTER_JOB_TYPES,
    *NODE_JOB_TYPES,
    *NODE_POOL_JOB_TYPES,
    *ADDON_JOB_TYPES,
    *LIFECYCLE_JOB_TYPES,
    *UPGRADE_JOB_TYPES,
)
"""Every job type of this server."""

ROUTERS = (
    health_router,
    iam_api.router,
    jobs_api.router,
    jobs_api_v2.router,
    clusters_api.router,
    access_api.router,
    lifecycle_api.router,
    upgrades_api.router,
    catalog_api.router,
    clusters_api.autopilot_router,
    addons_api.router,
    nodes_api.older,
    nodes_api.router,
    nodepools_api.older,
    nodepools_api.router,
    neighbours_api.router,
    unsupported.router,
)


def drivers(data: Database, settings: Settings) -> Mapping[str, Driver]:
    """The drivers of this server, by the name that a cluster keeps."""
    return {"simulated": SimulatedDriver(data, pace=settings.pace, seed=settings.seed)}


def routes(settings: Settings) -> FastAPI:
    """The framework application: every route, no state. Enough to describe the API."""
    app = FastAPI(
        title="Clusterwright",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    for router in ROUTERS:
        app.include_router(router)
    app.state.settings = settings
    app.state.census = addons_operations.census
    app.state.pools = PoolSizes(zone=f"{settings.region}a")
    app.state.companions = addons_operations.come_with
    web.answer_errors(app)
    describe(app)
    return app


async def purge_identities(data: Database) -> None:
    """Forget expired revocations and temporary keys once an hour, until cancelled."""
    while True:
        try:
            async with data.transaction() as tx:
                await iam_store.purge(tx, wire.now())
        except StorageUnavailable as error:
            log.error("waiting for the database", extra={"reason": str(error)})
        await asyncio.sleep(PURGE_PERIOD)


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[ASGIApp]:
    """One server process, ready to serve inside the block, in the loop that serves.

    Raises StorageUnavailable when the database does not answer, AlreadyRunning when the data folder
    is in use.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = Database(settings.database_url)
    await asyncio.to_thread(database.migrate, data.url)
    await iam_store.bootstrap(data, settings)
    await load_faults(data, settings.faults)
    key = load_key(settings)
    directory = Directory(key)
    await directory.refresh(data)
    available = drivers(data, settings)
    runner = Runner(data, REGISTRY, available, settings)
    documents = await reader.connect(data.url, name="clusterwright-reader")
    app = routes(settings)
    app.state.database = data
    app.state.drivers = available
    app.state.authenticator = Authenticator(directory, Tokens(key))
    app.state.show_job = jobs_api.ShowJob(documents, app.state.authenticator)
    chores = [
        asyncio.create_task(keep_fresh(directory, data)),
        asyncio.create_task(purge_identities(data)),
    ]
    try:
        await runner.start()
        try:
            yield Edge(
                app,
                body_limit=settings.body_limit,
                body_seconds=settings.body_seconds,
                hot=[app.state.show_job],
            )
        finally:
            await runner.stop()
    finally:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        await documents.close()
        await data.dispose()
