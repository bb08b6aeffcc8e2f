"""Faults on demand: a named step fails with a given reason, a number of times.

Faults come from the command line and from the settings' file, which strike whoever comes, and from
users, which strike clusters of their project. Each strike is counted in a transaction of its own
before anything is raised, so concurrent steps never share one and a crash never repeats one.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

# This insert compiles for SQLite too: "on conflict do nothing" is the same sentence there.
from sqlalchemy.dialects.postgresql import insert

from clusterwright.document import Malformed
from clusterwright.drivers.causes import FAULTS, Blame
from clusterwright.drivers.contract import (
    Accounts,
    Cluster,
    ControlPlane,
    Driver,
    DriverError,
    Health,
    Installed,
    Kubeconfig,
    Machine,
    Node,
    Release,
    ReleaseName,
    Releases,
    Unavailable,
)
from clusterwright.storage.database import Database, Tx, metadata

faults = sa.Table(
    "simulated_faults",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("step", sa.String(64), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("remaining", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("cluster", sa.String(128)),
    # The only project whose clusters are meant; NULL for one that the server's operator armed.
    sa.Column("project", sa.String(64), index=True),
    sa.Column("blame", sa.String(16), nullable=False, server_default=Blame.PROVIDER),
    # Which entry of the settings' file this is; NULL for one from the command line.
    sa.Column("source", sa.String(64), unique=True),
)


class Kind(StrEnum):
    """How a fault looks to the step: ``error`` fails it, ``unavailable`` makes it try again."""

    ERROR = "error"
    UNAVAILABLE = "unavailable"


class FaultRequest(BaseModel):
    """A fault as asked for, in the file or on the command line."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    step: str = Field(min_length=1, max_length=64)
    reason: str = Field("Simulated fault.", min_length=1, max_length=1000)
    times: int = Field(1, ge=1, le=1_000_000)
    kind: Annotated[Kind, Field(strict=False)] = Kind.ERROR
    cluster: str | None = Field(None, min_length=1, max_length=128)
    """The name of the only cluster whose steps fail; None means any."""
    blame: Annotated[Blame, Field(strict=False, alias="class")] = Blame.PROVIDER
    """Whose the failure is to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault as stored. With nothing remaining it does nothing."""

    id: int
    step: str
    reason: str
    remaining: int
    kind: Kind
    cluster: str | None
    blame: Blame
    project: str | None
    """The only project whose clusters it strikes; None means any."""


_STORED = (
    faults.c.id,
    faults.c.step,
    faults.c.reason,
    faults.c.remaining,
    faults.c.kind,
    faults.c.cluster,
    faults.c.blame,
    faults.c.project,
)


# Built once, because every verb of the driver runs it.
_ARMED = (
    sa.select(*_STORED)
    .where(
        faults.c.step == sa.bindparam("step"),
        faults.c.remaining > 0,
        faults.c.cluster.is_(None) | (faults.c.cluster == sa.bindparam("cluster")),
        faults.c.project.is_(None) | (faults.c.project == sa.bindparam("project")),
    )
    .order_by(faults.c.id)
    .limit(1)
)


async def add(tx: Tx, asked: FaultRequest, *, project: str | None = None) -> Fault:
    """Arm a fault, for clusters of one project or for all."""
    row = _values(asked) | {"project": project}
    added = sa.insert(faults).values(row).returning(*_STORED)
    return _fault((await tx.execute(added)).one())


async def find_all(tx: Tx) -> list[Fault]:
    """Every fault, used up or not, the oldest first."""
    rows = await tx.execute(sa.select(*_STORED).order_by(faults.c.id))
    return [_fault(row) for row in rows]


async def find_striking(tx: Tx, project: str) -> list[Fault]:
    """Every fault that can strike, or has struck, a project's clusters, the oldest first."""
    strikes = faults.c.project.is_(None) | (faults.c.project == project)
    rows = await tx.execute(sa.select(*_STORED).where(strikes).order_by(faults.c.id))
    return [_fault(row) for row in rows]


