"""The engine: DBOS claims jobs, one at a time per cluster, and hands them to executions.

DBOS keeps the queue, the ownership and the recovery. The memo of what is done are our own rows, so
one workflow is one job and has no DBOS steps (docs/decisions/0003-rows-are-the-memo.md). With
app.py, this is the only user of dbos. The traps it avoids are named where they are avoided.
"""

import asyncio
import fcntl
import logging
import os
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import IO, Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig
from dbos._serialization import DBOSPortableJSONSerializer
from sqlalchemy.engine import URL

from clusterwright import wire
from clusterwright.database import (
    Database,
    StorageUnavailable,
    Tx,
    set_sqlite_modes,
    sync_url,
)
from clusterwright.drivers.contract import Driver
from clusterwright.jobs import store
from clusterwright.jobs.execution import Execution, apply
from clusterwright.jobs.plan import JobPhase, Registry
from clusterwright.jobs.progress import Change
from clusterwright.jobs.store import Superseded
from clusterwright.settings import Settings

log = logging.getLogger(__name__)

APPLICATION = "clusterwright"
QUEUE = "jobs"
WORKFLOW = "job"
# A constant: the default is a hash of the source, and any edit would strand the jobs in flight.
VERSION = "1"
# Every crash counts as an attempt of every job in flight, so the limit must never be met in
# practice.
ATTEMPTS = 10_000
POLLING = 0.2
"""Seconds between two looks into the queue: the time from submission to start."""
ADOPTION_PERIOD = 2.0
ADOPTION_GRACE = 6.0
"""Seconds that a PostgreSQL worker must be gone before others adopt its jobs."""
HOUSEKEEPING_PERIOD = 60.0
_GONE = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "SUCCESS")


class AlreadyRunning(Exception):
    """Another process serves this data folder."""


