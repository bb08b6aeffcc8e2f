"""The identity service's routes: what cloud clients ask before they reach a cluster."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.clock import now, rfc3339
from clusterwright.errors import ApiError
from clusterwright.iam import answers, documents, store, temporary, token_answers
from clusterwright.iam.auth import Authenticator
from clusterwright.iam.caller import Caller
from clusterwright.iam.dialect import (
    Authenticated,
    Base,
    Entrance,
    Guard,
    IdentityRoute,
    Known,
    Page,
    PerPage,
    Subject,
    change,
    directory,
    origin,
    paged,
)
from clusterwright.iam.tokens import Token, TokenError
from clusterwright.iam.wire import SecurityTokenRequest, TokenRequest
from clusterwright.web import routes
from clusterwright.web.openapi import described

router = routes.Router(route_class=IdentityRoute)


@router.get("/", **described(token_answers.VersionsAnswer))
async def list_versions(base: Base) -> Response:
    """List the versions of the API."""
    return routes.json_response(documents.versions(base))


@router.get("/v3", **described(token_answers.VersionAnswer))
@router.get("/v3/", **described(token_answers.VersionAnswer))
async def show_version(base: Base) -> Response:
    """Show the version of the identity service."""
    return routes.json_response({"version": documents.version(base)})


@router.post("/v3/auth/tokens", **described(token_answers.TokenAnswer, status=201))
async def issue_token(
    request: Request,
    entrance: Entrance,
    asked: Annotated[TokenRequest, Depends(routes.Body(TokenRequest))],
) -> Response:
    """Issue a token for a password or for another token."""
    text, token = await entrance.log_in(asked, await origin(request))
    return await _token_response(request, text, token, status=201)


@router.get("/v3/auth/tokens", **described(token_answers.TokenAnswer))
async def show_token(
    request: Request,
    caller: Authenticated,
    guard: Guard,
    subject: Subject,
) -> Response:
    """Show what a token of the caller's domain stands for."""
    token = _check(caller, guard, subject)
    return await _token_response(request, subject, token)


@router.head("/v3/auth/tokens", **described(None))
async def check_token(
    caller: Authenticated,
    guard: Guard,
    subject: Subject,
) -> Response:
    """Tell whether a token of the caller's domain is good."""
    _check(caller, guard, subject)
    return Response(headers={"X-Subject-Token": subject}, media_type="application/json")


@router.delete("/v3/auth/tokens", status_code=204)
async def revoke_token(
    request: Request,
    caller: Authenticated,
    guard: Guard,
    subject: Subject,
) -> Response:
    """Revoke a token of the caller's domain, and all tokens and temporary keys of its chain.

    Revoking one that has ended does nothing.
    """
    token = _open(caller, guard, subject)
    if token.expires_at > now():
        await change(request, lambda tx: store.revoke(tx, token.chain, token.expires_at))
    return Response(status_code=204)


def _open(caller: Caller, guard: Authenticator, text: str) -> Token:
    """What a token of the caller's domain says, good or not. Raises ApiError."""
    try:
        token = guard.tokens.open(text)
    except TokenError as error:
        raise ApiError(errors.IAM_INVALID_SUBJECT) from error
    if token.domain_id != caller.domain_id:
        raise ApiError(errors.IAM_INVALID_SUBJECT)
    return token


def _check(caller: Caller, guard: Authenticator, text: str) -> Token:
    """What a good token of the caller's domain says. Raises ApiError."""
    token = _open(caller, guard, text)
    try:
        guard.by_token(text)
    except ApiError as error:
        raise ApiError(errors.IAM_INVALID_SUBJECT, error.detail) from error
    return token


async def _token_response(request: Request, text: str, token: Token, status: int = 200) -> Response:
    asked = dict(routes.raw_query(request.scope)).get("nocatalog", "false")
    known = await directory(request)
    services = None if asked.lower() != "false" else await _catalog(request, token.project_id)
    document = documents.token(token, known.snapshot, services)
    return routes.json_response(document, status, {"X-Subject-Token": text})


async def _catalog(request: Request, project_id: str) -> list[dict[str, Any]]:
    region = (await routes.settings(request)).region
    return documents.catalog(await routes.base_url(request), region, project_id)


@router.get("/v3/auth/catalog", **described(token_answers.CatalogAnswer))
async def show_catalog(request: Request, caller: Authenticated, base: Base) -> Response:
    """List the services as seen from the caller's project."""
    document = {
        "catalog": await _catalog(request, caller.project_id),
        "links": {"self": f"{base}/v3/auth/catalog"},
    }
    return routes.json_response(document)


def _serve_part(kind: str, answer: object, all_answer: object) -> None:
    """Add the routes of one part of the catalogue: its regions, services or endpoints."""

    @router.get(f"/v3/{kind}s", name=f"list_{kind}s", **described(all_answer))
    async def list_all(request: Request, caller: Authenticated, base: Base) -> Response:
        wanted = request.query_params.items()
        found = [
            one
            for one in await _part(request, caller, kind)
            if all(str(one.get(name, value)) == value for name, value in wanted)
        ]
        links = documents.links(f"{base}/v3/{kind}s")
        return routes.json_response({f"{kind}s": found, "links": links})

    @router.get(f"/v3/{kind}s/{{id}}", name=f"show_{kind}", **described(answer))
    async def show_one(request: Request, caller: Authenticated, id: str) -> Response:
        known = await _part(request, caller, kind)
        found = next((one for one in known if one["id"] == id), None)
        if found is None:
            raise ApiError(errors.IAM_NOT_FOUND, f"Could not find the {kind} {id[:64]}.")
        return routes.json_response({kind: found})


