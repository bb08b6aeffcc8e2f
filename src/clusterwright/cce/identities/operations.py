"""What can be done with pod identities: one transaction each, refusals from the catalogue."""

from dataclasses import replace

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import STEADY, Cluster
from clusterwright.cce.identities import spec, store
from clusterwright.cce.identities.spec import BadToken, Claims
from clusterwright.cce.identities.store import Associated, Association
from clusterwright.cce.identities.wire import AssociationToCreate, AssociationToUpdate
from clusterwright.drivers.contract import Issuer
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage import limits
from clusterwright.storage.database import Tx


async def create(
    tx: Tx, caller: Caller, cluster_uid: str, asked: AssociationToCreate
) -> Association:
    """Keep which agency a service account may act as; neither needs to exist yet.

    Raises ApiError: NOT_FOUND, WRONG_STATE, ALREADY_EXISTS, QUOTA.
    """
    cluster = await clusters.get_in_phase(tx, caller, cluster_uid, STEADY)
    if await store.count(tx, cluster.uid) >= limits.MOST_IDENTITIES:
        raise ApiError(
            errors.QUOTA,
            f"A cluster may have {limits.MOST_IDENTITIES} associations. Delete one first.",
        )
    now = clock.now()
    added = Association(
        uid=ids.new_uid(),
        project_id=caller.project_id,
        cluster_uid=cluster.uid,
        namespace=asked.namespace,
        service_account=asked.service_account,
        agency_name=asked.agency_name,
        tags=[{"key": tag.key, "value": tag.value} for tag in asked.tags or ()],
        created_at=now,
        updated_at=now,
    )
    try:
        await store.insert(tx, added)
    except Associated:
        raise ApiError(
            errors.ALREADY_EXISTS,
            f"The service account {asked.namespace}/{asked.service_account} has an agency already."
            " Update that association.",
        ) from None
    return added


async def show(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, *, lock: bool = False
) -> Association:
    """An association. Raises ApiError NOT_FOUND."""
    cluster = await clusters.show(tx, caller, cluster_uid)
    found = await store.get(tx, uid, cluster.uid, project_id=caller.project_id, lock=lock)
    if found is None:
        raise ApiError(errors.NOT_FOUND, f"There is no association {uid[:64]} in this cluster.")
    return found


async def every(tx: Tx, caller: Caller, cluster_uid: str) -> list[Association]:
    """All associations of a cluster. Raises ApiError NOT_FOUND."""
    cluster = await clusters.show(tx, caller, cluster_uid)
    return await store.find(tx, cluster.uid, project_id=caller.project_id)


async def update(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, asked: AssociationToUpdate
) -> Association:
    """Let the service account act as another agency. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    await clusters.get_in_phase(tx, caller, cluster_uid, STEADY)
    found = await show(tx, caller, cluster_uid, uid, lock=True)
    changed = replace(found, agency_name=asked.agency_name, updated_at=clock.now())
    await store.update(tx, uid, agency_name=changed.agency_name, updated_at=changed.updated_at)
    return changed


async def delete(tx: Tx, caller: Caller, cluster_uid: str, uid: str) -> None:
    """Forget an association; keys that were given for it stay good until they end.

    Raises ApiError: NOT_FOUND, WRONG_STATE.
    """
    await clusters.get_alive(tx, caller, cluster_uid)
    await show(tx, caller, cluster_uid, uid, lock=True)
    await store.remove(tx, uid)


def claims(token: str, issuer: Issuer) -> Claims:
    """Whose token this is. Raises ApiError INVALID_REQUEST, which tells nothing of the token."""
    try:
        return spec.verified(token, issuer)
    except BadToken as error:
        raise ApiError(errors.INVALID_REQUEST, f"token: {error}") from None


async def of_account(tx: Tx, cluster: Cluster, told: Claims) -> Association:
    """The association of a token's service account. Raises ApiError NOT_FOUND."""
    found = await store.of_account(tx, cluster.uid, told.namespace, told.service_account)
    if found is None:
        raise ApiError(
            errors.NOT_FOUND,
            f"The service account {told.namespace[:64]}/{told.service_account[:64]} has no agency.",
        )
    return found
