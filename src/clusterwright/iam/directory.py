"""What authentication knows: the identity rows in memory, so that no request reads them.

Every change made by this process is followed by ``refresh``; those of other processes are noticed
because it is called all the time. Refusals leave in the gateway's words; ``auth`` translates them.
"""

import math
import time
from collections.abc import Mapping
from typing import TypeVar

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.iam import store
from clusterwright.iam.caller import Caller
from clusterwright.iam.store import Domain, Project, User
from clusterwright.iam.tokens import Token
from clusterwright.iam.vault import Vault
from clusterwright.storage.database import Database, StorageUnavailable

Named = TypeVar("Named", Project, User)


class Directory:
    """The newest snapshot, and the questions that authentication asks it."""

    def __init__(self, key: bytes, *, trusted_seconds: float = 30.0) -> None:
        self.snapshot = store.NOTHING
        self.vault = Vault(key)
        """Opens the secrets of the snapshot's access keys."""
        self._trusted_seconds = trusted_seconds
        self._confirmed_at = -math.inf

    async def refresh(self, database: Database) -> None:
        """Read what has changed, if anything has. Raises StorageUnavailable."""
        began = time.monotonic()
        async with database.reading() as tx:
            known = self.snapshot
            if await store.revision(tx) != known.revision:
                loaded = await store.load(tx, known)
                # Of two refreshes at once, the one that saw less must not win by being last.
                if loaded.revision > self.snapshot.revision:
                    self.snapshot = loaded
        self._confirmed_at = max(began, self._confirmed_at)

    def check_confirmed(self) -> None:
        """Raises StorageUnavailable when a revocation may have been missed.

        No answer is better than one to somebody who should get none.
        """
        if time.monotonic() - self._confirmed_at > self._trusted_seconds:
            raise StorageUnavailable("Users and keys were not confirmed for too long.")

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
        """The user of a token. Raises ApiError when the token no longer works."""
        self.check_chain(token.chain)
        user = self.snapshot.users.get(token.user_id)
        if user is None or not _has_password(user, token):
            raise ApiError(
                errors.TOKEN_EXPIRED,
                "The token's user is gone or has changed its password. Ask for a new one.",
            )
        return user

    def check_chain(self, chain: str) -> None:
        """Raises ApiError when a chain of tokens was revoked."""
        if chain in self.snapshot.revoked:
            raise ApiError(errors.TOKEN_EXPIRED, "The token was revoked. Ask for a new one.")

    def caller(self, user: User, project_id: str, expires_at: int, chain: str = "") -> Caller:
        """The user as a caller in one of its projects, or in its domain where the id is empty.

        Raises ApiError when the user, the domain or the project may not be used, and
        StorageUnavailable when what is known of them is too old to be trusted.
        """
        self.check_confirmed()
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
            chain=chain,
        )


def _has_password(user: User, token: Token) -> bool:
    """Whether a token was issued for the password that its user has now."""
    if token.password:
        return token.password == user.password_changed_at
    return token.issued_at >= user.password_changed_at  # of a release whose tokens do not say


def _of_domain(records: Mapping[str, Named], domain_id: str) -> list[Named]:
    mine = (record for record in records.values() if record.domain_id == domain_id)
    return sorted(mine, key=lambda record: record.name)