async def clear(tx: Tx, fault_id: int | None = None, *, project: str | None = None) -> int:
    """Remove a fault, or all of them, or only such as one project has. Returns how many there were.

    Those of the settings' file return when a server starts with the file.
    """
    which = sa.true() if fault_id is None else faults.c.id == fault_id
    if project is not None:
        which &= faults.c.project == project
    removed = await tx.execute(sa.delete(faults).where(which).returning(faults.c.id))
    return len(removed.all())


Before = Callable[[Tx], Awaitable[object]]
"""What raises where a verb must not be done, in the transaction that looks for faults."""


class FaultyDriver:
    """Any driver, as one step sees it: each verb first shows a fault of that step, if one is armed.

    Counting a fault is all that an observation ever writes. ``before`` comes before everything.
    """

    def __init__(
        self, driver: Driver, database: Database, *, step: str, before: Before | None = None
    ) -> None:
        self._driver = driver
        self._database = database
        self._step = step
        self._before = before

    @property
    def serves_kubernetes(self) -> bool:
        """As the driver's."""
        return self._driver.serves_kubernetes

    @property
    def releases(self) -> "FaultyReleases":
        """As the driver's, each verb of which first shows a fault of the step."""
        return FaultyReleases(self._driver.releases, self._strike)

    @property
    def accounts(self) -> Accounts:
        """As the driver's: no step asks."""
        return self._driver.accounts

    async def versions(self, among: Sequence[str]) -> Sequence[str]:
        """As the driver does: no step asks."""
        return await self._driver.versions(among)

    async def health(self) -> Mapping[str, Health]:
        """As the driver does: no step asks."""
        return await self._driver.health()

    async def ensure_credentials(self, cluster: Cluster) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(cluster)
        await self._driver.ensure_credentials(cluster)

    async def ensure_control_plane(self, cluster: Cluster) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(cluster)
        await self._driver.ensure_control_plane(cluster)

    async def observe_control_plane(self, cluster: Cluster) -> ControlPlane:
        """As the driver does, unless a fault is due."""
        await self._strike(cluster)
        return await self._driver.observe_control_plane(cluster)

    async def stop_control_plane(self, cluster: Cluster) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(cluster)
        await self._driver.stop_control_plane(cluster)

    async def delete_cluster(self, cluster: Cluster) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(cluster)
        await self._driver.delete_cluster(cluster)

    async def ensure_node(self, node: Node) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(node.cluster)
        await self._driver.ensure_node(node)

    async def observe_node(self, node: Node) -> Machine:
        """As the driver does, unless a fault is due."""
        await self._strike(node.cluster)
        return await self._driver.observe_node(node)

    async def delete_node(self, node: Node) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(node.cluster)
        await self._driver.delete_node(node)

    async def kubeconfig(
        self, cluster: Cluster, *, user: str, lifetime_seconds: int, generation: int = 0
    ) -> Kubeconfig:
        """As the driver does, unless a fault is due."""
        await self._strike(cluster)
        return await self._driver.kubeconfig(
            cluster, user=user, lifetime_seconds=lifetime_seconds, generation=generation
        )

    async def revoke(self, cluster: Cluster, *, user: str, generation: int) -> None:
        """As the driver does: no step asks."""
        await self._driver.revoke(cluster, user=user, generation=generation)

    async def _strike(self, cluster: Cluster) -> None:
        """Raise the oldest armed fault of the step, counting it; do nothing without one.

        Raises DriverError or Unavailable with the fault's reason.
        """
        # A fault may be used up by another step between the two statements: then look for the next.
        while (fault := await self._find_armed(cluster)) is not None:
            async with self._database.transaction() as tx:
                taken = await _take(tx, fault.id)
            if taken:
                if fault.kind is Kind.ERROR:
                    raise DriverError(fault.reason, FAULTS[fault.blame])
                raise Unavailable(fault.reason)

    async def _find_armed(self, cluster: Cluster) -> Fault | None:
        here = {"step": self._step, "cluster": cluster.name, "project": cluster.project_id}
        async with self._database.reading() as tx:
            if self._before is not None:
                await self._before(tx)
            row = (await tx.execute(_ARMED, here)).one_or_none()
        return None if row is None else _fault(row)


