"""How templates, add-ons and checks read (API reference, 7)."""

from collections.abc import Mapping
from typing import Any

from clusterwright.cce.addons.store import Addon, AddonStatus, Check
from clusterwright.cce.addons.templates import KNOWN, Template, TemplateVersion
from clusterwright.cce.clusters.store import Cluster, ClusterPhase
from clusterwright.clock import seconds

Json = dict[str, Any]
Places = Mapping[str, str]
"""Where this server is, as the input of templates tells it: ``base``, ``host`` and ``region``."""

CHECK_LIFETIME = 24 * 3600 * 1_000_000_000
"""Nanoseconds that a check can be read."""

_TYPE = "helm"
_CATEGORIES = ("CCE", "Turbo")
_ROLLBACK_FROM = (
    AddonStatus.RUNNING,
    AddonStatus.AVAILABLE,
    AddonStatus.ABNORMAL,
    AddonStatus.UPGRADE_FAILED,
    AddonStatus.ROLLBACK_FAILED,
)


def listed(kind: str, items: Any) -> Json:
    """A list in the service's envelope."""
    return {"kind": kind, "apiVersion": "v3", "items": items}


def template(found: Template, places: Places) -> Json:
    """A template with its versions."""
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {
            "uid": found.name,
            "name": found.name,
            "creationTimestamp": found.versions[-1].released,
            "updateTimestamp": found.versions[0].released,
        },
        "spec": {
            "type": _TYPE,
            "require": found.built_in,
            "labels": [found.label],
            "logoURL": "",
            "readmeURL": "",
            "description": found.description,
            "versions": [_version(found, known, places) for known in found.versions],
        },
    }


def _version(of: Template, found: TemplateVersion, places: Places) -> Json:
    support = {
        "clusterVersion": [found.pattern],
        "category": [*_CATEGORIES, *["Autopilot"] * of.autopilot],
    }
    return {
        "version": found.version,
        "input": of.content.rendered({**places, "version": found.version}),
        "stable": True,
        "translate": {},
        "supportVersions": [
            {"clusterType": kind} | support for kind in ("VirtualMachine", "ARM64")
        ],
        "creationTimestamp": found.released,
        "updateTimestamp": found.released,
    }


def status_in(cluster: Cluster, addon: Addon) -> AddonStatus:
    """The add-on's status as clients see it.

    What came with its cluster shares the cluster's fate.
    """
    if addon.status in (AddonStatus.RUNNING, AddonStatus.AVAILABLE):
        if cluster.phase is ClusterPhase.CREATING:
            return AddonStatus.INSTALLING
        if cluster.phase in (ClusterPhase.ERROR, ClusterPhase.UNAVAILABLE):
            return AddonStatus.ABNORMAL
    return addon.status


def is_rollbackable(addon: Addon) -> bool:
    """Whether there is a version to go back to, and now is the time."""
    return bool(addon.previous_version) and addon.status in _ROLLBACK_FROM


def addon(found: Addon, cluster: Cluster, places: Places) -> Json:
    """An add-on of a cluster."""
    known = KNOWN[found.name]
    newer = known.for_cluster(cluster.version)
    current = known.find(found.installed_version)
    at = next((place for place, one in enumerate(newer) if one is current), len(newer))
    status: Json = {
        "status": status_in(cluster, found),
        "Reason": found.reason,
        "message": found.reason,
        "targetVersions": [one.version for one in newer[:at]],
        "isRollbackable": is_rollbackable(found),
    }
    if current:
        status["currentVersion"] = _version(known, current, places)
    if found.previous_version:
        status["previousVersion"] = found.previous_version
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {
            "uid": found.uid,
            "name": found.given_name or found.name,
            "alias": found.alias or found.name,
            "labels": found.labels,
            "annotations": found.annotations,
            "creationTimestamp": seconds(found.created_at),
            "updateTimestamp": seconds(found.updated_at),
        },
        "spec": {
            "clusterID": found.cluster_uid,
            "version": found.version,
            "addonTemplateName": found.name,
            "addonTemplateType": _TYPE,
            "addonTemplateLogo": "",
            "addonTemplateLabels": [known.label],
            "description": known.description,
            "values": found.parameters,
        },
        "status": status,
    }


def check(found: Check) -> Json:
    """A finished check."""
    outcome = "Failed" if found.risk else "Success"
    risk = {"riskName": found.type, "level": "Fatal", "status": outcome, "message": found.risk}
    return {
        "metadata": {
            "type": found.type,
            "taskID": found.uid,
            "addonTemplateName": found.name,
            "addonInstanceName": found.name,
            "addonInstanceID": found.addon_uid,
            "createTimeStamp": seconds(found.created_at),
            "expireTimeStamp": seconds(found.created_at + CHECK_LIFETIME),
        },
        "spec": {"addonTargetVersion": found.target_version},
        "status": {
            "status": outcome,
            "message": found.risk,
            "riskList": [risk] if found.risk else [],
        },
    }


def checks(cluster_uid: str, asked: list[Json], found: list[Check]) -> Json:
    """The answer to a request to check: as a whole, by item, and as tasks that can be listed."""
    failed = any(one.risk for one in found)
    return {
        "kind": "AddonCheck",
        "apiVersion": "v3",
        "spec": {"clusterID": cluster_uid, "addonList": asked},
        "status": {
            "phase": "Failed" if failed else "Success",
            "itemsStatus": [
                {
                    "name": one.name,
                    "kind": "Exception",
                    "group": "AddonCheck",
                    "level": "Fatal" if one.risk else "Info",
                    "phase": "Failed" if one.risk else "Success",
                    "message": one.risk,
                }
                for one in found
            ],
            "items": [check(one) for one in found],
        },
    }
