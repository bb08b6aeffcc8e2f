"""What authentication knows: the identity rows in memory, so that no request reads them.

Every change made by this process is followed by ``refresh``; changes of other processes are noticed
by ``keep_fresh``. Refusals leave in the gateway's words; ``auth`` translates them.
"""

import asyncio
import logging
from typing import TypeVar

from clusterwright import errors
from clusterwright.database import Database, StorageUnavailable
from clusterwright.errors import ApiError
from clusterwright.iam import store
from clusterwright.iam.caller import Caller
from clusterwright.iam.store import Domain, Project, Snapshot, User
from clusterwright.iam.tokens import Token
from clusterwright.iam.vault import Vault

log = logging.getLogger(__name__)

Named = TypeVar("Named", Project, User)

_EMPTY = Snapshot(
    revision=-1, domains={}, projects={}, users={}, access_keys={}, revoked=frozenset()
)


class Directory:
    """The newest snapshot, and the questions that authentication asks it."""

    def __init__(self, key: bytes) -> None:
        self.snapshot = _EMPTY
        self.vault = Vault(key)
        """Opens the secrets of the snapshot's access keys."""

    async def refresh(self, database: Database) -> None:
        """Read everything again if anything changed. Raises StorageUnavailable."""
        async with database.reading() as tx:
            if await store.revision(tx) == self.snapshot.revision:
                return
            loaded = await store.load(tx)
        # Of two refreshes at once, the one that saw less must not win by being last.
        if loaded.revision > self.snapshot.revision:
            self.snapshot = loaded

    def domain(self, *, id: str | None, name: str | None) -> Domain | None:
        """A domain by its id, or by its name where no id is given."""
        if id is not None:
            return self.snapshot.domains.get(id)
        return next((d for d in self.snapshot.domains.values() if d.name == name), None)

    def projects(self, domain_id: str) -> list[Project]:
        """The projects of a domain by name."""
        return _of_domain(self.snapshot.projects, domain_id)

    def users(self, domain_id: str) -> list[User]:
        """The users of a domain by name."""
        return _of_domain(self.snapshot.users, domain_id)

    def owner(self, token: Token) -> User:
        """The user of a token. Raises ApiError when the token is good no more."""
        if token.id in self.snapshot.revoked:
            raise ApiError(errors.TOKEN_EXPIRED, "The token was revoked. Ask for a new one.")
        user = self.snapshot.users.get(token.user_id)
        if user is None or user.password_changed_at > token.issued_at:
            raise ApiError(
                errors.TOKEN_EXPIRED,
                "The token's user is gone or has changed its password. Ask for a new one.",
            )
        return user

    def caller(self, user: User, project_id: str, expires_at: int) -> Caller:
        """The user as a caller in one of its projects, or in its domain where the id is empty.

        Raises ApiError when the user, the domain or the project may not be used.
        """
        domain = self.snapshot.domains[user.domain_id]
        if not (user.enabled and domain.enabled):
            raise ApiError(errors.BAD_CREDENTIALS, "The user or its domain is disabled.")
        if project_id:
            project = self.snapshot.projects.get(project_id)
            if project is None or project.domain_id != domain.id:
                raise ApiError(
                    errors.FORBIDDEN,
                    "The project does not exist in your domain. GET /v3/auth/projects lists yours.",
                )
            if not project.enabled:
                raise ApiError(errors.PROJECT_UNAVAILABLE, "The project is disabled.")
        return Caller(
            user_id=user.id,
            user_name=user.name,
            domain_id=domain.id,
            domain_name=domain.name,
            project_id=project_id,
            expires_at=expires_at,
        )


def _of_domain(records: dict[str, Named], domain_id: str) -> list[Named]:
    mine = (record for record in records.values() if record.domain_id == domain_id)
    return sorted(mine, key=lambda record: record.name)


async def keep_fresh(
    directory: Directory, database: Database, interval_seconds: float = 0.5
) -> None:
    """Notice the changes of other processes, until cancelled.

    While the database does not answer, the last snapshot stays in use.
    """
    reachable = True
    while True:
        try:
            await directory.refresh(database)
            reachable = True
        except StorageUnavailable:
            if reachable:
                log.warning("keeping the last known users and keys", exc_info=True)
            reachable = False
        await asyncio.sleep(interval_seconds)
