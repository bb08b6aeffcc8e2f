"""The composition root: the only module that knows everybody.

``open_app`` builds one server process: database, identity, engine, routes. Any ASGI server can
serve what it yields; ``cli/serve.py`` uses granian.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from clusterwright import __version__, clock, unsupported
from clusterwright.cce.access import api as access_api
from clusterwright.cce.addons import api as addons_api
from clusterwright.cce.addons import operations as addons_operations
from clusterwright.cce.addons.health import AddonsHealth
from clusterwright.cce.addons.job_types import JOB_TYPES as ADDON_JOB_TYPES
from clusterwright.cce.autopilot import api as autopilot_api
from clusterwright.cce.catalog import api as catalog_api
from clusterwright.cce.charts import api as charts_api
from clusterwright.cce.claims import api as claims_api
from clusterwright.cce.clusters import api as clusters_api
from clusterwright.cce.clusters.extensions import Extensions
from clusterwright.cce.clusters.health import ClustersHealth
from clusterwright.cce.clusters.job_types import JOB_TYPES as CLUSTER_JOB_TYPES
from clusterwright.cce.clusters.ranges import CONTAINER_RANGE
from clusterwright.cce.clusters.spec import SERVICE_RANGE
from clusterwright.cce.identities import api as identities_api
from clusterwright.cce.imagecaches import api as imagecaches_api
from clusterwright.cce.imagecaches.job_types import JOB_TYPES as IMAGE_CACHE_JOB_TYPES
from clusterwright.cce.inside.answers import Answers
from clusterwright.cce.inside.api import KubernetesApi
from clusterwright.cce.inside.door import Door
from clusterwright.cce.lifecycle import api as lifecycle_api
from clusterwright.cce.lifecycle.job_types import JOB_TYPES as LIFECYCLE_JOB_TYPES
from clusterwright.cce.nodepools import api as nodepools_api
from clusterwright.cce.nodepools.job_types import JOB_TYPES as NODE_POOL_JOB_TYPES
from clusterwright.cce.nodes import api as nodes_api
from clusterwright.cce.nodes import operations as nodes_operations
from clusterwright.cce.nodes import references
from clusterwright.cce.nodes.health import NodesHealth
from clusterwright.cce.nodes.job_types import JOB_TYPES as NODE_JOB_TYPES
from clusterwright.cce.offers import VERSIONS
from clusterwright.cce.releases import api as releases_api
from clusterwright.cce.releases.job_types import JOB_TYPES as RELEASE_JOB_TYPES
from clusterwright.cce.upgrades import api as upgrades_api
from clusterwright.cce.upgrades.job_types import JOB_TYPES as UPGRADE_JOB_TYPES
from clusterwright.cce.upkeep import api as upkeep_api
from clusterwright.cce.upkeep.job_types import JOB_TYPES as UPKEEP_JOB_TYPES
from clusterwright.drivers.contract import Drivers
from clusterwright.drivers.faults import load_faults
from clusterwright.drivers.helm import Helm
from clusterwright.drivers.local import binaries
from clusterwright.drivers.local.driver import LocalDriver
from clusterwright.drivers.local.spares import Ahead
from clusterwright.drivers.local.wanted import Nodes
from clusterwright.drivers.simulated import SimulatedDriver
from clusterwright.iam import (
    agencies_api,
    groups_api,
    keys_api,
    projects_api,
    roles_api,
    server_key,
    users_api,
)
from clusterwright.iam import api as iam_api
from clusterwright.iam import store as iam_store
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.directory import Directory
from clusterwright.iam.first_account import bootstrap
from clusterwright.iam.login import Login
from clusterwright.iam.tokens import Tokens
from clusterwright.iam.vault import Vault, fernet
from clusterwright.jobs import api as jobs_api
from clusterwright.jobs import api_v2 as jobs_api_v2
from clusterwright.jobs import events, reader
from clusterwright.jobs.api import ShowJob
from clusterwright.jobs.durations import Durations
from clusterwright.jobs.feed import Feed
from clusterwright.jobs.plan import Registry
from clusterwright.jobs.runner import Runner
from clusterwright.live import actions as live_actions
from clusterwright.live import api as live_api
from clusterwright.live import faults as live_faults
from clusterwright.live.streams import Streams
from clusterwright.neighbours import api as neighbours_api
from clusterwright.neighbours.records import api as records_api
from clusterwright.settings import Settings
from clusterwright.storage import limits, migrations
from clusterwright.storage.database import Database
from clusterwright.supervision import Chore, Supervisor
from clusterwright.traces import exporter
from clusterwright.web import refusals
from clusterwright.web.console import Console
from clusterwright.web.edge import Edge
from clusterwright.web.health import Health
from clusterwright.web.health import router as health_router
from clusterwright.web.idempotency import Keys
from clusterwright.web.kept import KeptAnswers
from clusterwright.web.openapi import describe
from clusterwright.web.paths import Paths
from clusterwright.web.server import Server
from clusterwright.webhooks import api as webhooks_api
from clusterwright.webhooks.outbox import Outbox

REFRESH_PERIOD = 0.5
"""Seconds until a change that another process made to users, keys or revocations is honoured."""
PURGE_PERIOD = 3600.0
"""Seconds between two looks for expired revocations and temporary keys."""

HEALTH_PERIOD = 2.0
"""Seconds between two looks at nodes and add-ons that may break by themselves."""

REGISTRY = Registry(
    *CLUSTER_JOB_TYPES,
    *NODE_JOB_TYPES,
    *UPKEEP_JOB_TYPES,
    *NODE_POOL_JOB_TYPES,
    *ADDON_JOB_TYPES,
    *RELEASE_JOB_TYPES,
    *LIFECYCLE_JOB_TYPES,
    *UPGRADE_JOB_TYPES,
    *IMAGE_CACHE_JOB_TYPES,
)
"""Every job type of this server."""

ROUTERS = (
    health_router,
    iam_api.router,
    keys_api.router,
    projects_api.router,
    users_api.router,
    groups_api.router,
    agencies_api.router,
    roles_api.router,
    jobs_api.router,
    jobs_api_v2.router,
    live_api.router,
    webhooks_api.router,
    live_actions.router,
    live_faults.router,
    clusters_api.router,
    access_api.router,
    lifecycle_api.router,
    lifecycle_api.resources,
    upgrades_api.router,
    catalog_api.router,
    addons_api.router,
    autopilot_api.router,
    imagecaches_api.router,
    claims_api.router,
    upkeep_api.router,
    charts_api.router,
    releases_api.router,
    identities_api.router,
    nodes_api.older,
    nodes_api.router,
    nodepools_api.older,
    nodepools_api.router,
    neighbours_api.router,
    records_api.router,
    unsupported.router,
)


@asynccontextmanager
async def open_drivers(
    data: Database, key: bytes, settings: Settings, helm: Helm
) -> AsyncIterator[tuple[Drivers, SimulatedDriver]]:
    """The drivers of this server, by the name that a cluster keeps, at work inside the block.

    The simulated one is given apart besides: its clusters have doors of ours.
    """
    simulated = SimulatedDriver(
        data,
        Vault(key),
        pace=settings.pace,
        seed=settings.seed,
        helm=helm,
        door=settings.door,
    )
    await simulated.seal_clear_keys()
    find = partial(binaries.find, bin_dir=settings.kubernetes_folder)
    kind = Nodes(settings.nodes)
    ahead = Ahead(settings.spares, VERSIONS, SERVICE_RANGE, (CONTAINER_RANGE,))
    async with LocalDriver(
        settings.local_folder,
        find,
        kind=kind,
        uplinks=settings.node_uplinks,
        ahead=ahead,
        helm=helm,
    ) as local:
        yield Drivers({"simulated": simulated, "local": local}), simulated


def routes() -> FastAPI:
    """The framework application: every route, no state. Enough to describe the API."""
    app = FastAPI(
        title="Clusterwright",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.router.routes.append(Paths(each for router in ROUTERS for each in router.declared))
    refusals.answer_errors(app)
    describe(app, ROUTERS)
    return app


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[Edge]:
    """One server process, ready to serve inside the block, in the loop that serves.

    Raises StorageUnavailable when the database does not answer, AlreadyRunning when the data folder
    is in use, KeyChanged when the database was made with another secret key, and DoorTaken when the
    port of simulated clusters cannot be had.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = Database(settings.database_url, pool_size=settings.database_shares.requests)
    await asyncio.to_thread(migrations.migrate, data.url)
    key = server_key.load(settings)
    await server_key.confirm(data, key)
    await bootstrap(data, settings)
    await load_faults(data, settings.faults)
    async with data.transaction() as tx:
        await events.settle_restored(tx)
    directory = Directory(key, trusted_seconds=settings.identity_trust_seconds)
    await directory.refresh(data)
    helm = Helm(partial(binaries.helm, settings.kubernetes_folder))
    async with open_drivers(data, key, settings, helm) as (available, simulated):
        durations = Durations(data)
        outbox = Outbox(data, Vault(key), private=settings.webhook_private_targets)
        await outbox.begin()
        traces = exporter.configured(data, os.environ)
        if traces:
            await traces.begin()
        runner = Runner(data, REGISTRY, available, settings, durations)
        documents = await reader.connect(
            data,
            name="clusterwright-reader",
            connections=settings.database_shares.reader,
            kept=settings.kept_jobs_mib * 1024 * 1024,
        )
        authenticator = Authenticator(directory, Tokens(key))
        feed = Feed(data)
        show_job = ShowJob(documents, authenticator, data, feed)
        streams = Streams(data, feed, authenticator, durations, REGISTRY)
        login = Login(authenticator, data, lifetime_hours=settings.token_lifetime_hours)
        answers = Answers(data, available)
        sealing = fernet(key, "answers")
        keys = Keys(data, sealing.encrypt, sealing.decrypt)
        kubernetes = KubernetesApi(data, available, authenticator, answers)
        chores = Supervisor(
            [
                *identity_chores(directory, data),
                *runner.chores(),
                feed.chore(),
                durations.chore(),
                outbox.chore(),
                *([traces.chore()] if traces else []),
                *health_chores(available, data),
                Chore("answers under keys", keys.purge, PURGE_PERIOD),
            ]
        )
        server = Server(
            settings,
            data,
            available,
            helm,
            authenticator,
            login,
            show_job,
            keys,
            REGISTRY,
            feed,
            streams,
            durations,
            outbox,
            Health(data, chores),
            Extensions(
                census=addons_operations.census,
                on_create=addons_operations.add_built_in,
                on_delete=nodes_operations.keep_servers,
                address_holder=references.address_holder,
            ),
        )
        server.check_complete()
        app = routes()
        server.serve(app)
        kept = KeptAnswers(app, data.writes, authenticator.at_hand)
        door = Door(data, simulated.doors, directory, answers)

        def stop_answers() -> None:
            feed.stop()
            kubernetes.stop()

        # An archive, and the parameters and boundaries around it.
        uploads = settings.chart_limit + limits.DOCUMENT
        try:
            await runner.start()
            try:
                async with chores, door.serving(settings.host, settings.kubernetes_port):
                    yield Edge(
                        kept,
                        body_limit=settings.body_limit,
                        body_seconds=settings.body_seconds,
                        hot=[show_job, streams, Console()],
                        on_stop=stop_answers,
                        hosts=kubernetes,
                        quick=[show_job, kept],
                        larger=dict.fromkeys(charts_api.UPLOADS, uploads),
                    )
            finally:
                await runner.stop()
        finally:
            login.close()
            await outbox.close()
            if traces:
                await traces.close()
            await kubernetes.close()
            await documents.close()
            await data.dispose()


def identity_chores(directory: Directory, data: Database) -> Iterator[Chore]:
    """What keeps authentication up to date."""

    async def refresh() -> None:
        await directory.refresh(data)

    async def purge() -> None:
        async with data.transaction() as tx:
            await iam_store.purge(tx, clock.now())

    yield Chore("identities", refresh, REFRESH_PERIOD)
    yield Chore("expired identities", purge, PURGE_PERIOD)


def health_chores(drivers: Drivers, data: Database) -> Iterator[Chore]:
    """What lets clients read of clusters, nodes and add-ons how they are."""
    clusters, nodes, addons = ClustersHealth(), NodesHealth(), AddonsHealth()

    async def look() -> None:
        seen_at = clock.now()
        found = {
            uid: one
            for name in drivers.names
            for uid, one in (await drivers.get(name).health()).items()
        }
        await clusters.note(data, found, seen_at=seen_at)
        await nodes.note(data, found, seen_at=seen_at)
        await addons.note(data, found)

    yield Chore("health of clusters", look, HEALTH_PERIOD)
