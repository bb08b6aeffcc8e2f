"""Gives tokens to those who prove who they are.

Unknown user, wrong password and disabled user are told apart neither by the answer nor by its time.
"""

import asyncio
import logging
from dataclasses import replace

from clusterwright import errors
from clusterwright.database import Database, StorageUnavailable
from clusterwright.errors import ApiError
from clusterwright.iam import passwords, store
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.store import User
from clusterwright.iam.tokens import Token
from clusterwright.iam.wire import DomainReference, PasswordUser, ProjectReference, TokenRequest
from clusterwright.wire import now

log = logging.getLogger(__name__)


class Login:
    """Issues the tokens that an authenticator will accept."""

    def __init__(
        self, authenticator: Authenticator, database: Database, *, lifetime_hours: float
    ) -> None:
        self._authenticator = authenticator
        self._database = database
        self._directory = authenticator.directory
        self._tokens = authenticator.tokens
        self._lifetime = round(lifetime_hours * 3600 * 1_000_000_000)

    async def log_in(self, asked: TokenRequest) -> tuple[str, Token]:
        """A new token for who asks: its text, and what it says. Raises ApiError.

        A token made from a token ends when that one does: a stolen one cannot live for ever.
        """
        identity = asked.auth.identity
        if identity.password is not None and identity.methods == ["password"]:
            user = await self._by_password(identity.password.user)
            methods: tuple[str, ...] = ("password",)
            expires_at, first = now() + self._lifetime, ""
        else:
            given = self._given(identity.token.id if identity.token else None)
            user = self._directory.owner(given)
            methods = tuple(dict.fromkeys(("token", *given.methods)))
            expires_at, first = given.expires_at, given.chain
        project_id = self._project_in_scope(asked, user)
        self._directory.caller(user, project_id, expires_at)
        return self._tokens.issue(
            user_id=user.id,
            domain_id=user.domain_id,
            project_id=project_id,
            methods=methods,
            expires_at=expires_at,
            password=user.password_changed_at,
            first=first,
        )

    def _given(self, text: str | None) -> Token:
        self._authenticator.by_token(text or "")
        return self._tokens.read(text or "")

    async def _by_password(self, asked: PasswordUser) -> User:
        user = self._find(asked)
        right = await asyncio.to_thread(
            passwords.check_password, asked.password, user.password_hash if user else None
        )
        # Hashing takes a while: a password changed meanwhile must not give a token any more.
        found = self._find(asked)
        if user is None or not right or not _is_same(user, found) or not self._may_log_in(user):
            raise ApiError(errors.IAM_WRONG_PASSWORD)
        if passwords.is_outdated(user.password_hash):
            await self._rehash(user, asked.password)
        return user

    async def _rehash(self, user: User, password: str) -> None:
        """Hash a user's password as new ones are hashed. Failing to is no reason to refuse."""
        fresh = await asyncio.to_thread(passwords.hash_password, password)
        try:
            async with self._database.transaction() as tx:
                await store.rehash(tx, user.id, user.password_hash, fresh)
            await self._directory.refresh(self._database)
        except StorageUnavailable as error:
            log.warning("keeping an old hash", extra={"user": user.id, "reason": str(error)})

    def _find(self, asked: PasswordUser) -> User | None:
        if asked.id is not None:
            return self._directory.snapshot.users.get(asked.id)
        where = asked.domain or DomainReference()
        domain = self._directory.domain(id=where.id, name=where.name)
        if domain is None:
            return None
        return next((u for u in self._directory.users(domain.id) if u.name == asked.name), None)

    def _may_log_in(self, user: User) -> bool:
        return user.enabled and self._directory.snapshot.domains[user.domain_id].enabled

    def _project_in_scope(self, asked: TokenRequest, user: User) -> str:
        """The project that a token is asked for; empty for the domain. Raises ApiError."""
        scope = asked.auth.scope
        if scope is None or isinstance(scope, str):
            return ""
        if scope.project is not None:
            return self._project(scope.project, user)
        if scope.domain is not None:
            self._check_own(scope.domain, user)
        return ""

    def _project(self, asked: ProjectReference, user: User) -> str:
        if asked.id is not None:
            return asked.id
        if asked.domain is not None:
            self._check_own(asked.domain, user)
        for project in self._directory.projects(user.domain_id):
            if project.name == asked.name:
                return project.id
        raise ApiError(
            errors.IAM_FORBIDDEN, f"Your domain has no project named {asked.name}. Name another."
        )

    def _check_own(self, asked: DomainReference, user: User) -> None:
        domain = self._directory.domain(id=asked.id, name=asked.name)
        if domain is None or domain.id != user.domain_id:
            raise ApiError(errors.IAM_FORBIDDEN, "The scope must be in the user's own domain.")


def _is_same(user: User, found: User | None) -> bool:
    """Whether this is still the user whose password was checked; its hash may have been renewed."""
    return found is not None and replace(found, password_hash=user.password_hash) == user
