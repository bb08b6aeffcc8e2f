"""The engine: DBOS claims jobs, one at a time per cluster, and hands them to executions.

DBOS keeps the queue, the ownership and the recovery. The memo of what is done are our own rows, so
one workflow is one job and has no DBOS steps (docs/decisions/0003-rows-are-the-memo.md). Only
``claims`` imports dbos beside it. The traps it avoids are named where they are avoided.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Thread
from typing import IO

from dbos import DBOS, DBOSClient, DBOSConfig, WorkflowStatus
from dbos._serialization import DBOSPortableJSONSerializer

from clusterwright import clock
from clusterwright.drivers import causes
from clusterwright.drivers.contract import Drivers
from clusterwright.jobs import sessions, store, unfinished, workers
from clusterwright.jobs.claims import POLLING, Claims, speak_through_our_log
from clusterwright.jobs.durations import Durations
from clusterwright.jobs.execution import Execution
from clusterwright.jobs.lock import locked
from clusterwright.jobs.plan import Registry
from clusterwright.jobs.progress import apply
from clusterwright.jobs.removal import Sweeper
from clusterwright.jobs.store import Superseded
from clusterwright.jobs.tree import Tree, failure
from clusterwright.settings import Settings
from clusterwright.storage.database import Database, StorageUnavailable, Tx
from clusterwright.supervision import Chore

log = logging.getLogger(__name__)

APPLICATION = "clusterwright"
QUEUE = "jobs"
WORKFLOW = "job"
# A constant: the default is a hash of the source, and any edit would strand the jobs in flight.
VERSION = "1"
# Every crash counts as an attempt of every job in flight, so the limit must never be met in
# practice.
ATTEMPTS = 10_000
HOUSEKEEPING_PERIOD = 60.0
LEAVING_SECONDS = 3.0
"""Seconds that each part of stopping may take: executions that leave their trees, the engine."""
ROUNDS = 3
"""How often a job is begun anew at once after an error in our own bookkeeping."""
REQUEUES = 10
"""How often such a job is queued again, once a minute, before it is failed."""
_WORKED_ON = ("ENQUEUED", "PENDING", "DELAYED")


class Runner:
    """Works on the jobs of one database.

    ``start`` and ``stop`` it in the loop that serves requests.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        drivers: Drivers,
        settings: Settings,
        durations: Durations,
    ) -> None:
        self._durations = durations
        self._database = database
        self._registry = registry
        self._drivers = drivers
        self._settings = settings
        self._lock: IO[str] | None = None
        self._running: dict[asyncio.Task[None], str] = {}
        """The engine's tasks that are in our code, and the job of each."""
        self._stopping = False
        self._requeued: Counter[str] = Counter()
        self._suspects: set[str] = set()
        """Jobs that looked as if their claim's answer had been lost when we looked last."""
        self._watch = workers.Watch()
        # Two living processes with one executor id would take each other's jobs. On SQLite there is
        # one process, held by a lock, and its fixed name lets a restart recover by itself.
        self._executor_id = "local" if database.is_sqlite else database.name

    async def start(self) -> None:
        """Begin to work.

        Raises AlreadyRunning when the data folder is served by another process.
        """
        if self._database.is_sqlite:
            self._lock = locked(self._settings.data / "server.lock")
        else:
            await self._beat()  # first of all: who has claimed a job and does not beat is dead
        self._engine = engine = sessions.open_engine(
            self._database.url, self._executor_id, self._settings
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
            # Nothing to look for, then; an orderly stop waits until the next look is due.
            "notification_listener_polling_interval_sec": 0.1,
            "scheduler_polling_interval_sec": 3600.0,
        }
        dbos = DBOS(config=config)
        speak_through_our_log()
        DBOS.listen_queues([])  # claims looks into ours
        ours = asyncio.get_running_loop()

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=ATTEMPTS)
        async def job(uid: str) -> None:
            if asyncio.get_running_loop() is ours:
                await self._work(uid)
            else:  # where the engine runs what it claims while ours stands still
                work = asyncio.run_coroutine_threadsafe(self._work(uid), ours)
                await asyncio.wrap_future(work)

        # Within the running loop: DBOS adopts it, so steps share the connections of this process.
        DBOS.launch()
        queue = await DBOS.register_queue_async(
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
        self._claims = Claims(dbos, queue, lambda: len(self._running))
        self._database.on_promise = self._claims.bell.ring

    def chores(self) -> Iterator[Chore]:
        """What must be done again and again while this runner works."""
        yield Chore("housekeeping", self._reconcile, HOUSEKEEPING_PERIOD)
        sweeper = Sweeper(self._database, self._settings, DBOS.delete_workflows_async)
        yield Chore("sweeping", sweeper.sweep, HOUSEKEEPING_PERIOD)
        yield Chore("claims", lambda: self._claims.check(), workers.BEAT_PERIOD)
        if self._database.is_sqlite:
            yield Chore("heartbeat", self._beat_after_outage, workers.BEAT_PERIOD)
        else:
            yield Chore("heartbeat", self._beat, workers.BEAT_PERIOD)
            yield Chore("adoption", self._adopt, workers.BEAT_PERIOD)

    async def stop(self) -> None:
        """Stop working. Unfinished jobs go on at the next start, or at once at another worker.

        Only when every execution has left its tree is anything closed that a step might use.
        """
        self._stopping = True
        # The engine warns of each run that is cancelled; here, that is what we want.
        logging.getLogger("dbos").setLevel(logging.ERROR)
        log.info("leaving jobs where they stand", extra={"jobs": len(self._running)})
        self._claims.bell.set()
        for task in self._running:
            task.cancel()
        if self._running:
            _, staying = await asyncio.wait(self._running, timeout=LEAVING_SECONDS)
            if staying:
                log.error("leaving steps that do not end", extra={"steps": len(staying)})
        # The engine made its threads the loop's and ends them now; the loop goes on with others.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        await self._claims.stop(LEAVING_SECONDS)
        self._client.destroy()
        await self._end_engine()
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()
        else:
            await self._say_goodbye()

    async def _end_engine(self) -> None:
        # A thread that cannot keep the process: while the database is away, the engine's own
        # threads sleep between their tries, for up to a minute, and would be waited for.
        ending = Thread(target=partial(DBOS.destroy, destroy_registry=True), daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, LEAVING_SECONDS)
        if ending.is_alive():
            log.warning("leaving the engine's threads, which wait for the database")

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(LEAVING_SECONDS), self._database.transaction() as tx:
                await workers.forget(tx, self._executor_id)
        except (StorageUnavailable, TimeoutError) as error:  # then the others wait a few seconds
            log.warning("ending without a word", extra={"reason": str(error)})

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
        """Run one job to its end, or leave it where it stands when this runner stops."""
        task = asyncio.current_task()
        assert task is not None
        if self._stopping:
            raise asyncio.CancelledError  # the engine records nothing of a run that was cancelled
        self._running[task] = uid
        try:
            await self._persist(uid)
        finally:
            del self._running[task]

    async def _persist(self, uid: str) -> None:
        """Run a job; what nobody foresaw in our own bookkeeping is tried again a few times."""
        for left in reversed(range(ROUNDS)):
            try:
                await self._run(uid)
                return
            except Exception:
                log.exception("meeting an internal error in a job", extra={"job": uid})
                if not left:
                    raise
            await asyncio.sleep(1)

    async def _take_over(self, uid: str) -> Tree | None:
        while True:
            try:
                # Nobody is told of it before the first commit of phases.
                async with self._database.deferred() as tx:
                    return await store.take_over(tx, uid)
            except StorageUnavailable as error:
                log.warning("waiting for the database", extra={"job": uid, "reason": str(error)})
            await asyncio.sleep(1)

    async def _run(self, uid: str) -> None:
        tree = await self._take_over(uid)
        if tree is None or tree.finished:
            return
        job_type = self._registry.types[tree.root.type]
        log.info("running a job", extra={"job": uid, "type": job_type.name})
        execution = Execution(
            tree,
            job_type,
            database=self._database,
            drivers=self._drivers,
            weights=self._durations.weights(job_type, tree.driver),
        )
        try:
            await execution.run()
        except Superseded:
            log.warning("leaving a job to another worker", extra={"job": uid})
        else:
            self._durations.note(execution.progress.jobs, execution.driver)

    async def _reconcile(self) -> None:
        """Queue the jobs again whose workflow has ended, or was never begun.

        That happens by ways that skip our code: an error of our own, a claim whose answer was lost,
        a command of the engine's tools.
        """
        async with self._database.reading() as tx:
            open_jobs = await unfinished.find(
                tx, submitted_before=clock.now() - int(HOUSEKEEPING_PERIOD * 1e9)
            )
        suspects: set[str] = set()
        for start in range(0, len(open_jobs), 500):
            page = open_jobs[start : start + 500]
            known = {
                status.workflow_id: status
                for status in await DBOS.list_workflows_async(
                    workflow_ids=[job.uid for job in page], load_input=False, load_output=False
                )
            }
            for job in page:
                status = known.get(job.uid)
                if self._is_ours_but_idle(job.uid, status):
                    suspects.add(job.uid)
                if self._has_ended(status) or job.uid in suspects & self._suspects:
                    await self._requeue_or_tell(job)
        self._suspects = suspects
        going_on = {job.uid for job in open_jobs}
        self._requeued = Counter({uid: n for uid, n in self._requeued.items() if uid in going_on})

    @staticmethod
    def _has_ended(status: WorkflowStatus | None) -> bool:
        return status is None or status.status not in _WORKED_ON

    def _is_ours_but_idle(self, uid: str, status: WorkflowStatus | None) -> bool:
        """Whether this process has claimed a job and does not run it.

        That is so for a moment after each claim; it stays so where the claim's answer was lost.
        """
        return (
            status is not None
            and (status.status, status.executor_id) == ("PENDING", self._executor_id)
            and uid not in self._running.values()
        )

    async def _requeue_or_tell(self, job: unfinished.Unfinished) -> None:
        """As ``_requeue``; what nobody foresaw in one job does not keep the others waiting."""
        try:
            await self._requeue(job)
        except StorageUnavailable:
            raise
        except Exception:
            log.exception(
                "leaving a job that can neither go on nor fail, until the next minute:"
                " report this error, and delete what the job worked on",
                extra={"job": job.uid},
            )

    async def _requeue(self, job: unfinished.Unfinished) -> None:
        self._requeued[job.uid] += 1
        if self._requeued[job.uid] > REQUEUES:
            await self._give_up(job.uid)
            return
        log.warning("queueing a job again", extra={"job": job.uid})
        await DBOS.delete_workflows_async([job.uid])
        async with self._database.transaction() as tx:
            await self._promise(tx, uid=job.uid, cluster_uid=job.cluster_uid, sequence=job.sequence)

    async def _give_up(self, uid: str) -> None:
        async with self._database.transaction() as tx:
            tree = await store.take_over(tx, uid)
            if tree is None or tree.finished:
                return
            log.error("failing a job that the engine gave up", extra={"job": uid})
            reason = f"The engine gave the job up. Look for job {uid} in the log."
            after = apply(
                tree,
                [failure(job, reason, causes.INTERNAL_ERROR) for job in tree.leaves()],
                clock.now(),
            )
            await store.record(tx, tree, after)
            job_type = self._registry.types.get(tree.root.type)
            if job_type is not None:
                await job_type.settle(tx, after.root)
            else:
                log.error(
                    "settling nothing for a job of an unknown type: delete what it worked on",
                    extra={"job": uid, "type": tree.root.type},
                )

    async def _beat(self) -> None:
        """Show the other workers that this one is alive."""
        async with self._database.transaction() as tx:
            await workers.beat(tx, self._executor_id)

    async def _beat_after_outage(self) -> None:
        """Find out, in the place of requests that are sent elsewhere, whether writing works again.

        An idle disk is left to sleep.
        """
        if self._database.is_away:
            await self._beat()

    async def _adopt(self) -> None:
        """Take the jobs of workers that are gone; open-source DBOS leaves that to us.

        Two adopters racing is harmless: recovery is conditional on the executor id, and whoever
        comes back finds its trees taken over.
        """
        try:
            async with self._database.reading() as tx:
                signs = await workers.look(tx, me=self._executor_id)
        except StorageUnavailable:
            self._watch.forget()
            raise
        gone = self._watch.gone(signs)
        if not gone:
            return
        log.warning("adopting the jobs of dead workers", extra={"workers": gone})
        async with self._database.transaction() as tx:
            for each in gone:
                await workers.end_transactions(tx, each)
        await asyncio.to_thread(DBOS._recover_pending_workflows, gone)
        async with self._database.transaction() as tx:
            for each in gone:
                await workers.forget_idle(tx, each)
