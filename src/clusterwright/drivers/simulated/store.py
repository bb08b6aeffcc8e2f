"""The simulation's rows. A machine is ready, and what is deleted is gone, once its time has passed.

Private keys are sealed in the rows. Those of earlier releases are in clear until ``seal_clear``.

A cluster's row is the lock of everything below it: whoever adds to a cluster holds the row first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import sqlalchemy as sa

# This insert compiles for SQLite too: "on conflict do nothing" is the same sentence there.
from sqlalchemy.dialects.postgresql import insert

from clusterwright.drivers.certificates import Pair
from clusterwright.storage import limits
from clusterwright.storage.database import Tx, metadata

_CLEAR = "-----BEGIN"

clusters = sa.Table(
    "simulated_clusters",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("gone_at", sa.BigInteger, index=True),
)

machines = sa.Table(
    "simulated_machines",
    metadata,
    sa.Column("uid", sa.String(64), primary_key=True),
    sa.Column(
        "cluster_uid", sa.ForeignKey("simulated_clusters.uid", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("ordinal", sa.Integer),
    sa.Column("server_id", sa.String(64), nullable=False),
    sa.Column("private_ip", sa.String(15), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("ready_at", sa.BigInteger, nullable=False),
    sa.Column("gone_at", sa.BigInteger),
    sa.Column("version", sa.String(32), nullable=False, server_default=sa.text("''")),
    sa.Column("version_before", sa.String(32), nullable=False, server_default=sa.text("''")),
    sa.Column("upgraded_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("cluster_uid", "private_ip"),
)

certificates = sa.Table(
    "simulated_certificates",
    metadata,
    sa.Column(
        "cluster_uid", sa.ForeignKey("simulated_clusters.uid", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("role", sa.String(16), primary_key=True),
    sa.Column("credentials", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("user_name", sa.String(64), primary_key=True),
    sa.Column("lifetime_seconds", sa.BigInteger, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("certificate", sa.Text, nullable=False),
    sa.Column("private_key", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCluster:
    """A cluster and the seed it was begun with, which it keeps when the server gets another."""

    uid: str
    seed: int
    gone_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMachine:
    """A server: a master, counted by ``ordinal``, or a node, where that is None. Times in ns."""

    uid: str
    cluster_uid: str
    ordinal: int | None
    server_id: str
    private_ip: str
    created_at: int
    ready_at: int
    gone_at: int | None = None
    version: str = ""
    """The one that a master was told to run; empty for nodes, and for masters of old releases."""
    version_before: str = ""
    """What it runs until ``upgraded_at``."""
    upgraded_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateKey:
    """Which of a cluster's certificates: the authority's, the server's or one client's."""

    cluster_uid: str
    role: str
    credentials: int = 0
    """The generation of the authority that it is, or is signed by."""
    user_name: str = ""
    lifetime_seconds: int = 0
    generation: int = 0


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate and when it expires, in ns."""

    pair: Pair
    expires_at: int


