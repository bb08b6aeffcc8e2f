"""Agencies: records of whom a domain trusts. Nobody can act by one here."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from clusterwright import errors
from clusterwright.clock import now
from clusterwright.errors import ApiError
from clusterwright.iam import agencies, answers, dialect, documents, grants, store
from clusterwright.iam.account_wire import AgencyRequest, AgencyToUpdate, AgencyUpdate
from clusterwright.iam.caller import Caller
from clusterwright.iam.dialect import Administrator, Authenticated, Id, Known, Page, PerPage, change
from clusterwright.iam.directory import Directory
from clusterwright.iam.grants import Agency
from clusterwright.iam.store import NameTaken
from clusterwright.ids import new_id
from clusterwright.storage import limits
from clusterwright.storage.database import Tx
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, json_response

router = dialect.router()

PATH = "/v3.0/OS-AGENCY/agencies"


@router.get(
    PATH,
    operation_id="ListAgencies",
    summary="List the agencies",
    **described(answers.AgenciesAnswer),
)
async def list_all(
    caller: Authenticated,
    data: Data,
    domain_id: Annotated[str, Query(max_length=64)] = "",
    name: Annotated[str, Query(max_length=64)] = "",
    trust_domain_id: Annotated[str, Query(max_length=64)] = "",
    page: Page = None,
    per_page: PerPage = None,
) -> Response:
    """List the agencies of the caller's domain that match every filter given."""
    if domain_id:
        dialect.check_domain(caller, domain_id)
    async with data.reading() as tx:
        known = await agencies.all_of(tx, caller.domain_id)
    found = [
        agency
        for agency in known
        if name in ("", agency.name) and trust_domain_id in ("", agency.trust_domain_id)
    ]
    shown = [documents.agency(agency) for agency in dialect.paged(found, page, per_page)]
    return json_response({"agencies": shown})


@router.post(
    PATH,
    operation_id="CreateAgency",
    summary="Create an agency",
    **described(answers.AgencyAnswer, status=201),
)
async def create(
    request: Request,
    caller: Administrator,
    directory: Known,
    asked: Annotated[AgencyRequest, Depends(Body(AgencyRequest))],
) -> Response:
    """Record whom the caller's domain trusts."""
    wanted = asked.agency
    dialect.check_domain(caller, wanted.domain_id)
    if wanted.name == agencies.BUILT_IN:
        raise NameTaken(f"An agency named {wanted.name} exists. Choose another name.")
    trusted = _trusted(directory, wanted)
    agency = Agency(
        id=new_id(),
        domain_id=caller.domain_id,
        name=wanted.name,
        description=wanted.description or "",
        created_at=now(),
        hours=wanted.duration or 0,
        **trusted,
    )

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        there = await grants.count(tx, Agency, caller.domain_id)
        dialect.check_quota(there, limits.MOST_AGENCIES, "agencies of the domain")
        await grants.add(tx, agency)

    await change(request, work)
    return json_response({"agency": documents.agency(agency)}, 201)


def _trusted(known: Directory, asked: AgencyToUpdate) -> dict[str, str]:
    """Id and name of the domain that is trusted; one that is not known here is believed in."""
    id, name = asked.trust_domain_id, asked.trust_domain_name or asked.delegated_domain
    if id is None and name is None:
        return {}
    domain = known.domain(id=id, name=name)
    found_id = id or (domain.id if domain else agencies.made_of(name or ""))
    return {
        "trust_domain_id": found_id,
        "trust_domain_name": name or (domain.name if domain else found_id),
    }


@router.get(
    PATH + "/{agency_id}",
    operation_id="ShowAgency",
    summary="Show an agency",
    **described(answers.AgencyAnswer),
)
async def show(caller: Authenticated, data: Data, agency_id: Id) -> Response:
    """Show an agency of the caller's domain."""
    async with data.reading() as tx:
        agency = await agencies.find(tx, caller, agency_id)
    return json_response({"agency": documents.agency(agency)})


async def _made(tx: Tx, caller: Caller, agency_id: str) -> Agency:
    """An agency that may be changed. Raises ApiError."""
    agency = await agencies.find(tx, caller, agency_id)
    if agency.name == agencies.BUILT_IN:
        raise ApiError(
            errors.IAM_FORBIDDEN, f"The agency {agency.name} is this server's own and stays."
        )
    return agency


@router.put(
    PATH + "/{agency_id}",
    operation_id="UpdateAgency",
    summary="Change an agency",
    **described(answers.AgencyAnswer),
)
async def update(
    request: Request,
    caller: Administrator,
    directory: Known,
    agency_id: Id,
    asked: Annotated[AgencyUpdate, Depends(Body(AgencyUpdate))],
) -> Response:
    """Describe an agency anew, trust another domain or for another time."""
    changes: dict[str, Any] = dict(_trusted(directory, asked.agency))
    if asked.agency.description is not None:
        changes["description"] = asked.agency.description
    if asked.agency.duration is not None:
        changes["hours"] = asked.agency.duration

    async def work(tx: Tx) -> Agency:
        await store.begin_change(tx)
        await grants.change(tx, await _made(tx, caller, agency_id), **changes)
        return await agencies.find(tx, caller, agency_id)

    changed = await change(request, work)
    return json_response({"agency": documents.agency(changed)})


@router.delete(
    PATH + "/{agency_id}",
    status_code=204,
    operation_id="DeleteAgency",
    summary="Delete an agency",
)
async def delete(request: Request, caller: Administrator, agency_id: Id) -> Response:
    """Delete an agency with its roles."""

    async def work(tx: Tx) -> None:
        await store.begin_change(tx)
        await grants.remove(tx, await _made(tx, caller, agency_id))

    await change(request, work)
    return Response(status_code=204)
