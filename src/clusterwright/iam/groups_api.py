"""Groups of users: records, as everybody of a domain may do everything in its projects."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from clusterwright.clock import now
from clusterwright.iam import answers, dialect, documents, grants, store
from clusterwright.iam.account_wire import GroupRequest, GroupUpdate
from clusterwright.iam.caller import Caller
from clusterwright.iam.dialect import Administrator, Authenticated, Base, Id, Known, change
from clusterwright.iam.grants import Group
from clusterwright.ids import new_id
from clusterwright.storage import limits
from clusterwright.storage.database import Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, json_response

router = dialect.router()


async def group_of(tx: Tx, caller: Caller, group_id: str) -> Group:
    """A group of the caller's domain. Raises ApiError."""
    group = await grants.get(tx, Group, group_id, caller.domain_id)
    if group is None:
        raise dialect.missing("group", group_id)
    return group


@router.get(
    "/v3/groups",
    operation_id="KeystoneListGroups",
    summary="List the groups",
    **described(answers.GroupsAnswer),
)
async def list_all(
    caller: Authenticated,
    data: Data,
    base: Base,
    name: Annotated[str | None, Query(max_length=128)] = None,
    domain_id: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """List the groups of the caller's domain that match every filter given."""
    async with data.reading() as tx:
        found = await grants.of_domain(tx, Group, caller.domain_id)
    told = [
        documents.group(group, base)
        for group in found
        if name in (None, group.name) and domain_id in (None, group.domain_id)
    ]
    return json_response({"groups": told, "links": documents.links(f"{base}/v3/groups")})


@router.post(
    "/v3/groups",
    operation_id="KeystoneCreateGroup",
    summary="Create a group",
    **described(answers.GroupAnswer, status=201),
)
async def create(
    request: Request,
    caller: Administrator,
    base: Base,
    asked: Annotated[GroupRequest, Depends(Body(GroupRequest))],
) -> Response:
    """Create a group of users of the caller's domain."""
    wanted = asked.group
    if wanted.domain_id is not None:
        dialect.check_domain(caller, wanted.domain_id)
    group = Group(
        id=new_id(),
        domain_id=caller.domain_id,
        name=wanted.name,
        description=wanted.description or "",
        created_at=now(),
    )

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        there = await grants.count(tx, Group, caller.domain_id)
        dialect.check_quota(there, limits.MOST_GROUPS, "groups of the domain")
        await grants.add(tx, group)

    await change(request, work)
    return json_response({"group": documents.group(group, base)}, 201)


@router.get(
    "/v3/groups/{group_id}",
    operation_id="KeystoneShowGroup",
    summary="Show a group",
    **described(answers.GroupAnswer),
)
async def show(caller: Authenticated, data: Data, base: Base, group_id: Id) -> Response:
    """Show a group of the caller's domain."""
    async with data.reading() as tx:
        group = await group_of(tx, caller, group_id)
    return json_response({"group": documents.group(group, base)})


@router.patch(
    "/v3/groups/{group_id}",
    operation_id="KeystoneUpdateGroup",
    summary="Change a group",
    **described(answers.GroupAnswer),
)
async def update(
    request: Request,
    caller: Administrator,
    base: Base,
    group_id: Id,
    asked: Annotated[GroupUpdate, Depends(Body(GroupUpdate))],
) -> Response:
    """Name or describe a group anew."""
    if asked.group.domain_id is not None:
        dialect.check_domain(caller, asked.group.domain_id)
    wanted = {"name": asked.group.name, "description": asked.group.description}
    changes: dict[str, Any] = {key: value for key, value in wanted.items() if value is not None}

    async def work(tx: Tx) -> Group:
        await store.begin_change(tx)
        await grants.change(tx, await group_of(tx, caller, group_id), **changes)
        return await group_of(tx, caller, group_id)

    changed = await change(request, work)
    return json_response({"group": documents.group(changed, base)})


@router.delete(
    "/v3/groups/{group_id}",
    status_code=204,
    operation_id="KeystoneDeleteGroup",
    summary="Delete a group",
)
async def delete(request: Request, caller: Administrator, group_id: Id) -> Response:
    """Delete a group with its memberships and its roles; its users stay."""

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        await grants.remove(tx, await group_of(tx, caller, group_id))

    await change(request, work)
    return Response(status_code=204)


@router.get(
    "/v3/groups/{group_id}/users",
    operation_id="KeystoneListUsersForGroupByAdmin",
    summary="List the users of a group",
    **described(answers.UsersAnswer),
)
async def list_users(
    caller: Authenticated, data: Data, directory: Known, base: Base, group_id: Id
) -> Response:
    """List the users of a group by name."""
    async with data.reading() as tx:
        group = await group_of(tx, caller, group_id)
        inside = await grants.members(tx, group.id)
    users = [user for user in directory.users(caller.domain_id) if user.id in set(inside)]
    links = documents.links(f"{base}/v3/groups/{group.id}/users")
    return json_response({"users": [documents.user(user, base) for user in users], "links": links})


@router.get(
    "/v3/users/{user_id}/groups",
    operation_id="KeystoneListGroupsForUser",
    summary="List the groups of a user",
    **described(answers.GroupsAnswer),
)
async def list_of_user(
    caller: Authenticated, data: Data, directory: Known, base: Base, user_id: Id
) -> Response:
    """List the groups that a user is in, by name."""
    dialect.user_of(caller, directory, user_id)
    async with data.reading() as tx:
        found = await grants.groups_of(tx, user_id)
    links = documents.links(f"{base}/v3/users/{user_id}/groups")
    return json_response({"groups": [documents.group(one, base) for one in found], "links": links})


_MEMBER = "/v3/groups/{group_id}/users/{user_id}"


@router.put(
    _MEMBER,
    status_code=204,
    operation_id="KeystoneAddUserToGroup",
    summary="Put a user into a group",
)
async def join(
    request: Request, caller: Administrator, directory: Known, group_id: Id, user_id: Id
) -> Response:
    """Put a user into a group. Twice is once."""
    dialect.user_of(caller, directory, user_id)

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        group = await group_of(tx, caller, group_id)
        if await store.get(tx, store.User, user_id) is None:
            raise dialect.missing("user", user_id)
        there = await grants.join(tx, group, user_id)
        dialect.check_quota(there - 1, limits.MOST_GRANTS, "memberships in groups of the domain")

    await change(request, work)
    return Response(status_code=204)


@router.head(
    _MEMBER,
    status_code=204,
    operation_id="KeystoneCheckUserInGroup",
    summary="Tell whether a user is in a group",
)
async def is_member(caller: Authenticated, data: Data, group_id: Id, user_id: Id) -> Response:
    """Answer 204 for a user who is in the group, and 404 for one who is not."""
    async with data.reading() as tx:
        group = await group_of(tx, caller, group_id)
        if user_id not in await grants.members(tx, group.id):
            raise dialect.missing("user in the group", user_id)
    return Response(status_code=204)


@router.delete(
    _MEMBER,
    status_code=204,
    operation_id="KeystoneRemoveUserFromGroup",
    summary="Take a user out of a group",
)
async def leave(request: Request, caller: Administrator, group_id: Id, user_id: Id) -> Response:
    """Take a user out of a group. Raises 404 for one who is not in it."""

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        group = await group_of(tx, caller, group_id)
        if not await grants.leave(tx, group.id, user_id):
            raise dialect.missing("user in the group", user_id)

    await change(request, work)
    return Response(status_code=204)
