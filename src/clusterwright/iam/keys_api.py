"""Permanent access keys, which users make for themselves and administrators for all."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.clock import now
from clusterwright.errors import ApiError
from clusterwright.iam import answers, dialect, documents, store, vault
from clusterwright.iam.account_wire import KeyRequest, KeyUpdate
from clusterwright.iam.caller import Caller
from clusterwright.iam.dialect import Authenticated, Known, change
from clusterwright.iam.directory import Directory
from clusterwright.iam.store import AccessKey
from clusterwright.storage import limits
from clusterwright.storage.database import Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, json_response

router = dialect.router()

PATH = "/v3.0/OS-CREDENTIAL/credentials"
Access = Annotated[str, Path(max_length=128)]


@router.post(
    PATH,
    operation_id="CreatePermanentAccessKey",
    summary="Create a permanent access key",
    **described(answers.KeyAnswer, status=201),
)
async def create(
    request: Request,
    caller: Authenticated,
    directory: Known,
    asked: Annotated[KeyRequest, Depends(Body(KeyRequest))],
) -> Response:
    """Create a key that signs requests at once. Its secret is told now and never again."""
    user_id = asked.credential.user_id
    dialect.check_lasting(caller)
    _check_may(caller, directory, user_id)
    secret = vault.new_secret_key()
    key = AccessKey(
        access_key=vault.new_access_key(),
        user_id=user_id,
        sealed_secret=directory.vault.seal(secret),
        description=asked.credential.description or "",
        created_at=now(),
    )

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        if await store.get(tx, store.User, user_id) is None:
            raise dialect.missing("user", user_id)
        there = await store.count(tx, AccessKey, user_id=user_id, expires_at=0)
        dialect.check_quota(there, limits.KEYS_OF_USER, "permanent access keys of the user")
        await store.add(tx, key)

    await change(request, work)
    told = documents.access_key(key) | {"secret": secret}
    return json_response({"credential": told}, 201)


@router.get(
    PATH,
    operation_id="ListPermanentAccessKeys",
    summary="List a user's permanent access keys",
    **described(answers.KeysAnswer),
)
async def list_all(
    caller: Authenticated,
    directory: Known,
    user_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """List the keys of a user, or the caller's own, without their secrets."""
    owner = user_id or caller.user_id
    _check_may(caller, directory, owner)
    keys = directory.snapshot.access_keys.values()
    mine = [key for key in keys if key.user_id == owner and not key.expires_at]
    mine.sort(key=lambda key: (key.created_at, key.access_key))
    return json_response({"credentials": [documents.access_key(key) for key in mine]})


@router.get(
    PATH + "/{access_key}",
    operation_id="ShowPermanentAccessKey",
    summary="Show a permanent access key",
    **described(answers.KeyAnswer),
)
async def show(caller: Authenticated, directory: Known, access_key: Access) -> Response:
    """Show a key, without its secret."""
    key = _known(caller, directory, access_key)
    return json_response({"credential": documents.access_key(key)})


@router.put(
    PATH + "/{access_key}",
    operation_id="UpdatePermanentAccessKey",
    summary="Change a permanent access key",
    **described(answers.KeyAnswer),
)
async def update(
    request: Request,
    caller: Authenticated,
    directory: Known,
    access_key: Access,
    asked: Annotated[KeyUpdate, Depends(Body(KeyUpdate))],
) -> Response:
    """Describe a key anew, or let it be used or not: an inactive key signs nothing."""
    key = _known(caller, directory, access_key)
    wanted = asked.credential
    changes: dict[str, Any] = {}
    if wanted.status == "active":
        dialect.check_lasting(caller)
    if wanted.status is not None:
        changes["enabled"] = wanted.status == "active"
    if wanted.description is not None:
        changes["description"] = wanted.description

    async def work(tx: Tx) -> None:
        await store.change(tx, key, **changes)

    await change(request, work)
    return json_response({"credential": documents.access_key(replace(key, **changes))})


@router.delete(
    PATH + "/{access_key}",
    status_code=204,
    operation_id="DeletePermanentAccessKey",
    summary="Delete a permanent access key",
)
async def delete(
    request: Request, caller: Authenticated, directory: Known, access_key: Access
) -> Response:
    """Delete a key: from now on it signs nothing."""
    key = _known(caller, directory, access_key)

    async def work(tx: Tx) -> None:
        await store.remove(tx, key)

    await change(request, work)
    return Response(status_code=204)


def _check_may(caller: Caller, known: Directory, user_id: str) -> None:
    """Raises ApiError for a user whose keys are not the caller's business."""
    dialect.user_of(caller, known, user_id)
    if user_id != caller.user_id and not dialect.is_administrator(caller, known):
        raise ApiError(
            errors.IAM_FORBIDDEN,
            "The access keys of other users are managed by administrators of the domain.",
        )


def _known(caller: Caller, known: Directory, access_key: str) -> AccessKey:
    """A permanent key that is the caller's business. Raises ApiError."""
    key = known.snapshot.access_keys.get(access_key)
    owner = known.snapshot.users.get(key.user_id) if key and not key.expires_at else None
    if key is None or owner is None or owner.domain_id != caller.domain_id:
        raise dialect.missing("access key", access_key)
    _check_may(caller, known, owner.id)
    return key
