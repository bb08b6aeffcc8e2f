"""Clusters as rows: the client's spec as it was sent, beside the few columns that we search by.

A project's names and container ranges are claimed and freed by whoever holds its row of
``cluster_quotas``, which is locked before any cluster (docs/architecture.md, The order of locks).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.cce.offers import AUTOPILOT_FLAVOR
from clusterwright.storage import facts, projects
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import parts, unhurried

clusters = sa.Table(
    "clusters",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("alias", sa.String(128), nullable=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("phase", sa.String(32), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False),
    sa.Column("driver", sa.String(32), nullable=False),
    sa.Column("masters", sa.JSON, nullable=False),
    sa.Column("endpoint", sa.String(256), nullable=False),
    sa.Column("eip", sa.JSON, nullable=False),
    sa.Column("credentials", sa.Integer, nullable=False),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("spec", BoundedJSON("spec"), nullable=False),
    sa.Column("configuration", BoundedJSON("spec.packages")),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)

# Names and aliases are unique together (API reference, 4.1), so they share one table.
cluster_names = sa.Table(
    "cluster_names",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column(
        "cluster_uid",
        sa.ForeignKey("clusters.uid", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)

# Routes of a VPC, which clusters of a project share: held by whoever holds the project's row.
cluster_ranges = sa.Table(
    "cluster_ranges",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("cidr", sa.String(18), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("vpc", sa.String(64), nullable=False),
    sa.Index("ix_cluster_ranges_project_id", "project_id", "vpc"),
)


class ClusterPhase(StrEnum):
    """The words of ``status.phase`` (API reference, 4.5)."""

    CREATING = "Creating"
    AVAILABLE = "Available"
    UNAVAILABLE = "Unavailable"
    SCALING_UP = "ScalingUp"
    SCALING_DOWN = "ScalingDown"
    DELETING = "Deleting"
    UPGRADING = "Upgrading"
    RESIZING = "Resizing"
    ROLLING_BACK = "RollingBack"
    ROLLBACK_FAILED = "RollbackFailed"
    HIBERNATING = "Hibernating"
    HIBERNATION = "Hibernation"
    AWAKING = "Awaking"
    EMPTY = "Empty"
    ERROR = "Error"


STEADY = (ClusterPhase.AVAILABLE, ClusterPhase.SCALING_UP, ClusterPhase.SCALING_DOWN)
"""Phases in which a cluster works, and what is in it may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One stored cluster."""

    uid: str
    project_id: str
    name: str
    alias: str
    type: str
    version: str
    phase: ClusterPhase
    reason: str
    job_uid: str
    """The job that last worked, or works, on the whole cluster."""
    driver: str
    masters: Sequence[str]
    """Ids of the control-plane servers, chosen at creation because the job tree names them."""
    endpoint: str
    """``https://address:port`` of the API server, empty until it is known."""
    eip: dict[str, str] = field(default_factory=dict)
    """``id`` and ``address`` of the public address bound to the API server; empty without one."""
    credentials: int = 0
    """Which generation of certificates the cluster has; a rotation makes the next one."""
    timezone: str
    spec: dict[str, Any]
    configuration: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was configured of the control plane's components since: values by component and name."""
    created_at: int
    updated_at: int

    @property
    def autopilot(self) -> bool:
        """Whether only the paths below ``/autopilot`` know the cluster."""
        return bool(self.spec["flavor"] == AUTOPILOT_FLAVOR)

    @property
    def public_endpoint(self) -> str:
        """``https://address:port`` of the API server for the world; empty without an address."""
        if not (self.endpoint and self.eip):
            return ""
        return f"https://{self.eip['address']}:{self.endpoint.rpartition(':')[2]}"