class Runner:
    """Works on the jobs of one database. ``start`` and ``stop`` it in the loop that serves
    requests.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        drivers: Mapping[str, Driver],
        settings: Settings,
    ) -> None:
        self._database = database
        self._registry = registry
        self._drivers = drivers
        self._settings = settings
        self._lock: IO[str] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        # Two living processes with one executor id would take each other's jobs. On SQLite there is
        # one process, held by a lock, and its fixed name lets a restart recover by itself.
        self._executor_id = (
            "local"
            if database.is_sqlite
            else f"{socket.gethostname()[:30]}-{os.getpid()}-{token_hex(4)}"
        )

    async def start(self) -> None:
        """Begin to work. Raises AlreadyRunning when the data folder is served by another
        process.
        """
        if self._database.is_sqlite:
            self._lock = _locked(self._settings.data / "server.lock")
        self._engine = engine = _system_engine(
            self._database.url, self._executor_id, self._settings.job_concurrency + 8
        )
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": engine,
            "system_database_url": str(engine.url),
            "application_version": VERSION,
            "executor_id": self._executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            # We wait for nothing through DBOS notifications; a listener would only cost a session.
            "use_listen_notify": False,
            "scheduler_polling_interval_sec": 3600.0,
        }
        DBOS(config=config)
        _speak_through_our_log()

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=ATTEMPTS)
        async def job(uid: str) -> None:
            await self._work(uid)

        # Within the running loop: DBOS adopts it, so steps share the connections of this process.
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=self._settings.job_concurrency,
            partition_concurrency=1,
            polling_interval_sec=POLLING,
        )
        self._client = DBOSClient(
            system_database_engine=engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
        )
        self._database.outbox = self._promise
        self._tasks = [asyncio.create_task(self._keep_house())]
        if not self._database.is_sqlite:
            self._tasks.append(asyncio.create_task(self._adopt_orphans()))

    async def stop(self) -> None:
        """Stop working. Unfinished jobs go on at the next start, here or at another worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._client.destroy()
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS made its threads the loop's, and they are gone; the loop may go on.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()

    async def _promise(self, tx: Tx, *, uid: str, cluster_uid: str, sequence: int) -> None:
        """Queue a job in the transaction that wrote it."""
        await tx.run_sync(
            lambda connection: self._client.enqueue_in_transaction(
                connection,
                {
                    "workflow_name": WORKFLOW,
                    "queue_name": QUEUE,
                    "workflow_id": uid,
                    "queue_partition_key": cluster_uid,
                    # DBOS orders by priority, then by a clock of whole seconds on older SQLite.
                    "priority": sequence,
                },
                uid,
            )
        )

    async def _work(self, uid: str) -> None:
        """Run one job to its end."""
        while True:
            try:
                async with self._database.transaction() as tx:
                    tree = await store.take_over(tx, uid)
                break
            except StorageUnavailable as error:
                log.error("waiting for the database", extra={"job": uid, "reason": str(error)})
                await asyncio.sleep(1)
        if tree is None:
            return
        job_type = self._registry.types[tree.root.type]
        log.info("running a job", extra={"job": uid, "type": job_type.name})
        try:
            await Execution(tree, job_type, database=self._database, drivers=self._drivers).run()
        except Superseded:
            log.warning("leaving a job to another worker", extra={"job": uid})

    async def _keep_house(self) -> None:
        """Once a minute: end what the engine gave up, and forget what ended long ago."""
        while True:
            try:
                await self._reconcile()
                await self._sweep()
            except StorageUnavailable as error:
                log.error("waiting for the database", extra={"reason": str(error)})
            await asyncio.sleep(HOUSEKEEPING_PERIOD)

    async def _reconcile(self) -> None:
        """Fail the jobs whose workflow has ended by ways that skip our code."""
        async with self._database.reading() as tx:
            open_jobs = await store.unfinished(
                tx, submitted_before=wire.now() - int(HOUSEKEEPING_PERIOD * 1e9)
            )
        for start in range(0, len(open_jobs), 500):
            page = open_jobs[start : start + 500]
            for status in await DBOS.list_workflows_async(
                workflow_ids=page, load_input=False, load_output=False
            ):
                if status.status in _GONE:
                    await self._give_up(status.workflow_id)

    async def _give_up(self, uid: str) -> None:
        async with self._database.transaction() as tx:
            tree = await store.take_over(tx, uid)
            if tree is None or tree.finished:
                return
            log.error("failing a job that the engine gave up", extra={"job": uid})
            reason = f"The engine gave the job up. Look for job {uid} in the log."
            after = apply(
                tree,
                [Change(job.uid, JobPhase.FAILED, reason) for job in tree.leaves()],
                wire.now(),
            )
            await store.record(tx, tree, after)
            await self._registry.types[tree.root.type].settle(tx, after.root)

    async def _sweep(self) -> None:
        retention = timedelta(days=self._settings.job_retention_days).total_seconds()
        while True:
            async with self._database.transaction() as tx:
                old = await store.sweep(tx, finished_before=wire.now() - int(retention * 1e9))
            if not old:
                return
            await DBOS.delete_workflows_async(old)

    async def _adopt_orphans(self) -> None:
        """Take the jobs of workers whose database session is gone; open-source DBOS leaves that to
        us.

        A worker's session carries its executor id as its name, so no clock and no heartbeat is
        needed. Two adopters racing is harmless: recovery is conditional on the executor id.
        """
        missing_since: dict[str, float] = {}
        while True:
            await asyncio.sleep(ADOPTION_PERIOD)
            try:
                missing = await self._missing_executors()
            except StorageUnavailable as error:
                # Our own trouble with the database says nothing about others.
                log.warning("waiting for the database", extra={"reason": str(error)})
                missing_since = {}
                continue
            now = time.monotonic()
            missing_since = {name: missing_since.get(name, now) for name in missing}
            dead = [n for n, since in missing_since.items() if now - since >= ADOPTION_GRACE]
            if dead:
                log.warning("adopting the jobs of dead workers", extra={"workers": dead})
                await asyncio.to_thread(DBOS._recover_pending_workflows, dead)

    async def _missing_executors(self) -> list[str]:
        query = sa.text(
            "SELECT DISTINCT executor_id FROM dbos.workflow_status w"
            " WHERE status = 'PENDING' AND executor_id <> :me AND NOT EXISTS"
            " (SELECT FROM pg_stat_activity a WHERE a.application_name = left(w.executor_id, 63))"
        )
        async with self._database.reading() as tx:
            rows = await tx.execute(query.bindparams(me=self._executor_id))
            return list(rows.scalars())


def _speak_through_our_log() -> None:
    """Undo the handler that DBOS gives its logger, so that operators read one format."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True


def _locked(path: Path) -> IO[str]:
    """An exclusive lock on ``path`` that ends with this process. Raises AlreadyRunning."""
    handle = path.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise AlreadyRunning(
            f"Another server already uses {path.parent}. Stop it, or choose another --data folder."
        ) from None
    return handle


def _system_engine(url: URL, executor_id: str, pool_size: int) -> sa.Engine:
    """The engine's own connections: a pool apart from ours, or both would starve each other."""
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(sync_url(url), pool_size=pool_size, hide_parameters=True)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    keepalives = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    arguments: dict[str, Any] = {"application_name": executor_id[:63], "options": keepalives}
    return sa.create_engine(
        sync_url(url), pool_size=pool_size, connect_args=arguments, hide_parameters=True
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # As DBOS does for an engine of its own: the driver begins writing transactions, and only those.
    connection.isolation_level = "IMMEDIATE"
    set_sqlite_modes(connection)
    # On Python >= 3.12 DBOS asks SQLite for unixepoch('subsec'), which SQLite before 3.42 does not
    # know.
    connection.create_function("unixepoch", -1, lambda *_: time.time())
