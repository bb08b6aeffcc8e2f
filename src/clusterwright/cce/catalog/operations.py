"""What can be read from the catalog and set for a cluster: each operation is one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clusterwright import clock, errors
from clusterwright.cce import offers
from clusterwright.cce.catalog import store
from clusterwright.cce.catalog.store import NameTaken, Partition
from clusterwright.cce.catalog.wire import (
    LogConfig,
    PartitionToCreate,
    PartitionToUpdate,
)
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import STEADY, Cluster
from clusterwright.cce.surroundings import checks
from clusterwright.cce.surroundings.checks import Named
from clusterwright.cce.surroundings.store import Kind
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage import limits
from clusterwright.storage.database import Tx


def check_version(version: str) -> None:
    """Make sure that a version is offered, any part after the minor one aside.

    Raises ApiError VERSION_NOT_SUPPORTED.
    """
    if not offers.is_offered(version):
        raise ApiError(
            errors.VERSION_NOT_SUPPORTED,
            f"query.clusterVersion: Send one of {', '.join(offers.VERSIONS)}.",
        )


async def show_log_config(tx: Tx, caller: Caller, uid: str, *, type: str) -> dict[str, Any]:
    """Which logs of a cluster are collected, of one type where asked. Raises ApiError NOT_FOUND."""
    await clusters.show(tx, caller, uid)
    return _shown(await _log_config(tx, uid), type)


async def _log_config(tx: Tx, uid: str) -> dict[str, Any]:
    stored = await store.log_config(tx, uid)
    if stored is not None:
        return stored
    names = (*offers.CONTROL_LOGS, offers.AUDIT_LOG)
    return {
        "ttl_in_days": offers.DEFAULT_LOG_DAYS,
        "log_configs": [{"name": name, "enable": False} for name in names],
    }


def _shown(config: dict[str, Any], type: str) -> dict[str, Any]:
    listed = [entry for entry in config["log_configs"] if type in ("", _type_of(entry))]
    return config | {"log_configs": listed}


def _type_of(entry: dict[str, Any]) -> str:
    if entry["name"] == offers.AUDIT_LOG:
        return "audit"
    return "control" if entry["name"] in offers.CONTROL_LOGS else "system-addon"


async def update_log_config(tx: Tx, caller: Caller, uid: str, asked: LogConfig) -> dict[str, Any]:
    """Change which logs are collected; what is not named stays as it is.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for an add-on that is not said to be
    one.
    """
    await clusters.get_in_phase(tx, caller, uid, STEADY)
    config = await _log_config(tx, uid)
    entries = {entry["name"]: entry for entry in config["log_configs"]}
    for sent in asked.log_configs or ():
        entry: dict[str, Any] = {"name": sent.name, "enable": sent.enable}
        # Only add-ons have their type beside them, in requests and in answers.
        if _type_of(entry) == "system-addon":
            if sent.type != "system-addon":
                raise ApiError(
                    errors.INVALID_REQUEST,
                    f"log_configs: {sent.name} needs the type system-addon.",
                )
            entry["type"] = sent.type
        entries[sent.name] = entry
    days = config["ttl_in_days"] if asked.ttl_in_days is None else asked.ttl_in_days
    changed = {"ttl_in_days": days, "log_configs": list(entries.values())}
    await store.keep_log_config(tx, uid, changed)
    return changed


async def create_partition(
    tx: Tx, caller: Caller, uid: str, asked: PartitionToCreate, *, trusting: bool
) -> Partition:
    """Keep a new partition.

    ``trusting`` says whether subnets that were not made here are believed in.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for a cluster that does not manage
    distant zones, QUOTA, ALREADY_EXISTS.
    """
    cluster = await clusters.get_in_phase(tx, caller, uid, STEADY)
    if not cluster.spec.get("enableDistMgt"):
        raise ApiError(
            errors.INVALID_REQUEST,
            "metadata.name: Only a Turbo cluster with spec.enableDistMgt has partitions.",
        )
    spec = asked.spec.as_sent()
    await _check_subnets(tx, cluster, spec, trusting=trusting)
    if await store.count_partitions(tx, uid) >= limits.MOST_PARTITIONS:
        raise ApiError(errors.QUOTA, f"A cluster has at most {limits.MOST_PARTITIONS} partitions.")
    partition = Partition(
        cluster_uid=uid,
        name=asked.metadata.name,
        spec={"category": "Default"} | spec,
        created_at=clock.now(),
    )
    try:
        await store.insert_partition(tx, partition)
    except NameTaken:
        raise ApiError(
            errors.ALREADY_EXISTS, f"The cluster has a partition {partition.name}. Choose another."
        ) from None
    return partition


async def _check_subnets(
    tx: Tx, cluster: Cluster, spec: Mapping[str, Any], *, trusting: bool
) -> None:
    """Make sure that the subnets which a partition names are there. Raises ApiError."""
    vpc, listed = cluster.spec["hostNetwork"]["vpc"], spec.get("containerNetwork", ())
    named = {f"containerNetwork.{place}": one for place, one in enumerate(listed)}
    named |= {"hostNetwork": spec["hostNetwork"]} if "hostNetwork" in spec else {}
    around = (
        Named(Kind.SUBNET, one["subnetID"], f"spec.{place}.subnetID", vpc=vpc)
        for place, one in named.items()
    )
    await checks.check(tx, around, project_id=cluster.project_id, trusting=trusting)


async def list_partitions(tx: Tx, caller: Caller, uid: str) -> list[Partition]:
    """The partitions of a cluster. Raises ApiError NOT_FOUND."""
    await clusters.show(tx, caller, uid)
    return await store.find_partitions(tx, uid)


async def show_partition(tx: Tx, caller: Caller, uid: str, name: str) -> Partition:
    """One partition of a cluster. Raises ApiError NOT_FOUND."""
    await clusters.show(tx, caller, uid)
    partition = await store.get_partition(tx, uid, name)
    if partition is None:
        raise ApiError(errors.NOT_FOUND, f"There is no partition {name[:64]} in this cluster.")
    return partition


async def update_partition(
    tx: Tx,
    caller: Caller,
    uid: str,
    name: str,
    asked: PartitionToUpdate,
    *,
    trusting: bool,
) -> Partition:
    """Change the fields of the spec that were sent.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST for another name than the path's.
    """
    cluster = await clusters.get_in_phase(tx, caller, uid, STEADY)
    partition = await show_partition(tx, caller, uid, name)
    if asked.metadata and asked.metadata.name not in (None, name):
        raise ApiError(errors.INVALID_REQUEST, "metadata.name: A partition keeps its name.")
    await _check_subnets(tx, cluster, asked.changes, trusting=trusting)
    changed = replace(partition, spec=partition.spec | asked.changes)
    await store.update_partition(tx, changed)
    return changed
