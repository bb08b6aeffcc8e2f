"""Add-ons and checks of add-ons as rows; a deleted cluster takes them with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import parts, unhurried

addons = sa.Table(
    "addons",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("installed_version", sa.String(64), nullable=False),
    sa.Column("previous_version", sa.String(64), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False),
    sa.Column("annotations", BoundedJSON("metadata.annotations", limits.LABELS), nullable=False),
    sa.Column("labels", BoundedJSON("metadata.labels", limits.LABELS), nullable=False),
    sa.Column("parameters", BoundedJSON("spec.values"), nullable=False),
    sa.Column("previous_parameters", BoundedJSON("spec.values"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("given_name", sa.String(128), nullable=False, server_default=sa.text("''")),
    sa.Column("alias", sa.String(128), nullable=False, server_default=sa.text("''")),
    sa.UniqueConstraint("cluster_uid", "name"),
)

addon_checks = sa.Table(
    "addon_checks",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column(
        "cluster_uid",
        sa.ForeignKey("clusters.uid", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("addon_uid", sa.String(36), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("target_version", sa.String(64), nullable=False),
    sa.Column("risk", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)


class AddonStatus(StrEnum):
    """The words of ``status.status`` (API reference, 7)."""

    INSTALLING = "installing"
    RUNNING = "running"
    AVAILABLE = "available"
    """A part of it runs."""
    ABNORMAL = "abnormal"
    INSTALL_FAILED = "installFailed"
    UPGRADING = "upgrading"
    UPGRADE_FAILED = "upgradeFailed"
    ROLLING_BACK = "rollbacking"
    ROLLBACK_FAILED = "rollbackFailed"
    DELETING = "deleting"
    DELETE_FAILED = "deleteFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """One add-on of a cluster."""

    uid: str
    project_id: str
    cluster_uid: str
    name: str
    """The template's name; a cluster has each add-on once."""
    version: str
    """The version that is wanted."""
    installed_version: str
    """The version that is there; empty before the first one is."""
    previous_version: str
    """The version to roll back to, or empty."""
    status: AddonStatus
    reason: str
    job_uid: str
    """The job that last worked, or works, on the add-on; empty for one that came with its
    cluster.
    """
    annotations: dict[str, str]
    labels: dict[str, str]
    parameters: dict[str, Any]
    """``spec.values`` as sent."""
    previous_parameters: dict[str, Any]
    created_at: int
    updated_at: int
    given_name: str = ""
    alias: str = ""
    """``metadata.name`` and ``metadata.alias`` as sent; empty where they are the template's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finished check of an add-on."""

    uid: str
    project_id: str
    cluster_uid: str
    addon_uid: str
    name: str
    type: str
    target_version: str
    risk: str
    """What was found wrong, or empty."""
    created_at: int


_INSERT = sa.insert(addons)


class Installed(Exception):
    """The cluster has this add-on already."""


async def insert(tx: Tx, *rows: Addon) -> None:
    """Add add-ons to a cluster. Raises Installed."""
    try:
        await tx.execute(_INSERT, [facts.columns(row) for row in rows])
    except IntegrityError:
        raise Installed from None


async def get(tx: Tx, uid: str, *, project_id: str, lock: bool = False) -> Addon | None:
    """The add-on of this project, or None; with ``lock`` nobody else changes it meanwhile."""
    query = sa.select(addons).where(addons.c.uid == uid, addons.c.project_id == project_id)
    row = (await tx.execute(query.with_for_update() if lock else query)).one_or_none()
    return _addon(row) if row else None


async def find(tx: Tx, cluster_uid: str, *, project_id: str, lock: bool = False) -> list[Addon]:
    """The add-ons of a cluster in the order of their names; ``lock`` as in ``get``."""
    query = (
        sa.select(addons)
        .where(addons.c.cluster_uid == cluster_uid, addons.c.project_id == project_id)
        .order_by(addons.c.name)
    )
    rows = await tx.execute(query.with_for_update() if lock else query)
    return [_addon(row) for row in rows]


