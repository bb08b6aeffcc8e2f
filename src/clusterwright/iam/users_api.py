"""Users that clients read, make, change and delete."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.clock import now
from clusterwright.errors import ApiError
from clusterwright.iam import answers, dialect, documents, passwords, store
from clusterwright.iam.account_wire import (
    PasswordUpdate,
    UserRequest,
    UserToCreate,
    UserToUpdate,
    UserUpdate,
)
from clusterwright.iam.caller import Caller
from clusterwright.iam.dialect import (
    Administrator,
    Authenticated,
    Base,
    Entrance,
    Id,
    Known,
    change,
    origin,
)
from clusterwright.iam.directory import Directory
from clusterwright.iam.login import Login
from clusterwright.iam.store import User
from clusterwright.iam.wire import PasswordUser
from clusterwright.ids import new_id
from clusterwright.storage import limits
from clusterwright.storage.database import Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, json_response

router = dialect.router()

KEYSTONE = "/v3/users"
OWN = "/v3.0/OS-USER/users"
ToCreate = Annotated[UserRequest, Depends(Body(UserRequest))]
ToUpdate = Annotated[UserUpdate, Depends(Body(UserUpdate))]


@router.post(
    KEYSTONE,
    operation_id="KeystoneCreateUser",
    summary="Create a user",
    **described(answers.UserAnswer, status=201),
)
async def create_plainly(
    request: Request, caller: Administrator, entrance: Entrance, base: Base, asked: ToCreate
) -> Response:
    """Create a user of the caller's domain, who may do everything in its projects."""
    user = await _create(request, caller, entrance, asked.user)
    return json_response({"user": documents.user(user, base)}, 201)


@router.post(
    OWN,
    operation_id="CreateUser",
    summary="Create a user, with its address",
    **described(answers.UserInFullAnswer, status=201),
)
async def create(
    request: Request, caller: Administrator, entrance: Entrance, base: Base, asked: ToCreate
) -> Response:
    """Create a user of the caller's domain, who may do everything in its projects."""
    user = await _create(request, caller, entrance, asked.user)
    return json_response({"user": documents.user_in_full(user, base)}, 201)


async def _create(request: Request, caller: Caller, entrance: Login, asked: UserToCreate) -> User:
    dialect.check_lasting(caller)
    if asked.domain_id is not None:
        dialect.check_domain(caller, asked.domain_id)
    # Nobody knows the password of a user who was given none: it signs in with keys alone.
    hashed = await entrance.hash(asked.password or passwords.new_password())
    at = now()
    user = User(
        id=new_id(),
        domain_id=caller.domain_id,
        name=asked.name,
        password_hash=hashed,
        password_changed_at=at,
        enabled=asked.enabled,
        profile=asked.told(),
        created_at=at,
    )

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        there = await store.count(tx, User, domain_id=caller.domain_id)
        dialect.check_quota(there, limits.MOST_USERS, "users of the domain")
        await store.add(tx, user)

    await change(request, work)
    return user


@router.get(
    KEYSTONE + "/{user_id}",
    operation_id="KeystoneShowUser",
    summary="Show a user",
    **described(answers.UserAnswer),
)
async def show_plainly(
    caller: Authenticated, directory: Known, base: Base, user_id: Id
) -> Response:
    """Show a user of the caller's domain."""
    user = dialect.user_of(caller, directory, user_id)
    return json_response({"user": documents.user(user, base)})


@router.get(
    OWN + "/{user_id}",
    operation_id="ShowUser",
    summary="Show a user, with its address",
    **described(answers.UserInFullAnswer),
)
async def show(caller: Authenticated, directory: Known, base: Base, user_id: Id) -> Response:
    """Show a user of the caller's domain, with all that was said of it."""
    user = dialect.user_of(caller, directory, user_id)
    return json_response({"user": documents.user_in_full(user, base)})


@router.patch(
    KEYSTONE + "/{user_id}",
    operation_id="KeystoneUpdateUserByAdmin",
    summary="Change a user",
    **described(answers.UserAnswer),
)
async def update_plainly(
    request: Request,
    caller: Administrator,
    directory: Known,
    entrance: Entrance,
    base: Base,
    user_id: Id,
    asked: ToUpdate,
) -> Response:
    """Change a user. With a new password, the tokens that it has end."""
    user = await _update(request, caller, directory, entrance, user_id, asked.user)
    return json_response({"user": documents.user(user, base)})


@router.put(
    OWN + "/{user_id}",
    operation_id="UpdateUser",
    summary="Change a user, with its address",
    **described(answers.UserInFullAnswer),
)
async def update(
    request: Request,
    caller: Administrator,
    directory: Known,
    entrance: Entrance,
    base: Base,
    user_id: Id,
    asked: ToUpdate,
) -> Response:
    """Change a user. With a new password, the tokens that it has end."""
    user = await _update(request, caller, directory, entrance, user_id, asked.user)
    return json_response({"user": documents.user_in_full(user, base)})


