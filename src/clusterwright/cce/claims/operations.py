"""What can be done with claims of cloud volumes: one transaction each."""

import re

from clusterwright import errors
from clusterwright.cce.claims import store
from clusterwright.cce.claims.store import Claim, NameTaken
from clusterwright.cce.claims.wire import CLOSED, NAMESPACE, ClaimToCreate
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import STEADY
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage import limits
from clusterwright.storage.database import Tx


async def create(
    tx: Tx, caller: Caller, cluster_uid: str, namespace: str, asked: ClaimToCreate
) -> Claim:
    """Keep a claim.

    Raises ApiError: INVALID_REQUEST, NOT_FOUND, WRONG_STATE, QUOTA, ALREADY_EXISTS.
    """
    _check(namespace)
    await clusters.get_in_phase(tx, caller, cluster_uid, STEADY)
    if await store.count(tx, cluster_uid) >= limits.MOST_CLAIMS:
        raise ApiError(
            errors.QUOTA, f"A cluster has at most {limits.MOST_CLAIMS} claims. Delete one first."
        )
    claim = Claim(
        cluster_uid=cluster_uid,
        namespace=namespace,
        name=asked.metadata.name,
        document=asked.as_sent(),
    )
    try:
        await store.add(tx, claim)
    except NameTaken:
        raise ApiError(
            errors.ALREADY_EXISTS,
            f"metadata.name: The namespace {namespace} has a claim {claim.name}.",
        ) from None
    return claim


def _check(namespace: str) -> None:
    if namespace in CLOSED or not re.fullmatch(NAMESPACE, namespace):
        raise ApiError(
            errors.INVALID_REQUEST,
            f"path.namespace: Send the name of a namespace, but none of {', '.join(CLOSED)}.",
        )


async def delete(tx: Tx, caller: Caller, cluster_uid: str, namespace: str, name: str) -> Claim:
    """Forget a claim, and return it as it was. Raises ApiError: INVALID_REQUEST, NOT_FOUND."""
    _check(namespace)
    await clusters.get_alive(tx, caller, cluster_uid)
    found = await store.take(tx, cluster_uid, namespace, name)
    if found is None:
        raise ApiError(
            errors.NOT_FOUND, f"There is no claim {name[:64]} in the namespace {namespace}."
        )
    return found
