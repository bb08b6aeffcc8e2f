"""What clients ask of the identity service: documents with snake_case keys."""

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from clusterwright.document import Document

METHODS = ("password", "token")
"""Identity methods that the server knows."""


class IdentityDocument(Document):
    """A document whose keys are the fields' own names."""

    model_config = ConfigDict(alias_generator=None)


class DomainReference(IdentityDocument):
    """A domain by id or name."""

    id: str | None = None
    name: str | None = None


class ProjectReference(IdentityDocument):
    """A project by id, or by name in the given domain, or by name in the user's own."""

    id: str | None = None
    name: str | None = None
    domain: DomainReference | None = None


class PasswordUser(IdentityDocument):
    """Who logs in."""

    id: str | None = None
    name: str | None = None
    domain: DomainReference | None = None
    password: str = Field(repr=False)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.id is None and (self.name is None or self.domain is None):
            raise ValueError("give the user's id, or its name and its domain")
        return self


class PasswordMethod(IdentityDocument):
    """The ``password`` method."""

    user: PasswordUser


class TokenMethod(IdentityDocument):
    """The ``token`` method."""

    id: str | None = Field(None, repr=False)
    duration_seconds: int = Field(900, ge=900, le=86400)


class Identity(IdentityDocument):
    """How the caller proves who it is."""

    methods: list[str]
    password: PasswordMethod | None = None
    token: TokenMethod | None = None
    policy: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_supported(self) -> Self:
        if len(self.methods) != 1 or self.methods[0] not in METHODS:
            raise ValueError(f"use exactly one of the methods {', '.join(METHODS)}")
        return self


class Scope(IdentityDocument):
    """What the token is for. Where both are given, the project wins (API reference, 2.1)."""

    project: ProjectReference | None = None
    domain: DomainReference | None = None


class Auth(IdentityDocument):
    """Identity and scope."""

    identity: Identity
    scope: Scope | Literal["unscoped"] | None = None


class TokenRequest(IdentityDocument):
    """``POST /v3/auth/tokens``."""

    auth: Auth

    @model_validator(mode="after")
    def _proves_identity(self) -> Self:
        identity = self.auth.identity
        if identity.methods == ["password"] and identity.password is None:
            raise ValueError("auth.identity.password is missing")
        if identity.methods == ["token"] and (identity.token is None or not identity.token.id):
            raise ValueError("auth.identity.token.id is missing")
        return self

    @model_validator(mode="after")
    def _names_its_scope(self) -> Self:
        scope = self.auth.scope
        if isinstance(scope, Scope):
            named = scope.project or scope.domain
            if named and named.id is None and named.name is None:
                part = "project" if scope.project else "domain"
                raise ValueError(f"give auth.scope.{part} an id or a name")
        return self


class SecurityTokenRequest(IdentityDocument):
    """``POST /v3.0/OS-CREDENTIAL/securitytokens``."""

    auth: Auth

    @model_validator(mode="after")
    def _is_a_token(self) -> Self:
        if self.auth.identity.methods != ["token"]:
            raise ValueError("auth.identity.methods must be token")
        return self

    @property
    def token(self) -> str:
        """The token that the key is to be made with; empty where the body has none."""
        token = self.auth.identity.token
        return (token.id if token else None) or ""

    @property
    def duration_seconds(self) -> int:
        """How long the new access key is to be valid."""
        token = self.auth.identity.token
        return token.duration_seconds if token else TokenMethod().duration_seconds