async def installed(
    tx: Tx, cluster_uids: Sequence[str], *, project_id: str
) -> list[tuple[str, str, str, AddonStatus]]:
    """Cluster, name, version and status of the add-ons of many clusters, by name."""
    found = []
    async for part in parts(cluster_uids):
        rows = await tx.execute(
            sa.select(addons.c.cluster_uid, addons.c.name, addons.c.version, addons.c.status)
            .where(addons.c.cluster_uid.in_(part), addons.c.project_id == project_id)
            .order_by(addons.c.name)
        )
        found += [(row.cluster_uid, row.name, row.version, AddonStatus(row.status)) for row in rows]
    return found


async def of_clusters(
    tx: Tx, cluster_uids: Iterable[str], *, states: Sequence[AddonStatus]
) -> list[Addon]:
    """The add-ons of many clusters that are in one of these states."""
    found = []
    async for part in parts(cluster_uids):
        query = sa.select(addons).where(addons.c.cluster_uid.in_(part), addons.c.status.in_(states))
        found += [_addon(row) for row in await tx.execute(query)]
    return found


async def follow(tx: Tx, uid: str, *, states: Sequence[AddonStatus], **values: Any) -> None:
    """Change columns of an add-on that still is in one of these states."""
    still = addons.c.status.in_(states)
    await tx.execute(sa.update(addons).where(addons.c.uid == uid, still).values(**values))


async def update(tx: Tx, uid: str, **values: Any) -> None:
    """Change columns of an add-on."""
    await tx.execute(sa.update(addons).where(addons.c.uid == uid).values(**values))


async def settle(tx: Tx, uid: str, *, job_uid: str, **values: Any) -> None:
    """Change columns of an add-on if it is still this job's to settle."""
    await tx.execute(
        sa.update(addons).where(addons.c.uid == uid, addons.c.job_uid == job_uid).values(**values)
    )


async def of_job(tx: Tx, job_uid: str, *, status: AddonStatus) -> list[Addon]:
    """The add-ons that a job last worked on and that are in this state, locked."""
    mine = (addons.c.job_uid == job_uid, addons.c.status == status)
    rows = await tx.execute(
        sa.select(addons).where(*mine).order_by(addons.c.name).with_for_update()
    )
    return [_addon(row) for row in rows]


async def remove(tx: Tx, uid: str) -> None:
    """Forget an add-on. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(addons).where(addons.c.uid == uid))


async def insert_checks(tx: Tx, checks: list[Check]) -> None:
    """Keep finished checks."""
    await tx.execute(
        sa.insert(addon_checks),
        [facts.columns(check) for check in checks],
    )


async def forget_checks(tx: Tx, cluster_uid: str, *, before: int, keep: int) -> None:
    """Forget the checks of a cluster from before a time (ns), and all but the newest ``keep``."""
    mine = addon_checks.c.cluster_uid == cluster_uid
    newest = (
        sa.select(addon_checks.c.uid)
        .where(mine)
        .order_by(addon_checks.c.created_at.desc(), addon_checks.c.uid)
        .limit(keep)
    )
    await tx.execute(
        sa.delete(addon_checks).where(
            mine, (addon_checks.c.created_at < before) | addon_checks.c.uid.not_in(newest)
        )
    )


async def find_checks(
    tx: Tx,
    cluster_uid: str,
    *,
    project_id: str,
    since: int,
    type: str = "",
    uid: str = "",
    addon_uid: str = "",
) -> list[Check]:
    """The checks of a cluster since a time (ns), newest first, filtered by what is not empty."""
    query = sa.select(addon_checks).where(
        addon_checks.c.cluster_uid == cluster_uid,
        addon_checks.c.project_id == project_id,
        addon_checks.c.created_at >= since,
    )
    for column, wanted in (("type", type), ("uid", uid), ("addon_uid", addon_uid)):
        if wanted:
            query = query.where(addon_checks.c[column] == wanted)
    rows = await tx.execute(query.order_by(addon_checks.c.created_at.desc(), addon_checks.c.uid))
    return [facts.read(Check, row) async for row in unhurried(rows)]


def _addon(row: Any) -> Addon:
    return facts.read(Addon, row, status=AddonStatus(row.status))