_INSERT = sa.insert(clusters)
_CLAIM_NAMES = sa.insert(cluster_names)
_RANGES_IN_VPC = sa.select(cluster_ranges.c.cidr).where(
    cluster_ranges.c.project_id == sa.bindparam("project"),
    cluster_ranges.c.vpc == sa.bindparam("network"),
    cluster_ranges.c.cluster_uid != sa.bindparam("but"),
)
_KEEP_RANGES = sa.insert(cluster_ranges)
_FORGET_RANGES = sa.delete(cluster_ranges).where(
    cluster_ranges.c.cluster_uid == sa.bindparam("cluster")
)
_GET = sa.select(clusters).where(
    clusters.c.uid == sa.bindparam("uid"), clusters.c.project_id == sa.bindparam("project_id")
)
_GET_LOCKED = _GET.with_for_update()
_FIND = (
    sa.select(clusters)
    .where(clusters.c.project_id == sa.bindparam("project"))
    .order_by(clusters.c.created_at, clusters.c.uid)
)
_AS_SENT = [
    sa.cast(column, sa.Text).label("spec") if column is clusters.c.spec else column
    for column in clusters.c
    if column is not clusters.c.configuration
]
_SHOWN = tuple(column.name for column in _AS_SENT)


class NameTaken(Exception):
    """Another cluster of the project has this name or alias."""


async def insert(tx: Tx, cluster: Cluster) -> None:
    """Add a cluster, in a project that was held for one more. Raises NameTaken."""
    await tx.execute(_INSERT, facts.columns(cluster))
    await _claim_names(tx, cluster)


async def _claim_names(tx: Tx, cluster: Cluster) -> None:
    names = dict.fromkeys((cluster.name, cluster.alias))
    try:
        await tx.execute(
            _CLAIM_NAMES,
            [
                {"project_id": cluster.project_id, "name": name, "cluster_uid": cluster.uid}
                for name in names
            ],
        )
    except IntegrityError:
        raise NameTaken from None


async def ranges_in_vpc(tx: Tx, vpc: str, *, project_id: str, but: str = "") -> list[str]:
    """The container ranges that are routes of this VPC, in a project that is held.

    Those of the cluster ``but`` are left out.
    """
    asked = {"project": project_id, "network": vpc, "but": but}
    return list((await tx.execute(_RANGES_IN_VPC, asked)).scalars())


async def keep_ranges(tx: Tx, cluster: Cluster, vpc: str, ranges: Sequence[str]) -> None:
    """Make these the only routes that the cluster has in a VPC, in a project that is held."""
    await tx.execute(_FORGET_RANGES, {"cluster": cluster.uid})
    await add_ranges(tx, cluster, vpc, ranges)


async def add_ranges(tx: Tx, cluster: Cluster, vpc: str, ranges: Sequence[str]) -> None:
    """Give a cluster that has none these routes in a VPC, in a project that is held."""
    if ranges:
        await tx.execute(
            _KEEP_RANGES,
            [
                {
                    "cluster_uid": cluster.uid,
                    "cidr": cidr,
                    "project_id": cluster.project_id,
                    "vpc": vpc,
                }
                for cidr in ranges
            ],
        )


async def are_taken(tx: Tx, project_id: str, names: Iterable[str]) -> bool:
    """Whether some cluster of the project holds one of these names."""
    query = sa.select(sa.func.count()).where(
        cluster_names.c.project_id == project_id, cluster_names.c.name.in_(list(names))
    )
    return bool((await tx.execute(query)).scalar_one())


async def get(tx: Tx, uid: str, *, project_id: str, lock: bool = False) -> Cluster | None:
    """The cluster of this project, or None; with ``lock`` nobody else changes it meanwhile."""
    query = _GET_LOCKED if lock else _GET
    row = (await tx.execute(query, {"uid": uid, "project_id": project_id})).one_or_none()
    return _cluster(row) if row else None


async def find(tx: Tx, *, project_id: str) -> list[Cluster]:
    """The clusters of a project in the order of their creation."""
    rows = await tx.execute(_FIND, {"project": project_id})
    return [_cluster(row) async for row in unhurried(rows)]


async def listed(
    tx: Tx,
    *,
    project_id: str,
    autopilot: bool,
    phase: str = "",
    type: str = "",
    version: str = "",
) -> list[Cluster]:
    """As ``find``, of one kind and filtered by what is not empty, to be shown and nothing else.

    What clients have sent is in them as JSON, which is not taken apart and put together again.
    """
    query = _listing(by_phase=bool(phase), by_type=bool(type), by_version=bool(version))
    asked: dict[str, Any] = {"project": project_id, "autopilot": autopilot}
    asked |= {"phase": phase} if phase else {}
    asked |= {"type": type} if type else {}
    if version:
        words = version.replace("/", "//").replace("%", "/%").replace("_", "/_")
        asked |= {"version": version, "minor": f"{words}."}
    rows = await tx.execute(query, asked)
    return [_shown(row) async for row in unhurried(rows)]


