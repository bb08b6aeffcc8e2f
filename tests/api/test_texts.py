"""Texts in bodies: blanks, other scripts' digits and things said twice are refused by one rule.

These are properties of all models, whatever operation reads them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from clusterwright.cce.addons import wire as addons
from clusterwright.cce.nodes.batch_wire import NodeUids
from clusterwright.document import Document, Malformed
from clusterwright.iam import account_wire as account
from tests.api import declared, nodes_in_full
from tests.api.nodes_parts import SCRIPT
from tests.api.official import spoilt
from tests.api.test_declared_fields import BODIES

Json = dict[str, Any]

ADDONS: dict[type[Document], Json] = {
    model: {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"uid": "u", "name": "n", "alias": "a"},
        "spec": {"clusterID": "c", "addonTemplateName": "n", "version": "1", "values": {}},
    }
    for model in (addons.AddonToInstall, addons.AddonToUpdate)
}
PERSON = {
    "name": "u",
    "description": "d",
    "email": "ci@example.test",
    "areacode": "86",
    "phone": "123",
    "access_mode": "console",
    "pwd_status": True,
    "xuser_id": "x",
    "xuser_type": "x",
    "domain_id": "d",
    "password": "secret",
    "enabled": True,
}
TRUST = {
    "name": "a",
    "domain_id": "d",
    "trust_domain_id": "d",
    "trust_domain_name": "t",
    "delegated_domain": "t",
    "duration": "30",
}
ACCOUNT: dict[type[Document], Json] = {
    account.KeyRequest: {"credential": {"user_id": "u", "description": "d"}},
    account.KeyUpdate: {"credential": {"status": "active", "description": "d"}},
    account.ProjectRequest: {"project": {"name": "p", "parent_id": "p", "domain_id": "d"}},
    account.ProjectUpdate: {"project": {"name": "p", "description": "d"}},
    account.StatusUpdate: {"project": {"status": "normal"}},
    account.UserRequest: {"user": PERSON},
    account.UserUpdate: {"user": PERSON},
    account.PasswordUpdate: {"user": {"password": "secret", "original_password": "secret"}},
    account.GroupRequest: {"group": {"name": "g", "domain_id": "d", "description": "d"}},
    account.GroupUpdate: {"group": {"name": "g", "domain_id": "d", "description": "d"}},
    account.AgencyRequest: {"agency": TRUST},
    account.AgencyUpdate: {
        "agency": {name: TRUST[name] for name in TRUST if name not in ("name", "domain_id")}
    },
}
SAMPLES: Mapping[type[Document], Json] = (
    {model: declared.example(model) for models in BODIES.values() for model in models}
    | {each.ours: each.body for each in nodes_in_full.OPERATIONS}
    | ADDONS
    | ACCOUNT
)
"""A good body of each operation, with everything in it."""
OTHER_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
"""Python reads them as numbers, and no other service does."""

Place = tuple[str | int, ...]


def texts(value: Any, path: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text in a body, with its place."""
    if isinstance(value, str):
        yield path, value
    items = value.items() if isinstance(value, dict) else ()
    for key, inner in enumerate(value) if isinstance(value, list) else items:
        yield from texts(inner, (*path, key))


def takes(model: type[Document], body: Json) -> bool:
    """Whether a body is read."""
    try:
        model.parse(json.dumps(body).encode())
    except Malformed:
        return False
    return True


def names(place: Place) -> set[str]:
    """The keys on the way to a place."""
    return {key for key in place if isinstance(key, str)}


FREE = {
    *("description", "annotations", "labels", "value", "values", "configurations", "message"),
    *("kind", "apiVersion", "creationTimestamp", "updateTimestamp", "resourceSpecCode"),
    *("reason", "deleteOption", "deleteStatus", "data", "action", "fixedIps"),
    *("init-node-password", "publicKey", "alpha.cce/preInstall", "alpha.cce/postInstall"),
    *("limits", "requests", "password", "original_password"),
}
"""Where any text may stand, or where another rule looks."""


@pytest.mark.parametrize("model", SAMPLES, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_a_name_or_an_id_has_no_blank_at_either_end(model: type[Document]) -> None:
    body = SAMPLES[model]
    assert takes(model, body)

    kept = [
        place
        for place, good in texts(body)
        if good != SCRIPT and not names(place) & FREE
        for value in (" ", f" {good}", f"{good} ", f"{good}\n", f"\u3000{good}")
        if takes(model, spoilt(body, place, value))
    ]

    assert kept == []


COMPARED = {"version", "az", "flavor", "fixedIps"}
"""What is compared with what is offered, or with what there is, where a body is not all there."""


@pytest.mark.parametrize("model", SAMPLES, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_digits_of_other_scripts_are_refused_where_a_text_has_a_form(model: type[Document]) -> None:
    body = SAMPLES[model]

    kept = [
        place
        for place, good in texts(body)
        if good != good.translate(OTHER_DIGITS) and not names(place) & (FREE | COMPARED)
        if takes(model, spoilt(body, place, good.translate(OTHER_DIGITS)))
    ]

    assert kept == []


def lists(value: Any, path: Place = ()) -> Iterator[tuple[Place, list[Any]]]:
    """Every list in a body that is not empty, with its place."""
    if isinstance(value, list) and value:
        yield path, value
    items = value.items() if isinstance(value, dict) else ()
    for key, inner in enumerate(value) if isinstance(value, list) else items:
        yield from lists(inner, (*path, key))


HARMLESS = {
    *("nodes", "skippedNodes", "nodeIDs", "skippedTasks", "skippedCheckItemList"),
    *("addons", "values", "a", "cidrs", "containercidrs", "masters", "extNics", "endpoints"),
    *("conditions", "dataVolumes", "dataVolumesUpdate", "value", "fixedIps"),
}
"""Lists in which the same may stand twice, and those that are looked at with all the rest."""


@pytest.mark.parametrize("model", SAMPLES, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_nothing_is_said_twice_in_a_list(model: type[Document]) -> None:
    body = SAMPLES[model]

    kept = [
        place
        for place, good in lists(body)
        if place[-1] not in HARMLESS and model is not NodeUids
        if takes(model, spoilt(body, place, [*good, good[0]]))
    ]

    assert kept == []
