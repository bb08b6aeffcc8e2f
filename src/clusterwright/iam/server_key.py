"""The key that signs tokens and seals secrets: where it is from, and that it is still the same."""

import secrets

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from clusterwright.iam import vault
from clusterwright.iam.store import access_keys
from clusterwright.iam.vault import Vault
from clusterwright.settings import Settings
from clusterwright.storage.database import Database, Tx, metadata

server_key = sa.Table(
    "server_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sealed", sa.Text, nullable=False),
)

# This insert compiles for SQLite too: "on conflict do nothing" is the same sentence there.
_KEEP = insert(server_key).values(id=1, sealed=sa.bindparam("text")).on_conflict_do_nothing()
_KNOWN = sa.union_all(sa.select(server_key.c.sealed), sa.select(access_keys.c.sealed_secret))


class KeyChanged(Exception):
    """The database's secrets were sealed with another key. The text tells what to do."""


def load(settings: Settings) -> bytes:
    """The setting, or a file made at the first start."""
    if not settings.secret_key:
        fresh = secrets.token_urlsafe(32).encode()
        return vault.private_file(settings.data / "secret.key", fresh).strip()
    return settings.secret_key.encode()


async def confirm(database: Database, key: bytes) -> None:
    """Make sure that ``key`` is the one that the database's secrets are sealed with.

    The first start seals a text of no meaning for all later ones. Raises KeyChanged.
    """
    async with database.reading() as tx:
        await check(tx, key)
        if (await tx.execute(sa.select(server_key.c.id))).first():
            return  # nearly every start: nothing to write, no disk to wait for
    async with database.transaction() as tx:
        await tx.execute(_KEEP, {"text": Vault(key).seal("clusterwright")})


async def check(tx: Tx, key: bytes) -> None:
    """Raises KeyChanged when the database's secrets are sealed with another key than this."""
    sealed: str | None = (await tx.execute(_KNOWN.limit(1))).scalar()
    if sealed is not None and not Vault(key).can_open(sealed):
        raise KeyChanged(
            "The secret key is not the one that this database's secrets are sealed with. Set"
            " CLUSTERWRIGHT_SECRET_KEY, or the file secret.key of the data folder, to the former"
            " one; docs/limits.md tells what to do when it is lost."
        )
