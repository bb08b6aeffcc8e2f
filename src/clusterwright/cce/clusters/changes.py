"""The pure part of an update: a stored spec and what was asked become the spec that follows.

Three rules hold for every key. What the update may change is changed. What else a creation knows
is fixed: sent again as it is, it is passed over, and as anything else it is refused. A name that
nobody knows is kept, as a creation keeps it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clusterwright.cce.clusters.networks import (
    MOST_RANGES,
    ContainerNetworkToUpdate,
    EniNetwork,
    HostNetworkToUpdate,
)
from clusterwright.cce.clusters.ranges import ROUTED, check_apart, check_free
from clusterwright.cce.clusters.spec import check_subnets, invalid, ranges_of
from clusterwright.cce.clusters.wire import SpecToUpdate
from clusterwright.document import Document

_PASSED_OVER = ("publicAccess",)
"""What an update may name and never changes (API reference, 4.7)."""

_NEVER = frozenset[str]()


def merged(
    stored: Mapping[str, Any], asked: SpecToUpdate, taken: Sequence[str] = ()
) -> dict[str, Any]:
    """``stored`` with the changes of an update.

    ``taken`` are the container ranges that other clusters have in the VPC. Raises ApiError, naming
    the field that cannot change so.
    """
    sent = asked.as_sent()
    for key in _PASSED_OVER:
        sent.pop(key, None)
    plain = {key: value for key, value in sent.items() if key not in _PARTS}
    spec = _changed(stored, plain, SpecToUpdate, "spec", SpecToUpdate.MAY_CHANGE)
    if "hostNetwork" in sent:
        spec["hostNetwork"] = _changed(
            stored["hostNetwork"],
            sent["hostNetwork"],
            HostNetworkToUpdate,
            "spec.hostNetwork",
            frozenset({"SecurityGroup"}),
        )
    if "secretConfig" in sent:
        spec["secretConfig"] = stored.get("secretConfig", {}) | sent["secretConfig"]
    if "eniNetwork" in sent:
        spec["eniNetwork"] = _with_subnets(stored, sent["eniNetwork"])
    if "containerNetwork" in sent:
        spec["containerNetwork"] = _with_ranges(stored, sent["containerNetwork"], taken)
    return spec


_PARTS = frozenset({"containerNetwork", "eniNetwork", "hostNetwork", "secretConfig"})


def _changed(
    stored: Mapping[str, Any],
    sent: Mapping[str, Any],
    model: type[Document],
    path: str,
    may_change: frozenset[str],
) -> dict[str, Any]:
    """``stored`` with what ``sent`` may change of it, and with the names that nobody knows."""
    known = {field.alias or name for name, field in model.model_fields.items()}
    after = dict(stored)
    for key, value in sent.items():
        if key in may_change or (key not in known and key not in stored):
            after[key] = value
        elif not _says_the_same(stored.get(key), value):
            raise invalid(f"{path}.{key}", "This field cannot be changed by an update.")
    return after


def _says_the_same(stored: Any, sent: Any) -> bool:
    """Whether nothing in ``sent`` differs from what is stored; it may say less."""
    if isinstance(stored, Mapping) and isinstance(sent, Mapping):
        return all(_says_the_same(stored.get(key), value) for key, value in sent.items())
    if isinstance(stored, list) and isinstance(sent, list):
        return len(stored) == len(sent) and all(map(_says_the_same, stored, sent))
    return bool(stored == sent) and type(stored) is type(sent)


def _with_subnets(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The pods' subnets with new ones: the list names all that there are, and may only grow."""
    path = "spec.eniNetwork"
    before: Mapping[str, Any] = stored.get("eniNetwork", {})
    network = _changed(before, sent, EniNetwork, path, frozenset({"subnets"}))
    there = before.get("subnets") or [
        {"subnetID": before[key]} for key in ("eniSubnetId",) if before.get(key)
    ]
    if "subnets" not in sent:
        return network
    named = {subnet["subnetID"] for subnet in sent["subnets"]}
    if missing := [each["subnetID"] for each in there if each["subnetID"] not in named]:
        raise invalid(
            f"{path}.subnets",
            f"Subnets can be added and not removed: {', '.join(missing)} must be named too.",
        )
    check_subnets(stored["containerNetwork"]["mode"], bool(named or there))
    return network


def _with_ranges(
    stored: Mapping[str, Any], sent: Mapping[str, Any], taken: Sequence[str]
) -> dict[str, Any]:
    """The container network with the ranges of an update.

    Those of ``cidrs`` are added (API reference, 4.7: only new ones are sent); those of
    ``containercidrs`` take the place of what there was.
    """
    path = "spec.containerNetwork"
    before: dict[str, Any] = stored["containerNetwork"]
    added = [entry["cidr"] for entry in sent.get("cidrs", ())]
    listed: list[str] = sent.get("containercidrs", [])
    rest = {k: v for k, v in sent.items() if k not in ("cidrs", "containercidrs")}
    network = _changed(before, rest, ContainerNetworkToUpdate, path, _NEVER)
    ranges = ranges_of(dict(stored))
    after = listed or [*ranges, *(cidr for cidr in added if cidr not in ranges)]
    if listed and added:
        raise invalid(f"{path}.containercidrs", "Send containercidrs or cidrs, not both.")
    if after == ranges:
        return network
    field = f"{path}.{'containercidrs' if listed else 'cidrs'}"
    if before["mode"] != ROUTED:
        raise invalid(field, "Only network mode vpc-router takes several ranges.")
    if len(after) > MOST_RANGES:
        raise invalid(field, f"A cluster has at most {MOST_RANGES} ranges.")
    check_apart((*after, stored["serviceNetwork"]["IPv4CIDR"]))
    check_free((cidr for cidr in after if cidr not in ranges), taken)
    return network | {"cidr": after[0], "cidrs": [{"cidr": cidr} for cidr in after]}