# Built once, because every cluster runs them: building one costs more than running it.
_ENSURE = insert(clusters).on_conflict_do_nothing().returning(clusters)
_FORGET_GONE = sa.delete(clusters).where(
    clusters.c.uid.in_(
        sa.select(clusters.c.uid)
        .where(clusters.c.gone_at <= sa.bindparam("now"))
        .with_for_update(skip_locked=True)
    )
)
_MASTERS = (
    sa.select(machines)
    .where(machines.c.cluster_uid == sa.bindparam("cluster"), machines.c.ordinal.is_not(None))
    .order_by(machines.c.ordinal)
)
_FIND = sa.select(clusters).where(clusters.c.uid == sa.bindparam("which"))
_HOLD = _FIND.with_for_update()
_MACHINE = sa.select(machines).where(machines.c.uid == sa.bindparam("which"))
_TAKEN = sa.select(machines.c.uid).where(
    machines.c.cluster_uid == sa.bindparam("cluster"), machines.c.private_ip == sa.bindparam("ip")
)
_ADD_MACHINES = sa.insert(machines)
_RETIRE_MACHINE = (
    sa.update(machines)
    .where(machines.c.uid == sa.bindparam("which"), machines.c.gone_at.is_(None))
    .values(gone_at=sa.bindparam("gone_at"))
)
_UPGRADE_MACHINE = (
    sa.update(machines)
    .where(machines.c.uid == sa.bindparam("which"))
    .values({name: sa.bindparam(name) for name in ("version", "version_before", "upgraded_at")})
)
_FORGET_GONE_MACHINES = sa.delete(machines).where(
    machines.c.uid.in_(
        sa.select(machines.c.uid)
        .where(
            machines.c.cluster_uid == sa.bindparam("cluster"),
            machines.c.gone_at <= sa.bindparam("now"),
        )
        .with_for_update(skip_locked=True)
    )
)


# The key's fields as parameters that no column is named like, as an update or insert demands.
_OF_KEY: dict[str, sa.BindParameter[Any]] = {
    name: sa.bindparam(f"the_{name}") for name in CertificateKey.__dataclass_fields__
}
_IS_KEY = [certificates.c[name] == value for name, value in _OF_KEY.items()]
_OF_USER = [certificates.c[n] == _OF_KEY[n] for n in ("cluster_uid", "role", "user_name")]
_CREDENTIALS = sa.select(certificates).where(
    certificates.c.cluster_uid == sa.bindparam("cluster"),
    certificates.c.credentials == sa.bindparam("generation"),
    (certificates.c.role == "authority") | (certificates.c.role == "server"),
    certificates.c.user_name == "",
)
_SERVER_CERTIFICATE = sa.select(certificates.c.certificate).where(
    certificates.c.cluster_uid == sa.bindparam("cluster"),
    certificates.c.credentials == sa.bindparam("generation"),
    certificates.c.role == "server",
)
_CERTIFICATE = sa.select(certificates).where(*_IS_KEY)
_FORGET_OUTDATED = sa.delete(certificates).where(
    certificates.c.cluster_uid == _OF_KEY["cluster_uid"],
    sa.and_(*_IS_KEY)
    | (certificates.c.expires_at <= sa.bindparam("now"))
    | (certificates.c.credentials < _OF_KEY["credentials"] - 1)
    | (
        (certificates.c.user_name == _OF_KEY["user_name"])
        & (certificates.c.generation < _OF_KEY["generation"])
    ),
)
_ADD_CERTIFICATE = sa.insert(certificates)
_MADE_AT = certificates.c.expires_at - certificates.c.lifetime_seconds * 1_000_000_000
_FORGET_UNUSED = sa.delete(certificates).where(
    *_OF_USER,
    sa.tuple_(certificates.c.credentials, certificates.c.lifetime_seconds).not_in(
        sa.select(certificates.c.credentials, certificates.c.lifetime_seconds)
        .where(*_OF_USER)
        .order_by(_MADE_AT.desc())
        .limit(sa.bindparam("most"))
    ),
)


class Seal(Protocol):
    """What makes private keys mean nothing to whoever reads the rows alone."""

    def seal(self, secret: str, /) -> str:
        """A secret as text to store."""

    def open(self, sealed: str, /) -> str:
        """The secret in a stored text."""


async def hold(tx: Tx, uid: str) -> SimulatedCluster | None:
    """The cluster, nobody else's until this transaction ends; None for an unknown one."""
    row = (await tx.execute(_HOLD, {"which": uid})).one_or_none()
    return None if row is None else SimulatedCluster(**row._mapping)


async def find(tx: Tx, uid: str) -> SimulatedCluster | None:
    """The cluster as it is now, nobody's; None for an unknown one."""
    row = (await tx.execute(_FIND, {"which": uid})).one_or_none()
    return None if row is None else SimulatedCluster(**row._mapping)


