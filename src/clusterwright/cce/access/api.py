"""The routes of access: they translate and commit, and decide nothing."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from clusterwright import clock
from clusterwright.cce.access import documents, operations
from clusterwright.cce.access.wire import (
    AccessPolicyDocument,
    AccessPolicyList,
    AccessPolicyToWrite,
    AddressDocument,
    CertificatesToRevoke,
    CertificateToCreate,
    EipRequest,
    KubeconfigDocument,
    LongKeyInCluster,
    LongKeyInNewClusters,
    LongKeyOfCluster,
    LongKeyOfProject,
)
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.api import AllDrivers, Extended
from clusterwright.iam.auth import Anyone, Member
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Database
from clusterwright.web.openapi import Nothing, described
from clusterwright.web.routes import Body, Data, DataAtOnce, Router, Setup, array, json_response

router = Router(tags=["Access"])

CLUSTER = "/api/v3/projects/{project_id}/clusters/{cluster_id}"
POLICIES = "/api/v3/access-policies"
LONG_KEY = "/longaksk/config"


@router.post(
    f"{CLUSTER}/clustercert",
    operation_id="CreateKubernetesClusterCert",
    summary="Get a kubeconfig",
    **described(KubeconfigDocument),
)
async def create_certificate(
    caller: Member,
    data: Data,
    drivers: AllDrivers,
    cluster_id: str,
    asked: Annotated[CertificateToCreate, Depends(Body(CertificateToCreate))],
) -> Response:
    """The caller's kubeconfig, the same one as long as it is valid."""
    lifetime = operations.lifetime(asked, now=clock.now())
    return await _kubeconfig(caller, data, drivers, cluster_id, lifetime)


@router.get(
    f"{CLUSTER}/clustercert",
    operation_id="ShowKubernetesClusterCert",
    summary="Get a kubeconfig for five years",
    deprecated=True,
    **described(KubeconfigDocument),
)
async def show_certificate(
    caller: Member, data: Data, drivers: AllDrivers, cluster_id: str
) -> Response:
    """The kubeconfig that the older clients read."""
    lifetime = operations.lifetime(CertificateToCreate(duration=-1), now=clock.now())
    return await _kubeconfig(caller, data, drivers, cluster_id, lifetime)


async def _kubeconfig(
    caller: Caller, data: Database, drivers: AllDrivers, cluster_id: str, lifetime: int
) -> Response:
    async with data.reading() as tx:
        cluster, generation = await operations.get_held(tx, caller, cluster_id)
    granted = await operations.kubeconfig(
        drivers.get(cluster.driver),
        cluster,
        caller,
        lifetime_seconds=lifetime,
        generation=generation,
    )
    return json_response(documents.render(cluster, granted))


@router.post(
    f"{CLUSTER}/clustercertrevoke",
    operation_id="RevokeKubernetesClusterCert",
    summary="Revoke the certificates of a user or an agency",
    **described(Nothing),
)
async def revoke_certificates(
    caller: Member,
    data: DataAtOnce,
    drivers: AllDrivers,
    cluster_id: str,
    asked: Annotated[CertificatesToRevoke, Depends(Body(CertificatesToRevoke))],
) -> Response:
    """End the holder's credentials; who asks afterwards gets new ones."""
    async with data.transaction() as tx:
        cluster, revoked = await operations.revoke(tx, caller, cluster_id, asked)
    await operations.end(drivers.get(cluster.driver), cluster, revoked)
    return json_response({})


@router.put(
    f"{CLUSTER}/mastereip",
    operation_id="UpdateClusterEip",
    summary="Bind or unbind the public address of a cluster",
    **described(AddressDocument),
)
async def update_address(
    caller: Member,
    data: Data,
    drivers: AllDrivers,
    setup: Setup,
    extended: Extended,
    cluster_id: str,
    asked: Annotated[EipRequest, Depends(Body(EipRequest))],
) -> Response:
    """Change the public address of the API server."""
    async with data.transaction() as tx:
        cluster = await operations.change_address(
            tx,
            caller,
            cluster_id,
            asked.spec,
            extended.address_holder,
            trusting=setup.trust_networks,
        )
    await operations.cover(drivers.get(cluster.driver), cluster)
    return json_response(documents.addresses(cluster, asked.spec.action))


@router.get(
    f"{CLUSTER}/openapi",
    operation_id="ShowClusterEndpoints",
    summary="Show the addresses of a cluster",
    **described(AddressDocument),
)
async def show_addresses(caller: Member, data: Data, cluster_id: str) -> Response:
    """The addresses of the API server."""
    async with data.reading() as tx:
        cluster = await clusters.show(tx, caller, cluster_id)
    return json_response(documents.addresses(cluster))