async def _update(
    request: Request,
    caller: Caller,
    known: Directory,
    entrance: Login,
    user_id: str,
    asked: UserToUpdate,
) -> User:
    user = dialect.user_of(caller, known, user_id)
    if asked.domain_id is not None:
        dialect.check_domain(caller, asked.domain_id)
    if asked.enabled is False:
        _check_spared(user)
    changes: dict[str, Any] = {}
    if asked.name is not None:
        changes["name"] = asked.name
    if asked.enabled is not None:
        changes["enabled"] = asked.enabled
    if asked.password is not None:
        dialect.check_lasting(caller)
        changes["password_hash"] = await entrance.hash(asked.password)
        changes["password_changed_at"] = now()

    async def work(tx: Tx) -> User:
        await store.begin_change(tx)
        found = await store.get(tx, User, user_id)
        if found is None:
            raise dialect.missing("user", user_id)
        changes["profile"] = {**(found.profile or {}), **asked.told()}
        await store.change(tx, found, **changes)
        return replace(found, **changes)

    return await change(request, work)


def _check_spared(user: User) -> None:
    """Raises ApiError for an administrator: nobody shall shut everybody out by the API."""
    if user.administrator:
        raise ApiError(
            errors.IAM_FORBIDDEN,
            "Administrators are neither disabled nor deleted by the API. Use clusterwright admin.",
        )


@router.delete(
    KEYSTONE + "/{user_id}",
    status_code=204,
    operation_id="KeystoneDeleteUser",
    summary="Delete a user",
)
async def delete(
    request: Request, caller: Administrator, directory: Known, user_id: Id
) -> Response:
    """Delete a user with its keys: its tokens and its temporary keys end."""
    user = dialect.user_of(caller, directory, user_id)
    _check_spared(user)

    async def work(tx: Tx) -> None:
        await store.remove(tx, user)

    await change(request, work)
    return Response(status_code=204)


@router.post(
    KEYSTONE + "/{user_id}/password",
    status_code=204,
    operation_id="KeystoneUpdateUserPassword",
    summary="Change one's own password",
)
async def update_password(
    request: Request,
    caller: Authenticated,
    entrance: Entrance,
    user_id: Id,
    asked: Annotated[PasswordUpdate, Depends(Body(PasswordUpdate))],
) -> Response:
    """Change the caller's password, which has to give the one before. Its tokens end."""
    if user_id != caller.user_id:
        raise ApiError(errors.IAM_FORBIDDEN, "Users change their own passwords here.")
    proof = PasswordUser(id=user_id, password=asked.user.original_password)
    user = await entrance.prove(proof, await origin(request))
    hashed = await entrance.hash(asked.user.password)

    async def work(tx: Tx) -> None:
        await store.set_password(tx, user.id, hashed, now())

    await change(request, work)
    return Response(status_code=204)


@router.get(
    KEYSTONE + "/{user_id}/projects",
    operation_id="KeystoneListProjectsForUser",
    summary="List the projects that a user may use",
    **described(answers.ProjectsAnswer),
)
async def list_projects(
    caller: Authenticated, directory: Known, base: Base, user_id: Id
) -> Response:
    """List the projects of the user's domain that are enabled."""
    dialect.user_of(caller, directory, user_id)
    usable = [one for one in directory.projects(caller.domain_id) if one.enabled]
    links = documents.links(f"{base}{KEYSTONE}/{user_id}/projects")
    found = [documents.project(one, base) for one in usable]
    return json_response({"links": links, "projects": found})


def _login_protect(user: User) -> dict[str, Any]:
    return {"user_id": user.id, "enabled": False, "verification_method": "none"}


@router.get(
    OWN + "/{user_id}/login-protect",
    operation_id="ShowUserLoginProtect",
    summary="Show whether a user's log-in is protected by more than a password",
    **described(answers.LoginProtectAnswer),
)
async def show_login_protect(caller: Authenticated, directory: Known, user_id: Id) -> Response:
    """Answer that no log-in is, which this server does not offer."""
    user = dialect.user_of(caller, directory, user_id)
    return json_response({"login_protect": _login_protect(user)})


@router.get(
    "/v3.0/OS-USER/login-protects",
    operation_id="ListUserLoginProtects",
    summary="List whether log-ins are protected by more than a password",
    **described(answers.LoginProtectsAnswer),
)
async def list_login_protects(caller: Authenticated, directory: Known) -> Response:
    """Answer that none is, for every user of the caller's domain."""
    users = directory.users(caller.domain_id)
    return json_response({"login_protects": [_login_protect(user) for user in users]})
