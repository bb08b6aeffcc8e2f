"""The routes of pod identities: they translate and commit, and decide nothing."""

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from clusterwright.cce.access.operations import get_held, refusing
from clusterwright.cce.clusters.api import AllDrivers
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.identities import documents, operations
from clusterwright.cce.identities.wire import (
    AssociationDocument,
    AssociationToCreate,
    AssociationToUpdate,
    Assumed,
    TokenToTrade,
)
from clusterwright.iam import temporary
from clusterwright.iam.auth import Authenticator, Member
from clusterwright.web.openapi import described
from clusterwright.web.routes import Body, Data, DataAtOnce, Router, Setup, array, json_response
from clusterwright.web.server import given

router = Router(prefix="/api/v3/projects/{project_id}/clusters/{cluster_id}", tags=["Pod identity"])

KEY_SECONDS = 3600
"""How long a pod's keys are good, unless whoever asks for them has less."""
Knowing = Annotated[Authenticator, Depends(given(Authenticator))]


@router.get(
    "/pod-identity-associations",
    operation_id="ListPodIdentityAssociations",
    summary="List which agencies service accounts may act as",
    **described(list[AssociationDocument]),
)
async def list_associations(who: Member, data: Data, cluster_id: str) -> Response:
    """The associations of a cluster, as a bare array."""
    async with data.reading() as tx:
        found = await operations.every(tx, who, cluster_id)
    return json_response(await array(documents.association(each) for each in found))


@router.post(
    "/pod-identity-associations",
    operation_id="CreatePodIdentityAssociation",
    summary="Let a service account act as an agency",
    **described(AssociationDocument, status=201),
)
async def create_association(
    who: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[AssociationToCreate, Depends(Body(AssociationToCreate))],
) -> Response:
    """Keep which agency the pods of a service account may act as."""
    async with data.transaction() as tx:
        found = await operations.create(tx, who, cluster_id, asked)
    return json_response(documents.association(found), 201)


@router.get(
    "/pod-identity-associations/{association_id}",
    operation_id="ShowPodIdentityAssociation",
    summary="Show an association",
    **described(AssociationDocument),
)
async def show_association(
    who: Member, data: Data, cluster_id: str, association_id: str
) -> Response:
    """One association."""
    async with data.reading() as tx:
        found = await operations.show(tx, who, cluster_id, association_id)
    return json_response(documents.association(found))


@router.put(
    "/pod-identity-associations/{association_id}",
    operation_id="UpdatePodIdentityAssociation",
    summary="Let a service account act as another agency",
    **described(AssociationDocument),
)
async def update_association(
    who: Member,
    data: Data,
    cluster_id: str,
    association_id: str,
    asked: Annotated[AssociationToUpdate, Depends(Body(AssociationToUpdate))],
) -> Response:
    """Change the agency of an association."""
    async with data.transaction() as tx:
        found = await operations.update(tx, who, cluster_id, association_id, asked)
    return json_response(documents.association(found))


@router.delete(
    "/pod-identity-associations/{association_id}",
    operation_id="DeletePodIdentityAssociation",
    summary="Delete an association",
    **described(None, status=204),
)
async def delete_association(
    who: Member, data: Data, cluster_id: str, association_id: str
) -> Response:
    """Forget an association."""
    async with data.transaction() as tx:
        await operations.delete(tx, who, cluster_id, association_id)
    # Terraform takes this status and no other.
    return Response(status_code=204)


@router.post(
    "/assume-agency-for-pod-identity",
    operation_id="AssumeAgencyForPodIdentity",
    summary="Trade the token of a service account for keys",
    **described(Assumed),
)
async def assume_agency(
    who: Member,
    data: DataAtOnce,
    setup: Setup,
    drivers: AllDrivers,
    known: Knowing,
    cluster_id: str,
    asked: Annotated[TokenToTrade, Depends(Body(TokenToTrade))],
) -> Response:
    """A temporary access key for whoever has a token that the cluster's own keys verify."""
    async with data.reading() as tx:
        cluster, _ = await get_held(tx, who, cluster_id)
    with refusing():
        issuer = await drivers.get(cluster.driver).accounts.issuer(blueprint(cluster))
    told = operations.claims(asked.token, issuer)
    issued = temporary.issue(known.directory.vault, who, seconds=KEY_SECONDS)
    async with data.transaction() as tx:
        await temporary.keep(tx, issued, most=setup.temporary_keys)
        found = await operations.of_account(tx, cluster, told)
    await known.directory.refresh(data)
    return json_response(documents.assumed(found, told, issued, who))
