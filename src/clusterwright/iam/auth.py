"""Turns a request into a Caller: by token or by signature, from memory alone.

A token wins over a signature, because a program that adds ``X-Auth-Token`` through the Python SDK
sends both and means the token; an empty Authorization header counts as absent (client notes, A3).
"""

import hmac
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request

from clusterwright import errors
from clusterwright.clock import now, timestamp
from clusterwright.errors import ApiError
from clusterwright.iam import plain_signature, signature, vault
from clusterwright.iam.caller import Caller
from clusterwright.iam.directory import Directory
from clusterwright.iam.signature import Claim, SignatureError
from clusterwright.iam.store import AccessKey, Snapshot
from clusterwright.iam.tokens import TokenError, TokenExpiredError, Tokens
from clusterwright.web import idempotency
from clusterwright.web.server import given

Scope = MutableMapping[str, Any]
Headers = dict[bytes, bytes]
Credentials = str | tuple[str, str]
CREDENTIALS = (b"x-auth-token", b"authorization", b"x-security-token", b"x-project-id")
"""The headers that ``Authenticator.confirm`` reads."""

# /api/v3/projects/{project_id}/… of this service; /v1/{project_id}/… of the services beside it.
_PROJECT_PATH = re.compile(
    r"/(?:(?:api|autopilot|cce|clusterwright)/v[\d.]+/projects/(?P<named>[^/]+)"
    r"|(?:cce/)?v[\d.]+/(?P<plain>[0-9a-f]{32}))(?:/|$)"
)
_CCE_V5 = "/v5/imagecaches"
_AUTOPILOT = "/autopilot/"
_KEPT = 4096
"""Callers that are remembered at a time."""
_GLOBAL = ("/v1.0/enterprise-projects",)
"""Paths of services that belong to a whole domain: Terraform names no project there."""
_IDENTITY = {
    errors.BAD_CREDENTIALS: errors.IAM_UNAUTHENTICATED,
    errors.TOKEN_EXPIRED: errors.IAM_INVALID_TOKEN,
    errors.FORBIDDEN: errors.IAM_FORBIDDEN,
    errors.PROJECT_UNAVAILABLE: errors.IAM_FORBIDDEN,
    errors.NOT_SUPPORTED: errors.IAM_NOT_SUPPORTED,
    errors.CONTENT_TYPE: errors.IAM_INVALID_BODY,
}


def is_identity(path: str) -> bool:
    """Whether a path belongs to the identity service."""
    if path.startswith(_CCE_V5):
        return False
    return path.startswith(("/v3", "/v5")) and not _PROJECT_PATH.match(path)


def _is_of_a_domain(path: str) -> bool:
    """Whether a caller without a project may ask for a path."""
    return is_identity(path) or path.startswith(_GLOBAL)


def in_dialect(refusal: ApiError, path: str) -> ApiError:
    """``refusal`` in the words of the path's service (API reference, 8.3 and 8.4)."""
    spoken = _IDENTITY.get(refusal.error) if is_identity(path) else None
    return ApiError(spoken, refusal.detail) if spoken else refusal


