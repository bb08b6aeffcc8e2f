"""What can be done about access: credentials, revocation, public addresses and access policies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from ipaddress import AddressValueError, IPv4Address

from clusterwright import clock, errors, ids
from clusterwright.cce.access import store
from clusterwright.cce.access.store import AccessPolicy
from clusterwright.cce.access.wire import (
    AccessPolicyToWrite,
    CertificatesToRevoke,
    CertificateToCreate,
    EipAction,
    moment_of,
)
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters import store as clusters_store
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.clusters.extensions import AddressHolder
from clusterwright.cce.clusters.store import STEADY, Cluster, ClusterPhase
from clusterwright.cce.surroundings import checks
from clusterwright.cce.surroundings.checks import Named
from clusterwright.cce.surroundings.store import Kind
from clusterwright.drivers.contract import Driver, DriverError, Kubeconfig, Unavailable
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage import limits, projects
from clusterwright.storage.database import Tx

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LONGEST = 1827
"""Days of the longest certificate: five years (API reference, 4.8)."""
SHORTEST = 15 * MINUTE

_UNREACHABLE = (
    ClusterPhase.CREATING,
    ClusterPhase.DELETING,
    ClusterPhase.HIBERNATING,
    ClusterPhase.HIBERNATION,
    ClusterPhase.AWAKING,
)
_WORKED_ON = (
    *_UNREACHABLE,
    ClusterPhase.UPGRADING,
    ClusterPhase.RESIZING,
    ClusterPhase.ROLLING_BACK,
)
"""Phases in which the control plane's certificate is not to change as well."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what a driver refuses into refusals of the catalogue."""
    try:
        yield
    except Unavailable as error:
        raise ApiError(errors.DRIVER_UNAVAILABLE, str(error)) from error
    except DriverError as error:
        raise ApiError(errors.WRONG_STATE, str(error)) from error


async def get_held(tx: Tx, caller: Caller, uid: str) -> tuple[Cluster, int]:
    """A cluster that can be reached, and which generation of its certificates the caller may hold.

    Raises ApiError: NOT_FOUND, INVALID_REQUEST while the cluster cannot be reached.
    """
    cluster = await clusters.show(tx, caller, uid)
    if cluster.phase in _UNREACHABLE or not cluster.endpoint:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"The cluster is {cluster.phase} and cannot be reached. Wait until it is Available.",
        )
    return cluster, await store.generation(tx, uid, caller.user_id)


async def kubeconfig(
    driver: Driver, cluster: Cluster, caller: Caller, *, lifetime_seconds: int, generation: int
) -> Kubeconfig:
    """The caller's credentials, the same ones as long as they are valid.

    Raises ApiError DRIVER_UNAVAILABLE, or WRONG_STATE where the driver cannot give any.
    """
    with refusing():
        return await driver.kubeconfig(
            blueprint(cluster),
            user=caller.user_id,
            lifetime_seconds=lifetime_seconds,
            generation=generation,
        )


def lifetime(asked: CertificateToCreate, *, now: int) -> int:
    """The seconds that the certificate asked for is valid.

    Raises ApiError INVALID_REQUEST for neither form and for too short or too long a time.
    """
    if asked.expire_at is not None:
        return _until(asked.expire_at, now)
    if asked.duration is None:
        raise ApiError(errors.INVALID_REQUEST, "duration: Send duration or expire_at.")
    if asked.duration == -1:
        return LONGEST * DAY
    if not 1 <= asked.duration <= LONGEST:
        raise ApiError(
            errors.INVALID_REQUEST, f"duration: Send 1 to {LONGEST} days, or -1 for five years."
        )
    return asked.duration * DAY


def _until(expire_at: str, now: int) -> int:
    """The seconds until a time, in steps that let a repeated request find its certificate again."""
    left = moment_of(expire_at).timestamp() - now / 1_000_000_000
    seconds = round(left / MINUTE) * MINUTE
    if not SHORTEST <= seconds <= LONGEST * DAY:
        raise ApiError(
            errors.INVALID_REQUEST, "expire_at: Send a time 15 minutes to five years ahead."
        )
    step = MINUTE if seconds < 6 * HOUR else HOUR if seconds < 10 * DAY else DAY
    return seconds // step * step


