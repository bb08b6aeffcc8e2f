"""Roles, and which groups and agencies have them: recorded, and not enforced."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from starlette.responses import Response

from clusterwright.iam import agencies, answers, dialect, documents, grants, store
from clusterwright.iam.caller import Caller
from clusterwright.iam.dialect import (
    Administrator,
    Authenticated,
    Base,
    Id,
    Known,
    Page,
    PerPage,
    change,
)
from clusterwright.iam.directory import Directory
from clusterwright.iam.grants import Assignment, Group, Scope
from clusterwright.iam.roles import ROLES
from clusterwright.storage import limits
from clusterwright.storage.database import Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Data, json_response

router = dialect.router()

Kind = Literal["group", "agency"]
Filter = Annotated[str, Query(max_length=64)]

_NAMES = {
    ("group", Scope.DOMAIN): (
        "KeystoneListDomainPermissionsForGroup",
        "KeystoneAssociateGroupWithDomainPermission",
        "KeystoneCheckDomainPermissionForGroup",
        "KeystoneRemoveDomainPermissionFromGroup",
    ),
    ("group", Scope.PROJECT): (
        "KeystoneListProjectPermissionsForGroup",
        "KeystoneAssociateGroupWithProjectPermission",
        "KeystoneCheckProjectPermissionForGroup",
        "KeystoneRemoveProjectPermissionFromGroup",
    ),
    ("group", Scope.INHERITED): (
        "KeystoneListAllProjectPermissionsForGroup",
        "UpdateDomainGroupInheritRole",
        "KeystoneCheckroleForGroup",
        "DeleteDomainGroupInheritedRole",
    ),
    ("agency", Scope.DOMAIN): (
        "ListDomainPermissionsForAgency",
        "AssociateAgencyWithDomainPermission",
        "CheckDomainPermissionForAgency",
        "RemoveDomainPermissionFromAgency",
    ),
    ("agency", Scope.PROJECT): (
        "ListProjectPermissionsForAgency",
        "AssociateAgencyWithProjectPermission",
        "CheckProjectPermissionForAgency",
        "RemoveProjectPermissionFromAgency",
    ),
    ("agency", Scope.INHERITED): (
        "ListAllProjectsPermissionsForAgency",
        "AssociateAgencyWithAllProjectsPermission",
        "CheckAllProjectsPermissionForAgency",
        "RemoveAllProjectsPermissionFromAgency",
    ),
}
"""The official names: to list, to give, to look for and to take away."""
_ON = {
    Scope.DOMAIN: "the domain",
    Scope.PROJECT: "a project",
    Scope.INHERITED: "all projects of the domain",
}


@router.get(
    "/v3/roles",
    operation_id="KeystoneListPermissions",
    summary="List the roles",
    **described(answers.AllRolesAnswer),
)
async def list_roles(
    caller: Authenticated,
    base: Base,
    name: Filter = "",
    display_name: Filter = "",
    domain_id: Filter = "",
    type: Filter = "",
    catalog: Filter = "",
    permission_type: Filter = "",
    page: Page = None,
    per_page: PerPage = None,
) -> Response:
    """List the roles of the system that match every filter given; a domain has none of its own."""
    found = [
        role
        for role in ROLES.values()
        if not domain_id
        and name in ("", role.name)
        and display_name in ("", role.display_name)
        and type in ("", role.type)
        and catalog in ("", role.catalog)
        and permission_type in ("", _kind(role.display_name))
    ]
    shown = [documents.role(role, base) for role in dialect.paged(found, page, per_page)]
    links = documents.links(f"{base}/v3/roles")
    return json_response({"roles": shown, "total_number": len(found), "links": links})


def _kind(display_name: str) -> str:
    return "policy" if display_name.endswith("Access") else "role"


@router.get(
    "/v3/roles/{role_id}",
    operation_id="KeystoneShowPermission",
    summary="Show a role",
    **described(answers.RoleAnswer),
)
async def show_role(caller: Authenticated, base: Base, role_id: Id) -> Response:
    """Show a role of the system."""
    _check_role(role_id)
    return json_response({"role": documents.role(ROLES[role_id], base)})


def _check_role(role_id: str) -> None:
    if role_id not in ROLES:
        raise dialect.missing("role", role_id)


@router.get(
    "/v3.0/OS-PERMISSION/role-assignments",
    operation_id="ShowDomainRoleAssignments",
    summary="List which groups and agencies have roles",
    **described(answers.AssignmentsAnswer),
)
async def list_assignments(
    caller: Authenticated,
    data: Data,
    domain_id: Filter = "",
    role_id: Filter = "",
    subject: Literal["", "user", "group", "agency"] = "",
    group_id: Annotated[str, Query(alias="subject.group_id", max_length=64)] = "",
    agency_id: Annotated[str, Query(alias="subject.agency_id", max_length=64)] = "",
    user_id: Annotated[str, Query(alias="subject.user_id", max_length=64)] = "",
    scope: Literal["", "project", "domain", "enterprise_project"] = "",
    project_id: Annotated[str, Query(alias="scope.project_id", max_length=64)] = "",
    is_inherited: bool | None = None,
    page: Page = None,
    per_page: PerPage = None,
) -> Response:
    """List the roles that groups and agencies of the caller's domain have been given."""
    if domain_id:
        dialect.check_domain(caller, domain_id)
    async with data.reading() as tx:
        known = await grants.assigned(tx, caller.domain_id)
    found = [
        document
        for one in known
        if role_id in ("", one.role_id)
        and subject in ("", one.kind)
        and (group_id or agency_id or user_id or one.subject) == one.subject
        and is_inherited in (None, one.scope is Scope.INHERITED)
        and project_id in ("", one.scope_id)
        and scope in ("", *(document := documents.assignment(one))["scope"])
    ]
    shown = dialect.paged(found, page, per_page)
    return json_response({"role_assignments": shown, "total_num": len(found)})


