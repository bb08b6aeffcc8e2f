"""Gives tokens to those who prove who they are.

Unknown user, wrong password and disabled user are told apart neither by the answer nor by its time.
"""

import logging
import math
from dataclasses import replace
from typing import NamedTuple

from clusterwright import errors
from clusterwright.clock import now
from clusterwright.errors import ApiError
from clusterwright.iam import passwords, store
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.brake import Guesses
from clusterwright.iam.passwords import Crowded, Hashers
from clusterwright.iam.store import User
from clusterwright.iam.tokens import Token
from clusterwright.iam.wire import DomainReference, PasswordUser, ProjectReference, TokenRequest
from clusterwright.storage.database import Database, StorageUnavailable

log = logging.getLogger(__name__)

_SHOWN = 100
"""Characters of a user's name that a log line shows."""


class Origin(NamedTuple):
    """Where a request is from."""

    address: str
    request_id: str


class Throttled(ApiError):
    """Too many passwords are tried. ``retry_after`` tells in how many seconds to try again."""

    def __init__(self, detail: str, seconds: float) -> None:
        self.retry_after = max(1, math.ceil(seconds))
        super().__init__(errors.IAM_THROTTLED, f"{detail} Try again in {self.retry_after} s.")


class Login:
    """Issues the tokens that an authenticator will accept. Use ``close`` when done."""

    def __init__(
        self,
        authenticator: Authenticator,
        database: Database,
        *,
        lifetime_hours: float,
        guesses: Guesses | None = None,
    ) -> None:
        self._guesses = guesses or Guesses()
        self._hashers = Hashers()
        self._authenticator = authenticator
        self._database = database
        self._directory = authenticator.directory
        self._tokens = authenticator.tokens
        self._lifetime = round(lifetime_hours * 3600 * 1_000_000_000)

    def close(self) -> None:
        """Check no more passwords."""
        self._hashers.close()

    async def log_in(self, asked: TokenRequest, origin: Origin) -> tuple[str, Token]:
        """A new token for who asks: its text, and what it says. Raises ApiError.

        A token made from a token ends when that one does: a stolen one cannot live for ever.
        """
        identity = asked.auth.identity
        if identity.password is not None and identity.methods == ["password"]:
            user = await self._by_password(identity.password.user, origin)
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

    async def hash(self, password: str) -> str:
        """What is kept of a password. Raises ApiError when too many are being checked."""
        try:
            async with self._hashers.turn():
                return await self._hashers.run(passwords.hash_password, password)
        except Crowded as error:
            raise Throttled("Many others are logging in.", 1) from error

    async def prove(self, asked: PasswordUser, origin: Origin) -> User:
        """The user whose password was given. Raises ApiError, and counts what is wrong."""
        return await self._by_password(asked, origin)

    def _given(self, text: str | None) -> Token:
        self._authenticator.by_token(text or "")
        return self._tokens.read(text or "")

    async def _by_password(self, asked: PasswordUser, origin: Origin) -> User:
        """The user whose password was given. Every refusal is told to the log in one line."""
        try:
            return await self._check(asked, origin.address)
        except ApiError as refusal:
            # The address is before what the client wrote itself, for programs that look for it.
            facts = {
                "address": origin.address,
                "request": origin.request_id,
                "code": refusal.error.code,
                "user": (asked.id or asked.name or "")[:_SHOWN],
            }
            log.warning("refusing a log-in", extra=facts)
            raise

    async def _check(self, asked: PasswordUser, address: str) -> User:
        name = self._counted_as(asked)
        self._brake(name, address)
        try:
            async with self._hashers.turn():
                self._brake(name, address)  # others may have failed while this one waited
                user = self._find(asked)
                right = await self._hashers.run(
                    passwords.check_password, asked.password, user.password_hash if user else None
                )
                # Hashing takes a while: a password changed meanwhile must not give a token.
                found = self._find(asked)
                if not (user and right and _is_same(user, found) and self._may_log_in(user)):
                    self._guesses.failed(name, address)
                    raise ApiError(errors.IAM_WRONG_PASSWORD)
                self._guesses.succeeded(name, address)
                fresh = await self._outdated(user, asked.password)
        except Crowded as error:
            raise Throttled("Many others are logging in.", 1) from error
        if fresh:
            await self._rehash(user, fresh)
        return user

    def _brake(self, name: str, address: str) -> None:
        """Raises Throttled while a user or an address has to wait for its next try."""
        if seconds := self._guesses.seconds(name, address):
            raise Throttled("Too many wrong passwords were given.", seconds)

    def _counted_as(self, asked: PasswordUser) -> str:
        """One name for all the ways to ask for one user, whether it exists or not."""
        if user := self._find(asked):
            return f"id {user.id}"
        if asked.id is not None:
            return f"id {asked.id}"
        where = asked.domain or DomainReference()
        domain = self._directory.domain(id=where.id, name=where.name)
        return f"name {domain.id if domain else (where.id, where.name)} {asked.name}"

    async def _outdated(self, user: User, password: str) -> str:
        """A new hash of a password whose stored one is outdated; empty otherwise."""
        if not passwords.is_outdated(user.password_hash):
            return ""
        return await self._hashers.run(passwords.hash_password, password)

    async def _rehash(self, user: User, fresh: str) -> None:
        """Store a user's new hash. Failing to is no reason to refuse."""
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