@dataclass(frozen=True, slots=True)
class Revoked:
    """Whose certificates end, and the first generation of them that does not."""

    holder: str
    generation: int


async def revoke(
    tx: Tx, caller: Caller, uid: str, asked: CertificatesToRevoke
) -> tuple[Cluster, Revoked]:
    """Make the holder's next request for credentials give new ones.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST unless one holder is named, QUOTA for
    another one than the many whose certificates were revoked before.
    """
    holders = [holder for holder in (asked.user_id, asked.agency_id) if holder is not None]
    if len(holders) != 1:
        raise ApiError(errors.INVALID_REQUEST, "userId: Send either userId or agencyId.")
    [holder] = holders
    cluster = await clusters.show(tx, caller, uid, lock=True)
    if cluster.phase in _UNREACHABLE:
        raise ApiError(
            errors.WRONG_STATE,
            f"The cluster is {cluster.phase}. Revoke certificates when it is Available.",
        )
    first = not await store.generation(tx, uid, holder)
    if first and await store.count_revoked(tx, uid) >= limits.MOST_REVOKED:
        raise ApiError(
            errors.QUOTA,
            f"Certificates of {limits.MOST_REVOKED} users and agencies of this cluster were"
            " revoked. Rotate the cluster's credentials, which ends everybody's.",
        )
    await store.revoke(tx, uid, holder)
    return cluster, Revoked(holder, await store.generation(tx, uid, holder))


async def end(driver: Driver, cluster: Cluster, revoked: Revoked) -> None:
    """Have the old certificates refused, once it is kept that they are.

    Raises ApiError like ``kubeconfig``; the same request sent again does it.
    """
    with refusing():
        await driver.revoke(blueprint(cluster), user=revoked.holder, generation=revoked.generation)


async def change_address(
    tx: Tx,
    caller: Caller,
    uid: str,
    asked: EipAction,
    holder: AddressHolder,
    *,
    trusting: bool,
) -> Cluster:
    """Bind a public address to the API server, or release it. Both may be repeated.

    ``trusting`` says whether addresses that were not made here are believed in. Raises ApiError:
    NOT_FOUND, WRONG_STATE, INVALID_REQUEST for another action, a missing id, and an address that
    another cluster or a node has.
    """
    cluster = await clusters.show(tx, caller, uid, lock=True)
    if cluster.phase in _WORKED_ON or not cluster.endpoint:
        raise ApiError(
            errors.WRONG_STATE,
            f"The cluster is {cluster.phase}. Change its address when it is Available.",
        )
    eip = _bound(cluster, asked) if asked.action == "bind" else _released(asked)
    if eip:
        around = [Named(Kind.ADDRESS, eip["id"], "spec.spec.id")]
        await checks.check(tx, around, project_id=cluster.project_id, trusting=trusting)
        await clusters.check_address(tx, cluster, eip["id"], holder, "spec.spec.id")
    changed = replace(cluster, eip=eip, updated_at=clock.now())
    await clusters_store.update(tx, uid, eip=eip, updated_at=changed.updated_at)
    return changed


def _bound(cluster: Cluster, asked: EipAction) -> dict[str, str]:
    eip_id = asked.spec.id if asked.spec else ""
    if not eip_id:
        raise ApiError(errors.INVALID_REQUEST, "spec.spec.id: Name the public address to bind.")
    if cluster.eip and cluster.eip["id"] != eip_id:
        raise ApiError(errors.WRONG_STATE, "Another public address is bound. Unbind it first.")
    return {"id": eip_id, "address": asked.elastic_ip or public_address(eip_id)}


def public_address(eip_id: str) -> str:
    """The id, where that is an address; else one of nobody, the same for an id (RFC 5737)."""
    try:
        return str(IPv4Address(eip_id))
    except AddressValueError:
        return f"203.0.113.{1 + int.from_bytes(sha256(eip_id.encode()).digest()[:8]) % 254}"