@cache
def _listing(*, by_phase: bool, by_type: bool, by_version: bool) -> sa.Select[Any]:
    """The statement that finds clusters by what is asked for, built once for each choice."""
    wanted = [
        clusters.c.project_id == sa.bindparam("project"),
        sa.case((clusters.c.spec["flavor"].as_string() == AUTOPILOT_FLAVOR, True), else_=False)
        == sa.bindparam("autopilot", type_=sa.Boolean),
    ]
    if by_phase:
        wanted.append(clusters.c.phase == sa.bindparam("phase"))
    if by_type:
        wanted.append(clusters.c.type == sa.bindparam("type"))
    if by_version:
        begins = clusters.c.version.startswith(sa.bindparam("minor"), escape="/")
        wanted.append(sa.or_(clusters.c.version == sa.bindparam("version"), begins))
    return sa.select(*_AS_SENT).where(*wanted).order_by(clusters.c.created_at, clusters.c.uid)


async def update(tx: Tx, uid: str, **values: Any) -> None:
    """Change columns of a cluster."""
    await tx.execute(facts.changing(clusters, tuple(values), "uid"), values | {"of_uid": uid})


async def set_in_spec(tx: Tx, cluster: Cluster, **fields: str | None) -> None:
    """Set fields of the spec that the server decides itself; None takes a field out.

    That is done however large the rest has become.
    """
    kept = {key: value for key, value in (cluster.spec | fields).items() if value is not None}
    spec = sa.type_coerce(kept, sa.JSON)
    await tx.execute(sa.update(clusters).where(clusters.c.uid == cluster.uid).values(spec=spec))


async def rename(tx: Tx, cluster: Cluster) -> None:
    """Make the cluster's name and alias the only names it holds, in a project that is held.

    Raises NameTaken.
    """
    await tx.execute(sa.delete(cluster_names).where(cluster_names.c.cluster_uid == cluster.uid))
    await _claim_names(tx, cluster)


async def settle(tx: Tx, uid: str, *, job_uid: str, **values: Any) -> None:
    """Change columns of a cluster if it is still this job's; a later job has its own say."""
    statement = facts.changing(clusters, tuple(values), "uid", "job_uid")
    await tx.execute(statement, values | {"of_uid": uid, "of_job_uid": job_uid})


async def observe(tx: Tx, uid: str, *, seen_at: int, **values: Any) -> None:
    """Change columns of a cluster that no job has changed since it was looked at (ns)."""
    idle = clusters.c.phase.in_((ClusterPhase.AVAILABLE, ClusterPhase.UNAVAILABLE))
    as_seen = clusters.c.updated_at <= seen_at
    await tx.execute(
        sa.update(clusters).where(clusters.c.uid == uid, idle, as_seen).values(**values)
    )


async def reasons(tx: Tx, uids: Iterable[str], *, phase: ClusterPhase) -> dict[str, str]:
    """The reasons of those of these clusters that are in a phase."""
    found: dict[str, str] = {}
    async for part in parts(uids):
        rows = await tx.execute(
            sa.select(clusters.c.uid, clusters.c.reason).where(
                clusters.c.uid.in_(part), clusters.c.phase == phase
            )
        )
        found |= {row.uid: row.reason for row in rows}
    return found


async def remove(tx: Tx, uid: str, *, project_id: str) -> None:
    """Forget a cluster. Forgetting an unknown one does nothing."""
    await projects.hold(tx, project_id)
    gone = await tx.execute(
        sa.delete(clusters)
        .where(clusters.c.uid == uid, clusters.c.project_id == project_id)
        .returning(clusters.c.uid)
    )
    if gone.one_or_none() is not None:
        await projects.hold(tx, project_id, adding=-1)


def _cluster(row: Any) -> Cluster:
    return facts.read(Cluster, row, phase=ClusterPhase(row.phase))


def _shown(row: Any) -> Cluster:
    values = dict(zip(_SHOWN, row, strict=True))
    values["spec"] = msgspec.Raw(values["spec"].encode())
    values["phase"] = ClusterPhase(values["phase"])
    return Cluster(**values)
