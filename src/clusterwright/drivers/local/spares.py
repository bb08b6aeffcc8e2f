"""Control planes that are begun ahead of whoever will ask for them.

A spare is a folder like a cluster's, with keys and certificates of its own, that runs and belongs
to nobody. A cluster takes it over by a link from its own name, made in one step while nobody else
chooses: before that the spare is free, after it the cluster's for good, whoever dies meanwhile. It
is never given back: what a cluster had goes with the cluster.

Everything here blocks for milliseconds: call it in a thread. It raises OSError.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from clusterwright.drivers.contract import Cluster, DriverError
from clusterwright.drivers.local import beginning, folder, memory, wanted
from clusterwright.drivers.local.beginning import begin, pinned
from clusterwright.drivers.local.components import Programs
from clusterwright.drivers.local.folder import Folder, alone, give, read_json
from clusterwright.drivers.local.wanted import Nodes, State

log = logging.getLogger(__name__)

QUIET_SECONDS = 3.0
"""How long nobody has taken a spare when another one is begun: who took one needs the processor."""
RESTING_SECONDS = 60.0
"""How long no spare is begun after one that could not be, and one in trouble is kept."""
ROOM = 1500
"""MiB of memory that must be free to begin a spare, and to keep it with a little less."""
LEAST_ROOM = 800
"""MiB below which a spare makes room for clusters that somebody has asked for."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many control planes are begun ahead, and for which requests."""

    count: int = 0
    versions: Sequence[str] = ()
    """The first that can run here is the version of requests that name none."""
    service_cidr: str = ""
    container_cidrs: tuple[str, ...] = ()


class Spares:
    """The spares of one home. Several processes may keep the same ones."""

    def __init__(
        self,
        home: Path,
        find: Callable[[str], Programs],
        *,
        kind: Nodes,
        ahead: Ahead,
        clock: Callable[[], int],
    ) -> None:
        self._home = home
        self._find = find
        self._kind = kind
        self._ahead = ahead
        self._clock = clock
        self._rests_until = 0.0
        self._complaint = ""

    def take(self, cluster: Cluster) -> Folder:
        """The folder of a cluster: its own, or that of a spare which runs as it should.

        What was chosen once is so from then on.
        """
        own = Folder(self._home, cluster.uid)
        if own.exists or not (self._home / folder.SPARES).is_dir():
            return own
        with alone(self._home):
            if (made := Folder(self._home, cluster.uid)).exists:
                return made
            fitting = [spare for spare in folder.spares(self._home) if self._fits(spare, cluster)]
            # Those that are ready come first, and of these whose pods have the range already.
            for spare in sorted(
                fitting, key=lambda each: (not _is_ready(each), not _has_range(each, cluster))
            ):
                log.info("taking a spare", extra={"cluster": cluster.uid, "spare": spare.uid})
                self._rests_until = time.monotonic() + QUIET_SECONDS
                return give(self._home, spare, cluster.uid)
        return own

    def open(self) -> None:
        """Let those go that nobody could want any more, and what was begun and never written."""
        if not (self._home / folder.SPARES).is_dir():
            return
        like = self._like()
        with alone(self._home / folder.SPARES), alone(self._home):
            kept = 0
            for spare in folder.spares(self._home):
                if not spare.wanted.exists():
                    spare.remove()
                elif kept < self._ahead.count and like and self._fits(spare, like):
                    kept += 1
                else:
                    self._let_go(spare)

    def keep(self, *, busy: bool) -> None:
        """Begin one where one is missing, unless others are ``busy`` starting.

        Where memory is short, one is let go instead.
        """
        if not self._ahead.count:
            return
        with alone(self._home / folder.SPARES):
            with alone(self._home):
                there = [spare for spare in folder.spares(self._home) if _is_wanted(spare)]
                free = memory.free()
                if there and free is not None and free < LEAST_ROOM:
                    log.warning("letting a spare go for memory", extra={"free_mib": free})
                    self._let_go(there[-1])
                for spare in filter(_is_stuck, there):
                    self._let_go(spare)
            room = len(there) < self._ahead.count and (free is None or free >= ROOM)
            quiet = not busy and time.monotonic() > self._rests_until
            if room and quiet and all(map(_is_ready, there)) and (like := self._like()):
                self._begin(like)

    def _begin(self, like: Cluster) -> None:
        uid = str(uuid4())
        spare = Folder(self._home / folder.SPARES, uid)
        log.info("beginning a spare", extra={"spare": uid})
        try:
            with spare.changing():
                begin(
                    self._home,
                    spare,
                    replace(like, uid=uid),
                    self._find(like.version),
                    kind=self._kind,
                    now=self._clock(),
                )
        except (DriverError, OSError) as error:
            spare.remove()
            self._rests_until = time.monotonic() + RESTING_SECONDS
            log.warning("beginning no spare", extra={"reason": str(error)})

    def _like(self) -> Cluster | None:
        """What a spare is begun as; None where no version can run."""
        complaint = "No version is offered."
        for version in self._ahead.versions:
            try:
                self._find(version)
            except DriverError as error:
                complaint = str(error)
                continue
            return Cluster(
                uid="spare",
                project_id="",
                name="",
                version=version,
                masters=(),
                service_cidr=self._ahead.service_cidr,
                container_cidrs=self._ahead.container_cidrs,
                vpc="",
                subnet="",
            )
        if self._ahead.count and complaint != self._complaint:
            log.warning("beginning no spares", extra={"reason": complaint})
            self._complaint = complaint
        return None

    def _fits(self, spare: Folder, cluster: Cluster) -> bool:
        """Whether the very same processes would run for the cluster.

        But for the range of its pods: clusters beside each other never have the same, and it is
        the controller manager's alone, which starts again with another while everything answers.
        """
        wish = wanted.read(spare)
        if wish is None or wish.state is not State.RUNNING or wish.cluster is None:
            return False
        if wish.nodes is not self._kind or wish.cluster.version != cluster.version:
            return False
        if spare.trouble.exists() or cluster.credentials != wish.cluster.credentials:
            return False
        like = replace(cluster, container_cidrs=wish.cluster.container_cidrs)
        try:
            return wish.programs == pinned(self._find(cluster.version)) and beginning.commands(
                spare, wish
            ) == beginning.commands(spare, wish, like)
        except DriverError:
            return False

    def _let_go(self, spare: Folder) -> None:
        found = wanted.read(spare)
        if found is not None and found.state is not State.GONE:
            log.info("letting a spare go", extra={"spare": spare.uid})
            wanted.write(spare, replace(found, state=State.GONE))


def _has_range(spare: Folder, cluster: Cluster) -> bool:
    wish = wanted.read(spare)
    return bool(wish and wish.cluster and wish.cluster.container_cidrs == cluster.container_cidrs)


def _is_wanted(spare: Folder) -> bool:
    wish = wanted.read(spare)
    return wish is not None and wish.state is State.RUNNING


def _is_stuck(spare: Folder) -> bool:
    """Whether something has kept it from running for long: nobody asks for this very one."""
    try:
        return time.time() - spare.trouble.stat().st_mtime > RESTING_SECONDS
    except FileNotFoundError:
        return False


def _is_ready(spare: Folder) -> bool:
    """Whether a plane has seen it run as is wanted."""
    wish, settled = wanted.read(spare), read_json(spare.settled)
    return wish is not None and settled is not None and settled["revision"] == wish.revision