async def ensure(tx: Tx, uid: str, *, seed: int) -> tuple[SimulatedCluster | None, bool]:
    """As ``hold``, of a row that is made if there is none, which is told too.

    One that exists keeps its seed.
    """
    row = (await tx.execute(_ENSURE, {"uid": uid, "seed": seed, "gone_at": None})).one_or_none()
    if row is None:
        return await hold(tx, uid), False
    return SimulatedCluster(**row._mapping), True


async def retire(tx: Tx, uid: str, *, gone_at: int) -> None:
    """Give a cluster and its machines a time to be gone, and forget its certificates now."""
    await tx.execute(sa.update(clusters).where(clusters.c.uid == uid).values(gone_at=gone_at))
    await tx.execute(
        sa.update(machines)
        .where(
            machines.c.cluster_uid == uid,
            machines.c.gone_at.is_(None) | (machines.c.gone_at > gone_at),
        )
        .values(gone_at=gone_at)
    )
    await tx.execute(sa.delete(certificates).where(certificates.c.cluster_uid == uid))


async def forget_gone(tx: Tx, now: int) -> None:
    """Remove the rows of clusters that are gone, except those another transaction works on."""
    await tx.execute(_FORGET_GONE, {"now": now})


async def machine(tx: Tx, uid: str) -> SimulatedMachine | None:
    """The machine, gone or not; None for an unknown one."""
    row = (await tx.execute(_MACHINE, {"which": uid})).one_or_none()
    return None if row is None else _machine(row)


async def masters(tx: Tx, cluster_uid: str) -> list[SimulatedMachine]:
    """A cluster's masters, gone or not, the first one first."""
    return [_machine(row) for row in await tx.execute(_MASTERS, {"cluster": cluster_uid})]


async def is_taken(tx: Tx, cluster_uid: str, private_ip: str) -> bool:
    """Whether a machine of the cluster has this address."""
    found = await tx.execute(_TAKEN, {"cluster": cluster_uid, "ip": private_ip})
    return found.first() is not None


async def add_machines(tx: Tx, added: Iterable[SimulatedMachine]) -> None:
    """Store new machines of a held cluster."""
    if rows := [asdict(one) for one in added]:
        await tx.execute(_ADD_MACHINES, rows)


async def upgrade_machine(tx: Tx, upgraded: SimulatedMachine) -> None:
    """Store what a master of a held cluster runs, and from when on."""
    values = {
        "which": upgraded.uid,
        "version": upgraded.version,
        "version_before": upgraded.version_before,
        "upgraded_at": upgraded.upgraded_at,
    }
    await tx.execute(_UPGRADE_MACHINE, values)


async def retire_machine(tx: Tx, uid: str, *, gone_at: int) -> None:
    """Give a machine a time to be gone, unless it has one."""
    await tx.execute(_RETIRE_MACHINE, {"which": uid, "gone_at": gone_at})


async def forget_gone_machines(tx: Tx, cluster_uid: str, now: int) -> None:
    """Remove a cluster's gone machines, except those another transaction works on."""
    await tx.execute(_FORGET_GONE_MACHINES, {"cluster": cluster_uid, "now": now})


async def certificate(tx: Tx, key: CertificateKey, seal: Seal) -> StoredCertificate | None:
    """A certificate, expired or not; None when there is none."""
    row = (await tx.execute(_CERTIFICATE, _parameters(key))).one_or_none()
    return None if row is None else _stored(row, seal)


def _stored(row: Any, seal: Seal) -> StoredCertificate:
    stored: str = row.private_key
    private_key = stored if stored.startswith(_CLEAR) else seal.open(stored)
    return StoredCertificate(Pair(row.certificate, private_key), row.expires_at)