class Authenticator:
    """Knows who sent a request. Reads no database; awaits only the body of a signed request."""

    def __init__(self, directory: Directory, tokens: Tokens) -> None:
        self.directory = directory
        self.tokens = tokens
        # One tuple, because a thread beside the loop reads both.
        self._kept: tuple[Snapshot, dict[Credentials, Caller]] = (directory.snapshot, {})

    async def authenticate(self, scope: Scope, read_body: Callable[[], Awaitable[bytes]]) -> Caller:
        """Who sent this request. Raises ApiError."""
        headers: Headers = dict(scope["headers"])
        try:
            if token := _token(headers):
                found = self.by_token(token)
            elif authorization := _authorization(headers):
                found = await self._by_signature(authorization, headers, scope, read_body)
            else:
                raise ApiError(
                    errors.BAD_CREDENTIALS,
                    "x-auth-token not found. Send X-Auth-Token or sign the request.",
                )
            if not found.project_id and not _is_of_a_domain(scope["path"]):
                raise ApiError(
                    errors.FORBIDDEN,
                    "The request is scoped to a domain. Use a token of a project, or X-Project-Id.",
                )
        except ApiError as refusal:
            if is_identity(scope["path"]):
                raise in_dialect(refusal, scope["path"]) from refusal
            raise
        return found

    def confirm(self, scope: Scope) -> None:
        """Make sure that the credentials of a request, good when it came, have not ended since.

        A signature is good for a while only, its key until it is not. Raises ApiError, and
        StorageUnavailable when it cannot be told.
        """
        headers: Headers = dict(scope["headers"])
        if token := _token(headers):
            self.by_token(token)
            return
        try:
            _, key = self._claimed(_authorization(headers))
        except SignatureError as error:
            raise ApiError(errors.BAD_CREDENTIALS, str(error)) from error
        self._by_key(key, headers, scope["path"])

    def by_token(self, text: str) -> Caller:
        """The caller that a token stands for. Raises ApiError."""
        return self._known(text) or self._keep(text, self._resolve_token(text))

    def at_hand(self, scope: Scope, headers: Headers) -> Caller | None:
        """Who sent a request without a body, where it was resolved before; None says nothing.

        It may be called in any thread: what it reads never changes or is replaced as a whole, and
        it keeps nothing. ``headers`` are those of ``scope``, none of them twice.
        """
        if token := headers.get(b"x-auth-token"):
            return self._known(token.decode("latin-1"))
        sent = plain_signature.read(headers.get(b"authorization", b""))
        if sent is None:
            return None
        key = self.directory.snapshot.access_keys.get(sent.form.access_key)
        if key is None or not key.enabled or key.expires_at:
            return None
        secret = self.directory.vault.open(key.sealed_secret)
        if not plain_signature.is_right(
            sent, secret, path=scope["raw_path"], headers=headers, now=now()
        ):
            return None
        return self._known(_credentials(key, headers, scope["path"]))

    def _known(self, credentials: Credentials) -> Caller | None:
        """Whom these credentials stood for in this very snapshot, if they have not ended since.

        Credentials are the text of a token, or a key that has just proven itself and a project.
        """
        snapshot, callers = self._kept
        found = callers.get(credentials)
        if found is None or snapshot is not self.directory.snapshot:
            return None
        if 0 < found.expires_at <= now():
            return None
        self.directory.check_confirmed()
        return found

    def _keep(self, credentials: Credentials, caller: Caller) -> Caller:
        snapshot, callers = self._kept
        if snapshot is not self.directory.snapshot:
            callers = {}
            self._kept = (self.directory.snapshot, callers)
        elif len(callers) >= _KEPT:
            del callers[next(iter(callers))]
        callers[credentials] = caller
        return caller

    def _resolve_token(self, text: str) -> Caller:
        try:
            token = self.tokens.read(text)
        except TokenExpiredError as error:
            until = timestamp(error.expires_at)
            raise ApiError(errors.BAD_CREDENTIALS, f"token expires, expires_at: {until}") from error
        except TokenError as error:
            raise ApiError(errors.BAD_CREDENTIALS, "decrypt token fail") from error
        user = self.directory.owner(token)
        return self.directory.caller(user, token.project_id, token.expires_at, token.chain)

    async def _by_signature(
        self,
        authorization: str,
        headers: Headers,
        scope: Scope,
        read_body: Callable[[], Awaitable[bytes]],
    ) -> Caller:
        try:
            claim, key = self._claimed(authorization)
            self._verify(claim, key, scope, await read_body())
        except SignatureError as error:
            raise ApiError(errors.BAD_CREDENTIALS, str(error)) from error
        return self._by_key(key, headers, scope["path"])

    def _by_key(self, key: AccessKey, headers: Headers, path: str) -> Caller:
        if key.expires_at:
            _check_temporary(key, headers)
            self.directory.check_chain(key.chain)
        credentials = _credentials(key, headers, path)
        if known := self._known(credentials):
            return known
        user = self.directory.snapshot.users[key.user_id]
        found = self.directory.caller(user, credentials[1], key.expires_at, key.chain)
        return self._keep(credentials, replace(found, temporary=bool(key.expires_at)))

    def _claimed(self, authorization: str) -> tuple[Claim, AccessKey]:
        """What a signature claims, and the key that it names. Raises SignatureError."""
        claim = signature.parse(authorization)
        key = self.directory.snapshot.access_keys.get(claim.access_key)
        if key is None or not key.enabled:
            raise SignatureError(f"Get secretKey failed,ak:{claim.access_key},err:ak not exist")
        return claim, key

    def _verify(self, claim: Claim, key: AccessKey, scope: Scope, body: bytes) -> None:
        """Make sure that a request was signed with this key. Raises SignatureError."""
        signature.verify(
            claim,
            self.directory.vault.open(key.sealed_secret),
            method=scope["method"],
            path=scope["raw_path"].partition(b"?")[0],
            query=scope["query_string"],
            headers=scope["headers"],
            body=body,
            now=now(),
        )


def _authorization(headers: Headers) -> str:
    """The header of that name; an empty one is none."""
    return headers.get(b"authorization", b"").strip().decode("latin-1")


def _token(headers: Headers) -> str:
    """The token that was sent, in either header; empty for none."""
    if token := headers.get(b"x-auth-token"):
        return token.decode("latin-1")
    kind, _, bearer = _authorization(headers).partition(" ")
    return bearer.strip() if kind.lower() == "bearer" else ""


def _check_temporary(key: AccessKey, headers: Headers) -> None:
    sent = vault.digest(headers.get(b"x-security-token", b"").decode("latin-1"))
    if not hmac.compare_digest(sent, key.security_token_hash):
        raise ApiError(
            errors.BAD_CREDENTIALS,
            "The access key is temporary. Send the X-Security-Token that came with it.",
        )
    if key.expires_at <= now():
        raise ApiError(
            errors.BAD_CREDENTIALS,
            f"The temporary access key ended at {timestamp(key.expires_at)}. Ask for a new one.",
        )


def _credentials(key: AccessKey, headers: Headers, path: str) -> tuple[str, str]:
    """A key, and the project that a request is for."""
    named = headers.get(b"x-project-id", b"").decode("latin-1")
    return key.access_key, named or _project_of(path)


def _project_of(path: str) -> str:
    found = _PROJECT_PATH.match(path)
    return (found["named"] or found["plain"]) if found else ""


def check_project(caller: Caller, project_id: str) -> None:
    """Make sure that the caller acts in this project. Raises ApiError."""
    if caller.project_id != project_id:
        raise ApiError(
            errors.FORBIDDEN,
            "The credentials are for another project than the one in the path.",
        )


authenticator = given(Authenticator)


async def caller(request: Request) -> Caller:
    """Who sent the request: a dependency of every route that is not anonymous."""
    found = await (await authenticator(request)).authenticate(request.scope, request.body)
    await idempotency.begin(request, project_id=found.project_id, user_id=found.user_id)
    return replace(found, autopilot=True) if request.url.path.startswith(_AUTOPILOT) else found


async def project_caller(request: Request, project_id: str) -> Caller:
    """Who sent the request, certainly in the project of the path."""
    found = await caller(request)
    check_project(found, project_id)
    return found


Anyone = Annotated[Caller, Depends(caller)]
Member = Annotated[Caller, Depends(project_caller)]
"""What routes write to ask for a caller: in any project, or in the project of the path."""