def _released(asked: EipAction) -> dict[str, str]:
    if asked.action != "unbind":
        raise ApiError(errors.INVALID_REQUEST, "spec.action: Send bind or unbind.")
    return {}


async def cover(driver: Driver, cluster: Cluster) -> None:
    """Make the API server's certificate good for the addresses that it has now.

    Raises ApiError like ``kubeconfig``; the same request sent again goes on from there.
    """
    with refusing():
        await driver.ensure_credentials(blueprint(cluster))


async def create_policy(
    tx: Tx, caller: Caller, asked: AccessPolicyToWrite, *, quota: int
) -> AccessPolicy:
    """Keep a new access policy, unless the project has ``quota`` of them.

    Raises ApiError: QUOTA, NOT_FOUND for a cluster of another project.
    """
    await projects.hold(tx, _project(caller))
    if await store.count_policies(tx, project_id=_project(caller)) >= quota:
        raise ApiError(
            errors.QUOTA, f"This project may have {quota} access policies. Delete one first."
        )
    await _check_clusters(tx, caller, asked.clusters)
    now = clock.now()
    policy = AccessPolicy(
        uid=ids.new_uid(),
        project_id=_project(caller),
        document=asked.as_sent(),
        created_at=now,
        updated_at=now,
    )
    await store.insert_policy(tx, policy)
    return policy


async def _check_clusters(tx: Tx, caller: Caller, named: list[str]) -> None:
    for uid in named:
        if uid != "*":
            await clusters.show(tx, caller, uid)


def _project(caller: Caller) -> str:
    if not caller.project_id:
        raise ApiError(
            errors.FORBIDDEN, "Access policies belong to a project: use credentials for one."
        )
    return caller.project_id


async def list_policies(tx: Tx, caller: Caller, *, cluster_id: str) -> list[AccessPolicy]:
    """The project's access policies, or those that concern one cluster."""
    found = await store.find_policies(tx, project_id=_project(caller))
    wanted = {cluster_id, "*"}
    return [p for p in found if not cluster_id or wanted.intersection(p.document["clusters"])]


async def show_policy(tx: Tx, caller: Caller, uid: str, *, lock: bool = False) -> AccessPolicy:
    """The access policy. Raises ApiError NOT_FOUND for one that the caller's project has not."""
    policy = await store.get_policy(tx, uid, project_id=_project(caller), lock=lock)
    if policy is None:
        raise ApiError(errors.NOT_FOUND, f"There is no access policy {uid[:64]} in this project.")
    return policy


async def update_policy(
    tx: Tx, caller: Caller, uid: str, asked: AccessPolicyToWrite
) -> AccessPolicy:
    """Replace an access policy. Raises ApiError NOT_FOUND."""
    policy = await show_policy(tx, caller, uid, lock=True)
    await _check_clusters(tx, caller, asked.clusters)
    changed = replace(policy, document=asked.as_sent(), updated_at=clock.now())
    await store.update_policy(tx, uid, document=changed.document, updated_at=changed.updated_at)
    return changed


async def delete_policy(tx: Tx, caller: Caller, uid: str) -> None:
    """Forget an access policy. Raises ApiError NOT_FOUND."""
    await show_policy(tx, caller, uid, lock=True)
    await store.remove_policy(tx, uid)


async def choose_long_key(tx: Tx, caller: Caller, uid: str, *, enable: bool) -> None:
    """Take the key out of a cluster, which has none. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    await clusters.get_in_phase(tx, caller, uid, STEADY)
    check_long_key(enable=enable)


def check_long_key(*, enable: bool) -> None:
    """Make sure that no cluster is to get a long-lived access key, which nobody can hand in here.

    Raises ApiError WRONG_STATE.
    """
    if enable:
        raise ApiError(
            errors.WRONG_STATE,
            "No long-lived access key was uploaded, and this server takes none: clusters here do"
            " without one. Send false.",
        )