async def credentials(tx: Tx, key: CertificateKey, seal: Seal) -> dict[str, StoredCertificate]:
    """A cluster's own certificates of one generation, by role; ``key`` names one of them."""
    which = {"cluster": key.cluster_uid, "generation": key.credentials}
    return {row.role: _stored(row, seal) for row in await tx.execute(_CREDENTIALS, which)}


async def server_certificate(tx: Tx, cluster_uid: str, generation: int) -> str | None:
    """The certificate of a cluster's API server, of one generation, or None."""
    which = {"cluster": cluster_uid, "generation": generation}
    found: str | None = (await tx.execute(_SERVER_CERTIFICATE, which)).scalar_one_or_none()
    return found


async def authorities(tx: Tx, cluster_uid: str, seal: Seal) -> tuple[Pair, ...]:
    """The authorities of a cluster whose certificates are good, the older one first."""
    rows = await tx.execute(
        sa.select(certificates)
        .where(certificates.c.cluster_uid == cluster_uid, certificates.c.role == "authority")
        .order_by(certificates.c.credentials)
    )
    return tuple(Pair(row.certificate, seal.open(row.private_key)) for row in rows)


async def is_client(tx: Tx, cluster_uid: str, user: str, certificate: str) -> bool:
    """Whether a user of a cluster has this certificate."""
    found = await tx.execute(
        sa.select(certificates.c.certificate).where(
            certificates.c.cluster_uid == cluster_uid,
            certificates.c.role == "client",
            certificates.c.user_name == user,
        )
    )
    return certificate in {row.certificate for row in found}


async def seal_clear(tx: Tx, seal: Seal) -> None:
    """Seal the private keys that an earlier release stored in clear."""
    clear = sa.select(certificates).where(certificates.c.private_key.startswith(_CLEAR))
    for row in (await tx.execute(clear.with_for_update(skip_locked=True))).mappings().all():
        mine = [column == row[column.name] for column in certificates.primary_key]
        sealed = seal.seal(row["private_key"])
        await tx.execute(sa.update(certificates).where(*mine).values(private_key=sealed))


async def keep(
    tx: Tx, key: CertificateKey, new: StoredCertificate, seal: Seal, *, now: int
) -> None:
    """Store a held cluster's certificate in place of the old one, and forget outdated ones."""
    await forget_outdated(tx, key, now=now)
    await add_certificates(tx, {key: new}, seal)
    if key.lifetime_seconds:  # each that is asked for makes one; only the last made are of use
        most = {"most": limits.KEPT_CERTIFICATES}
        await tx.execute(_FORGET_UNUSED, _parameters(key) | most)


async def forget_outdated(tx: Tx, key: CertificateKey, *, now: int) -> None:
    """Forget a held cluster's certificate, what has expired, and what is of an older generation."""
    await tx.execute(_FORGET_OUTDATED, _parameters(key) | {"now": now})


async def add_certificates(
    tx: Tx, new: Mapping[CertificateKey, StoredCertificate], seal: Seal
) -> None:
    """Store certificates that a held cluster has not."""
    rows = [
        asdict(key)
        | {
            "certificate": each.pair.certificate,
            "private_key": seal.seal(each.pair.key),
            "expires_at": each.expires_at,
        }
        for key, each in new.items()
    ]
    if rows:
        await tx.execute(_ADD_CERTIFICATE, rows)


async def revoke(tx: Tx, cluster_uid: str, *, user: str, generation: int) -> None:
    """Forget a user's certificates of earlier generations, of a held cluster."""
    of_user = (certificates.c.cluster_uid == cluster_uid, certificates.c.user_name == user)
    earlier = certificates.c.generation < generation
    await tx.execute(sa.delete(certificates).where(*of_user, earlier))


def _parameters(key: CertificateKey) -> dict[str, Any]:
    return {f"the_{name}": value for name, value in asdict(key).items()}


def _machine(row: sa.Row[Any]) -> SimulatedMachine:
    return SimulatedMachine(**row._mapping)
