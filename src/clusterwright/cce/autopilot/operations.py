"""What can be done with what only clusters without nodes have: one transaction each."""

from typing import Any, NoReturn

from clusterwright import errors
from clusterwright.cce.autopilot import store
from clusterwright.cce.autopilot.wire import MaintenanceWindow
from clusterwright.cce.clusters import operations as clusters
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Tx


async def create_window(
    tx: Tx, caller: Caller, uid: str, asked: MaintenanceWindow
) -> dict[str, Any]:
    """Give a cluster its window. Raises ApiError: NOT_FOUND, WRONG_STATE, ALREADY_EXISTS."""
    await clusters.get_alive(tx, caller, uid)
    if await store.window(tx, uid) is not None:
        raise ApiError(errors.ALREADY_EXISTS, "The cluster has a maintenance window. Update it.")
    await store.keep_window(tx, uid, asked.as_sent())
    return asked.as_sent()


async def show_window(tx: Tx, caller: Caller, uid: str) -> dict[str, Any]:
    """The window of a cluster. Raises ApiError NOT_FOUND."""
    await clusters.show(tx, caller, uid)
    found = await store.window(tx, uid)
    if found is None:
        raise ApiError(errors.NOT_FOUND, "The cluster has no maintenance window. Create one.")
    return found


async def update_window(
    tx: Tx, caller: Caller, uid: str, asked: MaintenanceWindow
) -> dict[str, Any]:
    """Give a cluster another window. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    await clusters.get_alive(tx, caller, uid)
    await show_window(tx, caller, uid)
    await store.keep_window(tx, uid, asked.as_sent())
    return asked.as_sent()


async def delete_window(tx: Tx, caller: Caller, uid: str) -> dict[str, Any]:
    """Forget the window of a cluster, and return it. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    await clusters.get_alive(tx, caller, uid)
    found = await show_window(tx, caller, uid)
    await store.remove_window(tx, uid)
    return found


async def check_plan(tx: Tx, caller: Caller, uid: str, plan_uid: str) -> NoReturn:
    """Find a plan of an upgrade, which there never is: windows are for patches, and none are here.

    Raises ApiError NOT_FOUND.
    """
    await clusters.show(tx, caller, uid)
    raise ApiError(errors.NOT_FOUND, f"There is no upgrade plan {plan_uid[:64]} in this cluster.")