@router.get(
    POLICIES,
    operation_id="ListAccessPolicy",
    summary="List access policies",
    **described(AccessPolicyList),
)
async def list_policies(
    caller: Anyone, data: Data, cluster_id: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """The access policies of the caller's project, or those of one cluster."""
    async with data.reading() as tx:
        found = await operations.list_policies(tx, caller, cluster_id=cluster_id)
    items = await array(documents.policy_document(policy) for policy in found)
    return json_response({"kind": "List", "apiVersion": "v3", "accessPolicyList": items})


@router.post(
    POLICIES,
    operation_id="CreateAccessPolicy",
    summary="Create an access policy",
    **described(AccessPolicyDocument, status=201),
)
async def create_policy(
    caller: Anyone,
    data: Data,
    setup: Setup,
    asked: Annotated[AccessPolicyToWrite, Depends(Body(AccessPolicyToWrite))],
) -> Response:
    """Keep a new access policy."""
    async with data.transaction() as tx:
        policy = await operations.create_policy(tx, caller, asked, quota=setup.access_policy_quota)
    return json_response(documents.policy_document(policy), 201)


@router.get(
    f"{POLICIES}/{{policy_id}}",
    operation_id="GetAccessPolicy",
    summary="Show an access policy",
    **described(AccessPolicyDocument),
)
async def show_policy(caller: Anyone, data: Data, policy_id: str) -> Response:
    """One access policy."""
    async with data.reading() as tx:
        policy = await operations.show_policy(tx, caller, policy_id)
    return json_response(documents.policy_document(policy))


@router.put(
    f"{POLICIES}/{{policy_id}}",
    operation_id="UpdateAccessPolicy",
    summary="Replace an access policy",
    **described(AccessPolicyDocument),
)
async def update_policy(
    caller: Anyone,
    data: Data,
    policy_id: str,
    asked: Annotated[AccessPolicyToWrite, Depends(Body(AccessPolicyToWrite))],
) -> Response:
    """Keep another policy under the same id."""
    async with data.transaction() as tx:
        policy = await operations.update_policy(tx, caller, policy_id, asked)
    return json_response(documents.policy_document(policy))


@router.delete(
    f"{POLICIES}/{{policy_id}}",
    operation_id="DeleteAccessPolicy",
    summary="Delete an access policy",
    **described(None, status=204),
)
async def delete_policy(caller: Anyone, data: Data, policy_id: str) -> Response:
    """Forget an access policy."""
    async with data.transaction() as tx:
        await operations.delete_policy(tx, caller, policy_id)
    return Response(status_code=204)


@router.get(
    f"{CLUSTER}{LONG_KEY}",
    operation_id="GetClusterLongAkskConfig",
    summary="Show whether a cluster has a long-lived access key",
    **described(LongKeyOfCluster),
)
async def show_long_key(caller: Member, data: Data, cluster_id: str) -> Response:
    """No key can be uploaded here, so no cluster has one."""
    async with data.reading() as tx:
        await clusters.show(tx, caller, cluster_id)
    return json_response({"hasUploadedLongAKSK": False, "enableLongAKSK": False})


@router.put(
    f"{CLUSTER}{LONG_KEY}",
    operation_id="UpdateClusterLongAkskConfig",
    summary="Choose whether a cluster has a long-lived access key",
    **described(None, status=204),
)
async def update_long_key(
    caller: Member,
    data: Data,
    cluster_id: str,
    asked: Annotated[LongKeyInCluster, Depends(Body(LongKeyInCluster))],
) -> Response:
    """Take the key out of a cluster, which has none; none can be given."""
    async with data.transaction() as tx:
        await operations.choose_long_key(tx, caller, cluster_id, enable=asked.enable)
    return Response(status_code=204)


@router.get(
    f"/api/v3/projects/{{project_id}}{LONG_KEY}",
    operation_id="GetLongAkskConfig",
    summary="Show whether new clusters get a long-lived access key",
    **described(LongKeyOfProject),
)
async def show_long_key_of_new(_caller: Member) -> Response:
    """No key can be uploaded here, so no cluster will get one."""
    return json_response({"hasUploadedLongAKSK": False, "enableLongAKSKInNewCluster": False})


@router.put(
    f"/api/v3/projects/{{project_id}}{LONG_KEY}",
    operation_id="UpdateLongAkskConfig",
    summary="Choose whether new clusters get a long-lived access key",
    **described(None, status=204),
)
async def update_long_key_of_new(
    _caller: Member,
    asked: Annotated[LongKeyInNewClusters, Depends(Body(LongKeyInNewClusters))],
) -> Response:
    """Let new clusters be without a key, as they are; none can be given."""
    operations.check_long_key(enable=asked.enable)
    return Response(status_code=204)