async def _part(request: Request, caller: Caller, kind: str) -> list[dict[str, Any]]:
    base = await routes.base_url(request)
    if kind == "region":
        return [documents.region((await routes.settings(request)).region, base)]
    catalogue = await _catalog(request, caller.project_id)
    read = documents.services if kind == "service" else documents.endpoints
    return read(catalogue, base)


_serve_part("region", token_answers.RegionAnswer, token_answers.RegionsAnswer)
_serve_part("service", token_answers.ServiceAnswer, token_answers.ServicesAnswer)
_serve_part("endpoint", token_answers.EndpointAnswer, token_answers.EndpointsAnswer)


@router.get("/v3/projects", **described(answers.ProjectsAnswer))
async def list_projects(
    request: Request,
    caller: Authenticated,
    directory: Known,
    base: Base,
    name: str | None = None,
    domain_id: str | None = None,
    parent_id: str | None = None,
    enabled: bool | None = None,
    is_domain: bool = False,
    page: Page = None,
    per_page: PerPage = None,
) -> Response:
    """List the projects of the caller's domain that match every filter given."""
    found = [
        project
        for project in directory.projects(caller.domain_id)
        if name in (None, project.name)
        and domain_id in (None, project.domain_id)
        and parent_id in (None, project.parent_id or project.domain_id)
        and enabled in (None, project.enabled)
        and not is_domain
    ]
    here = f"{base}/v3/projects"

    def link(step: int) -> str | None:
        if page is None or per_page is None or not paged(found, page + step, per_page):
            return None
        return f"{here}?{urlencode(dict(request.query_params) | {'page': page + step})}"

    shown = paged(found, page, per_page)
    document = {
        "links": documents.links(here, previous=link(-1), after=link(1)),
        "projects": [documents.project(project, base) for project in shown],
    }
    return routes.json_response(document)


@router.get("/v3/auth/projects", **described(answers.ProjectsAnswer))
async def list_own_projects(caller: Authenticated, directory: Known, base: Base) -> Response:
    """List the projects that the caller may use."""
    usable = [project for project in directory.projects(caller.domain_id) if project.enabled]
    document = {
        "links": documents.links(f"{base}/v3/auth/projects"),
        "projects": [documents.project(project, base) for project in usable],
    }
    return routes.json_response(document)


@router.get("/v3/projects/{project_id}", **described(answers.ProjectAnswer))
async def show_project(
    project_id: str, caller: Authenticated, directory: Known, base: Base
) -> Response:
    """Show a project of the caller's domain."""
    project = directory.snapshot.projects.get(project_id)
    if project is None or project.domain_id != caller.domain_id:
        raise ApiError(errors.IAM_NOT_FOUND, f"Could not find the project {project_id}.")
    return routes.json_response({"project": documents.project(project, base)})


@router.get("/v3/domains", **described(token_answers.DomainsAnswer))
@router.get("/v3/auth/domains", **described(token_answers.DomainsAnswer))
async def list_domains(caller: Authenticated, directory: Known, base: Base) -> Response:
    """List the one domain that the caller belongs to."""
    domain = directory.snapshot.domains[caller.domain_id]
    document = {
        "domains": [documents.domain(domain, base)],
        "links": {"self": f"{base}/v3/auth/domains"},
    }
    return routes.json_response(document)


@router.get("/v3/users", **described(answers.UsersAnswer))
async def list_users(
    caller: Authenticated,
    directory: Known,
    base: Base,
    name: str | None = None,
    domain_id: str | None = None,
    enabled: bool | None = None,
) -> Response:
    """List the users of the caller's domain that match every filter given."""
    found = [
        user
        for user in directory.users(caller.domain_id)
        if name in (None, user.name)
        and domain_id in (None, user.domain_id)
        and enabled in (None, user.enabled)
    ]
    document = {
        "links": documents.links(f"{base}/v3/users"),
        "users": [documents.user(user, base) for user in found],
    }
    return routes.json_response(document)


@router.post(
    "/v3.0/OS-CREDENTIAL/securitytokens", **described(token_answers.TemporaryKeyAnswer, status=201)
)
async def issue_security_token(
    request: Request,
    caller: Authenticated,
    guard: Guard,
    directory: Known,
    asked: Annotated[SecurityTokenRequest, Depends(routes.Body(SecurityTokenRequest))],
) -> Response:
    """Issue a temporary access key. It ends no later than the credentials that ask for it.

    It is made with the token of the body where one is given there, and otherwise with what the
    request itself came with.
    """
    if asked.auth.identity.policy is not None:
        raise ApiError(
            errors.IAM_NOT_SUPPORTED,
            "auth.identity.policy: A key has all rights of its user here. Ask without a policy.",
        )
    if asked.token:
        caller = guard.by_token(asked.token)
    issued = temporary.issue(directory.vault, caller, seconds=asked.duration_seconds)
    most = (await routes.settings(request)).temporary_keys
    await change(request, partial(temporary.keep, issued=issued, most=most))
    credential = {
        "access": issued.key.access_key,
        "secret": issued.secret,
        "securitytoken": issued.security_token,
        "expires_at": rfc3339(issued.key.expires_at),
    }
    return routes.json_response({"credential": credential}, 201)


@router.get("/v5/caller-identity", **described(token_answers.CallerAnswer))
async def show_caller(caller: Authenticated) -> Response:
    """Show who the caller is."""
    document = {
        "account_id": caller.domain_id,
        "principal_id": caller.user_id,
        "principal_urn": f"iam::{caller.domain_id}:user:{caller.user_name}",
    }
    return routes.json_response(document)