async def _check_subject(tx: Tx, caller: Caller, kind: Kind, id: str) -> None:
    """Raises ApiError for a group or an agency that is not the caller's domain's."""
    if kind == "agency":
        await agencies.find(tx, caller, id)
    elif await grants.get(tx, Group, id, caller.domain_id) is None:
        raise dialect.missing(kind, id)


def _check_place(caller: Caller, known: Directory, scope: Scope, id: str) -> None:
    """Raises ApiError for a domain or a project that is not the caller's."""
    if scope is not Scope.PROJECT:
        dialect.check_domain(caller, id)
        return
    project = known.snapshot.projects.get(id)
    if project is None or project.domain_id != caller.domain_id:
        raise dialect.missing("project", id)


class Place:
    """The paths and names of one kind's roles in one scope."""

    def __init__(self, kind: Kind, scope: Scope) -> None:
        self.kind, self.scope = kind, scope
        version = "/v3" if kind == "group" else "/v3.0"
        part = {"group": "", "agency": "/OS-AGENCY"}[kind]
        if scope is Scope.INHERITED:
            part = "/OS-INHERIT"
        where = "projects/{place}" if scope is Scope.PROJECT else "domains/{place}"
        subjects = {"group": "groups", "agency": "agencies"}[kind]
        ending = "/inherited_to_projects" if scope is Scope.INHERITED else ""
        roles = f"{version}{part}/{where}/{subjects}/{{subject}}/roles"
        self.all, self.one = f"{roles}{ending}", f"{roles}/{{role_id}}{ending}"
        self.on = f"{'a group' if kind == 'group' else 'an agency'} has on {_ON[scope]}"
        self.names = _NAMES[kind, scope]


def _serve(place: Place) -> None:
    """Add the four routes of one kind's roles in one scope."""
    kind, scope = place.kind, place.scope
    to_list, to_give, to_look, to_take = place.names

    def wanted(caller: Caller, id: str, subject: str, role_id: str) -> Assignment:
        return Assignment(
            domain_id=caller.domain_id,
            subject=subject,
            kind=kind,
            scope=scope,
            scope_id=id,
            role_id=role_id,
        )

    @router.get(
        place.all,
        operation_id=to_list,
        summary=f"List the roles that {place.on}",
        **described(answers.RolesAnswer),
    )
    async def list_all(
        caller: Authenticated, data: Data, directory: Known, base: Base, place: Id, subject: Id
    ) -> Response:
        """List the roles that were given, and are not enforced."""
        _check_place(caller, directory, scope, place)
        async with data.reading() as tx:
            await _check_subject(tx, caller, kind, subject)
            where = {"subject": subject, "kind": kind, "scope": str(scope), "scope_id": place}
            found = await grants.assigned(tx, caller.domain_id, **where)
        told = [documents.role(ROLES[one.role_id], base) for one in found if one.role_id in ROLES]
        return json_response({"roles": told, "links": documents.links(base)})

    @router.put(
        place.one,
        status_code=204,
        operation_id=to_give,
        summary=f"Add to the roles that {place.on}",
    )
    async def assign(
        request: Request,
        caller: Administrator,
        directory: Known,
        place: Id,
        subject: Id,
        role_id: Id,
    ) -> Response:
        """Record that a role was given. Nothing follows from it; twice is once."""
        _check_place(caller, directory, scope, place)
        _check_role(role_id)

        async def work(tx: Tx) -> None:
            await store.begin_change(tx)
            await _check_subject(tx, caller, kind, subject)
            there = await grants.assign(tx, wanted(caller, place, subject, role_id))
            dialect.check_quota(there - 1, limits.MOST_GRANTS, "roles given in the domain")

        await change(request, work)
        return Response(status_code=204)

    @router.head(
        place.one,
        status_code=204,
        operation_id=to_look,
        summary=f"Tell whether a role is among those that {place.on}",
    )
    async def check(
        caller: Authenticated, data: Data, directory: Known, place: Id, subject: Id, role_id: Id
    ) -> Response:
        """Answer 204 for a role that was given, and 404 for one that was not."""
        _check_place(caller, directory, scope, place)
        async with data.reading() as tx:
            await _check_subject(tx, caller, kind, subject)
            asked: dict[str, Any] = {"subject": subject, "kind": kind, "role_id": role_id}
            asked |= {"scope": str(scope), "scope_id": place}
            if not await grants.assigned(tx, caller.domain_id, **asked):
                raise dialect.missing("role", role_id)
        return Response(status_code=204)

    @router.delete(
        place.one,
        status_code=204,
        operation_id=to_take,
        summary=f"Take from the roles that {place.on}",
    )
    async def withdraw(
        request: Request,
        caller: Administrator,
        directory: Known,
        place: Id,
        subject: Id,
        role_id: Id,
    ) -> Response:
        """Record that a role was taken away. Answers 404 where it was not given."""
        _check_place(caller, directory, scope, place)

        async def work(tx: Tx) -> None:
            await store.begin_change(tx)
            await _check_subject(tx, caller, kind, subject)
            if not await grants.withdraw(tx, wanted(caller, place, subject, role_id)):
                raise dialect.missing("role", role_id)

        await change(request, work)
        return Response(status_code=204)


_KINDS: tuple[Kind, ...] = ("group", "agency")
for _each in _KINDS:
    for _scope in Scope:
        _serve(Place(_each, _scope))