class FaultyReleases:
    """The verbs for releases, as one step sees them."""

    def __init__(self, releases: Releases, strike: Callable[[Cluster], Awaitable[None]]) -> None:
        self._releases = releases
        self._strike = strike

    async def ensure(self, release: Release) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(release.named.cluster)
        await self._releases.ensure(release)

    async def observe(self, named: ReleaseName) -> Installed:
        """As the driver does, unless a fault is due."""
        await self._strike(named.cluster)
        return await self._releases.observe(named)

    async def delete(self, named: ReleaseName, *, hooks: bool = True) -> None:
        """As the driver does, unless a fault is due."""
        await self._strike(named.cluster)
        await self._releases.delete(named, hooks=hooks)


async def _take(tx: Tx, fault_id: int) -> bool:
    taken = (
        sa.update(faults)
        .where(faults.c.id == fault_id, faults.c.remaining > 0)
        .values(remaining=faults.c.remaining - 1)
        .returning(faults.c.id)
    )
    return (await tx.execute(taken)).one_or_none() is not None


async def load_faults(database: Database, path: Path | None) -> None:
    """Make the file's faults the only ones from a file. None means that there is no file.

    A fault that is loaded already keeps its count, so a restart does not arm it again; an edited
    entry is a new fault. Raises Malformed, naming entry and field.
    """
    asked = [] if path is None else await asyncio.to_thread(read, path)
    sources = list(_sources(asked))
    async with database.transaction() as tx:
        withdrawn = faults.c.source.is_not(None) & faults.c.source.not_in(sources)
        await tx.execute(sa.delete(faults).where(withdrawn))
        for source, entry in zip(sources, asked, strict=True):
            row = _values(entry) | {"source": source}
            await tx.execute(
                insert(faults).values(row).on_conflict_do_nothing(index_elements=["source"])
            )


def read(path: Path) -> list[FaultRequest]:
    """The faults that a YAML file lists. Raises Malformed, naming entry and field."""
    try:
        entries = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Malformed(str(path), f"The file of faults cannot be read: {error}") from error
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise Malformed(str(path), "Write a list of faults, each with step, reason and times.")
    return [_parse(f"{path}, entry {number}", entry) for number, entry in enumerate(entries, 1)]


def _parse(place: str, entry: Any) -> FaultRequest:
    try:
        return FaultRequest.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Malformed(f"{place}, {field}" if field else place, f"{first['msg']}.") from error


def _sources(entries: list[FaultRequest]) -> Iterator[str]:
    """What each entry is known by: its content and, among equal ones, its number."""
    seen: Counter[str] = Counter()
    for entry in entries:
        # Without what was not said: a file that is as it was must not be armed anew.
        unsaid = {"blame"} - entry.model_fields_set
        content = entry.model_dump_json(exclude=unsaid, by_alias=True)
        yield sha256(f"{seen[content]} {content}".encode()).hexdigest()
        seen[content] += 1


def _values(asked: FaultRequest) -> dict[str, Any]:
    return {
        "step": asked.step,
        "reason": asked.reason,
        "remaining": asked.times,
        "kind": asked.kind.value,
        "cluster": asked.cluster,
        "blame": asked.blame.value,
    }


def _fault(row: sa.Row[Any]) -> Fault:
    known = {"kind": Kind(row.kind), "blame": Blame(row.blame)}
    return Fault(**(dict(row._mapping) | known))
