"""Projects that clients make: clusters can be made in them at once."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.errors import ApiError
from clusterwright.iam import answers, dialect, documents, store
from clusterwright.iam.account_wire import ProjectRequest, ProjectUpdate, StatusUpdate
from clusterwright.iam.caller import Caller
from clusterwright.iam.dialect import Administrator, Authenticated, Base, Id, Known, change
from clusterwright.iam.directory import Directory
from clusterwright.iam.store import Project
from clusterwright.ids import new_id
from clusterwright.storage import limits
from clusterwright.storage.database import Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Setup, json_response

router = dialect.router()


@router.post(
    "/v3/projects",
    operation_id="KeystoneCreateProject",
    summary="Create a project",
    **described(answers.ProjectAnswer, status=201),
)
async def create(
    request: Request,
    caller: Administrator,
    directory: Known,
    base: Base,
    setup: Setup,
    asked: Annotated[ProjectRequest, Depends(Body(ProjectRequest))],
) -> Response:
    """Create a project below that of the region, whose name its own begins with."""
    wanted = asked.project
    if wanted.domain_id is not None:
        dialect.check_domain(caller, wanted.domain_id)
    _check_name(wanted.name, setup.region)
    projects = directory.projects(caller.domain_id)
    parent = next((one.id for one in projects if one.name == setup.region), "")
    if wanted.parent_id is not None:
        parent = _parent(caller, directory, wanted.parent_id)
    project = Project(
        id=new_id(),
        domain_id=caller.domain_id,
        name=wanted.name,
        parent_id=parent,
        description=wanted.description or "",
    )

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        there = await store.count(tx, Project, domain_id=caller.domain_id)
        dialect.check_quota(there, limits.MOST_PROJECTS, "projects of the domain")
        await store.add(tx, project)

    await change(request, work)
    return json_response({"project": documents.project(project, base)}, 201)


def _parent(caller: Caller, known: Directory, id: str) -> str:
    """The id of the project to make another one below; empty for the domain. Raises ApiError."""
    if id == caller.domain_id:
        return ""
    return _of(caller, known, id).id


def _check_name(name: str, region: str) -> None:
    if not name.startswith(f"{region}_") or name == f"{region}_":
        raise ApiError(
            errors.IAM_INVALID_PARAMETER,
            f"project.name: Begin the name with {region}_, and go on behind it.",
        )


def _of(caller: Caller, known: Directory, id: str) -> Project:
    """A project of the caller's domain. Raises ApiError."""
    project = known.snapshot.projects.get(id)
    if project is None or project.domain_id != caller.domain_id:
        raise dialect.missing("project", id)
    return project


def _made(caller: Caller, known: Directory, id: str, region: str) -> Project:
    """A project that clients may change: not the region's own. Raises ApiError."""
    project = _of(caller, known, id)
    if project.name == region:
        raise ApiError(errors.IAM_FORBIDDEN, "The region's own project stays as it is.")
    return project


@router.patch(
    "/v3/projects/{project_id}",
    operation_id="KeystoneUpdateProject",
    summary="Change a project",
    **described(answers.ProjectAnswer),
)
async def update(
    request: Request,
    caller: Administrator,
    directory: Known,
    base: Base,
    setup: Setup,
    project_id: Id,
    asked: Annotated[ProjectUpdate, Depends(Body(ProjectUpdate))],
) -> Response:
    """Name or describe a project anew."""
    project = _made(caller, directory, project_id, setup.region)
    changes: dict[str, Any] = {}
    if asked.project.name not in (None, project.name):
        _check_name(asked.project.name or "", setup.region)
        changes["name"] = asked.project.name
    if asked.project.description is not None:
        changes["description"] = asked.project.description

    async def work(tx: Tx) -> None:
        await store.change(tx, project, **changes)

    await change(request, work)
    return json_response({"project": documents.project(replace(project, **changes), base)})


@router.delete(
    "/v3/projects/{project_id}",
    operation_id="KeystoneDeleteProject",
    summary="Refuse to delete a project",
    **described(None),
)
async def delete(caller: Administrator, directory: Known, project_id: Id) -> Response:
    """Answer 404 as the public service does, which knows no way to delete a project."""
    project = _of(caller, directory, project_id)
    raise ApiError(
        errors.IAM_NOT_FOUND,
        f"Projects cannot be deleted. Suspend it: PUT /v3-ext/projects/{project.id}.",
    )


@router.get(
    "/v3-ext/projects/{id}",
    operation_id="ShowProjectDetailsAndStatus",
    summary="Show a project with its status",
    **described(answers.ProjectAnswer),
)
async def show_status(caller: Authenticated, directory: Known, base: Base, id: Id) -> Response:
    """Show a project of the caller's domain, and whether it is suspended."""
    project = _of(caller, directory, id)
    status = {"status": "normal" if project.enabled else "suspended"}
    return json_response({"project": documents.project(project, base) | status})


@router.put(
    "/v3-ext/projects/{id}",
    status_code=204,
    operation_id="UpdateProjectStatus",
    summary="Suspend a project, or let it be used again",
)
async def update_status(
    request: Request,
    caller: Administrator,
    directory: Known,
    setup: Setup,
    id: Id,
    asked: Annotated[StatusUpdate, Depends(Body(StatusUpdate))],
) -> Response:
    """Refuse all requests for a project, or accept them again. What is in it goes on."""
    project = _made(caller, directory, id, setup.region)

    async def work(tx: Tx) -> None:
        await store.change(tx, project, enabled=asked.project.status == "normal")

    await change(request, work)
    return Response(status_code=204)
