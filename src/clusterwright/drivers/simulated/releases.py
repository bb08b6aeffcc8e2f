"""Releases of simulated clusters: rendered by Helm where it is on this host, and recorded.

Without Helm a release is a record without manifests. Each revision is a row that says when it will
be ready, so that an earlier one can be gone back to; a deleted release is gone after a while.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from clusterwright.drivers import causes, helm
from clusterwright.drivers.contract import DriverError, Installed, Release, ReleaseName
from clusterwright.drivers.helm import Helm
from clusterwright.drivers.simulated import draws, store
from clusterwright.storage import limits
from clusterwright.storage.database import Database, Tx, metadata

releases = sa.Table(
    "simulated_releases",
    metadata,
    sa.Column(
        "cluster_uid", sa.ForeignKey("simulated_clusters.uid", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("namespace", sa.String(63), primary_key=True),
    sa.Column("name", sa.String(53), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("manifests", sa.Text, nullable=False),
    sa.Column("ready_at", sa.BigInteger, nullable=False),
    sa.Column("gone_at", sa.BigInteger),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revision:
    cluster_uid: str
    namespace: str
    name: str
    revision: int
    manifests: str
    ready_at: int
    gone_at: int | None = None


class SimulatedReleases:
    """The verbs for releases, over rows."""

    def __init__(
        self,
        database: Database,
        helm: Helm,
        *,
        duration: Callable[[float], int],
        clock: Callable[[], int],
    ) -> None:
        """``duration`` tells the nanoseconds that some seconds take at the driver's pace."""
        self._database = database
        self._helm = helm
        self._duration = duration
        self._clock = clock

    async def ensure(self, release: Release) -> None:
        """Record the revision, rendered. Raises DriverError for what cannot be rendered."""
        named = release.named
        async with self._database.reading() as tx:
            before = await _find(tx, named, self._clock())
        if any(each.revision == release.revision for each in before):
            return
        manifests = await self._manifests(release, before)
        async with self._database.transaction() as tx:
            held = await store.hold(tx, named.cluster.uid)
            if held is None or held.gone_at is not None:
                raise DriverError(f"The cluster {named.cluster.name} does not exist.", causes.GONE)
            await _forget_gone(tx, named, self._clock())
            await _forget(tx, named, releases.c.gone_at.is_not(None))
            # Looked at again: now nobody else adds one.
            if any(each.revision == release.revision for each in await _find(tx, named, 0)):
                return
            now = self._clock()
            made = _Revision(
                cluster_uid=named.cluster.uid,
                namespace=named.namespace,
                name=named.name,
                revision=release.revision,
                manifests=manifests,
                ready_at=now + self._duration(draws.RELEASE),
            )
            await tx.execute(sa.insert(releases).values(asdict(made)))
            old = releases.c.revision <= release.revision - limits.KEPT_REVISIONS
            await _forget(tx, named, old)

    async def _manifests(self, release: Release, before: list[_Revision]) -> str:
        if release.back_to:
            for each in before:
                if each.revision == release.back_to:
                    return each.manifests
            raise DriverError(
                f"Revision {release.back_to} is not kept any more.", causes.REVISION_GONE
            )
        if not await self._helm.is_here():
            return ""
        return await self._helm.render(
            helm.Chart(release.archive, release.values),
            name=release.named.name,
            namespace=release.named.namespace,
            version=release.named.cluster.version,
            hooks=release.hooks,
        )

    async def observe(self, named: ReleaseName) -> Installed:
        """Tell of the newest revision."""
        now = self._clock()
        async with self._database.reading() as tx:
            found = await _find(tx, named, now)
        if not found:
            return Installed(exists=False)
        newest = found[-1]
        return Installed(
            exists=True,
            ready=newest.gone_at is None and newest.ready_at <= now,
            number=newest.revision,
            manifests=newest.manifests,
        )

    async def delete(self, named: ReleaseName, *, hooks: bool = True) -> None:
        """Give all revisions a time to be gone, and forget those whose time has come."""
        now = self._clock()
        async with self._database.transaction() as tx:
            await store.hold(tx, named.cluster.uid)
            await tx.execute(
                sa.update(releases)
                .where(*_is(named), releases.c.gone_at.is_(None))
                .values(gone_at=now + self._duration(draws.RELEASE_DELETION))
            )
            await _forget_gone(tx, named, now)


async def _find(tx: Tx, named: ReleaseName, now: int) -> list[_Revision]:
    """The revisions that are not gone, the newest last."""
    rows = await tx.execute(
        sa.select(releases)
        .where(*_is(named), releases.c.gone_at.is_(None) | (releases.c.gone_at > now))
        .order_by(releases.c.revision)
    )
    return [_Revision(**row._mapping) for row in rows]


async def _forget_gone(tx: Tx, named: ReleaseName, now: int) -> None:
    """Forget whatever is gone by now in the cluster: nobody else does."""
    mine = releases.c.cluster_uid == named.cluster.uid
    await tx.execute(sa.delete(releases).where(mine, releases.c.gone_at <= now))


async def _forget(tx: Tx, named: ReleaseName, which: sa.ColumnElement[bool]) -> None:
    await tx.execute(sa.delete(releases).where(*_is(named), which))


def _is(named: ReleaseName) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        releases.c.cluster_uid == named.cluster.uid,
        releases.c.namespace == named.namespace,
        releases.c.name == named.name,
    )
