"""The API's own description says everything of every operation, in both languages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest

from clusterwright.app import routes
from clusterwright.document import Document
from clusterwright.web.field_texts import FIELDS
from clusterwright.web.openapi import EMPTY, EXAMPLES
from clusterwright.web.routes import Body
from tests.architecture.routes import ROUTES

PAGE = routes().openapi()
BESIDE_CCE = {"Neighbour", "Server"}
"""Tags of what is not CCE, and of which no examples are recorded."""

NEVER_IN_SUCCESS = {
    "RetryUpgradeClusterTask": "only a failed upgrade can be tried again",
    "RetryAutopilotUpgradeClusterTask": "only a failed upgrade can be tried again",
    "CancelJob": "what the scripts begin ends at once (tests/api/test_acting_on_jobs)",
    "ResumeJob": "nothing fails in the scripts (tests/api/test_acting_on_jobs)",
    "StreamEvents": "it never ends (tests/durability/test_streams)",
    "UpdateAutopilotUpgradePlan": "nothing is ever planned",
    "KeystoneDeleteProject": "no project is ever deleted",
    "KeystoneUpdateUserPassword": "it ends the recorder's own token (tests/api/test_iam_account)",
    "AssumeAgencyForPodIdentity": "only a cluster makes the token (tests/clients/test_identities)",
}
"""Operations that the recorded scripts see refused."""


@dataclass(frozen=True)
class Described:
    """An operation as the page has it."""

    method: str
    path: str
    page: dict[str, Any]

    @property
    def name(self) -> str:
        """The official name."""
        return str(self.page["operationId"])

    @property
    def answers(self) -> dict[str, Any]:
        """What it answers in success, by status."""
        return {s: a for s, a in self.page["responses"].items() if s.startswith("2")}

    def __str__(self) -> str:
        return self.name


def described() -> Iterator[Described]:
    """Every operation on the page."""
    for path, methods in PAGE["paths"].items():
        for method, page in methods.items():
            yield Described(method.upper(), path, page)


ALL = list(described())
CCE = [one for one in ALL if BESIDE_CCE.isdisjoint(one.page.get("tags", BESIDE_CCE))]
"""The operations of CCE itself."""
RECORDED: dict[str, dict[str, Any]] = json.loads(EXAMPLES.read_text())
PARTS = "multipart/form-data"
MOST_FIELDS = 0.77
"""The share of the fields of all documents that are described in both languages: it only rises."""

BODIES: dict[str, type[Document]] = {
    route.operation_id: needed.call.model
    for route in ROUTES
    if route.operation_id
    for needed in route.dependant.dependencies
    if isinstance(needed.call, Body)
}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that can stand alone."""
    return schema | {"components": PAGE["components"]}


def test_the_operations_are_found() -> None:
    assert len(CCE) > 150
    assert len(BODIES) > 50


@pytest.mark.parametrize("one", ALL, ids=str)
def test_an_operation_says_what_it_does_and_takes(one: Described) -> None:
    assert one.page["summary"]
    assert one.page["description"]
    for parameter in one.page.get("parameters", ()):
        assert parameter["schema"]
        assert parameter.get("description"), f"web/texts.py does not know {parameter['name']}"
        assert parameter.get("x-description-zh")
    names = {parameter["name"] for parameter in one.page.get("parameters", ())}
    for part in one.path.split("/"):
        if part.startswith("{"):
            assert part.strip("{}") in names


@pytest.mark.parametrize("one", ALL, ids=str)
def test_an_operation_is_described_in_chinese(one: Described) -> None:
    assert one.page.get("x-description-zh"), f"web/texts.py does not know {one.name}"


@pytest.mark.parametrize("one", ALL, ids=str)
def test_an_operation_says_what_it_answers(one: Described) -> None:
    assert one.answers

    for status, answer in one.answers.items():
        if "content" not in answer:
            assert status == "204" or answer["description"] == EMPTY
        for kind, content in answer.get("content", {}).items():
            assert content["schema"], f"{kind} of any shape"


def fields() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Document, name and schema of every field, those of bodies in parts too."""
    bodies = (one.page.get("requestBody", {}).get("content", {}) for one in ALL)
    parts = (body[PARTS]["schema"] for body in bodies if PARTS in body)
    for document in (*PAGE["components"]["schemas"].values(), *parts):
        for name, field in document.get("properties", {}).items():
            yield document.get("title", ""), name, field


def test_most_fields_of_documents_are_described_in_both_languages() -> None:
    every = [field for _, _, field in fields()]

    told = [one for one in every if one.get("description") and one.get("x-description-zh")]

    assert len(told) / len(every) >= MOST_FIELDS, "web/field_texts.py says it of fewer than before"


def test_what_is_said_of_a_field_is_of_one_that_there_is() -> None:
    known = {name for _, name, _ in fields()} | {f"{where}.{name}" for where, name, _ in fields()}

    assert FIELDS.keys() <= known


@pytest.mark.parametrize("one", CCE, ids=str)
def test_an_operation_of_cce_has_examples_that_hold(one: Described) -> None:
    """Run ``python -m tests.clients.examples`` to record them again."""
    if one.name in NEVER_IN_SUCCESS:
        assert one.name not in RECORDED
        return
    known = RECORDED.get(one.name)
    assert known is not None, f"No script of tests/clients calls {one.name} in success."
    if one.name in BODIES:
        BODIES[one.name].parse(json.dumps(known["request"]).encode())
        shown = one.page["requestBody"]["content"]["application/json"]
        assert shown["example"] == known["request"]
    for answer in one.answers.values():
        if "application/json" in answer.get("content", {}):
            shown = answer["content"]["application/json"]
            assert shown["example"] == known["answer"]
            assert jsonschema_rs.is_valid(resolved(shown["schema"]), known["answer"])
        else:
            assert "answer" not in known


def test_nothing_was_recorded_of_an_operation_that_is_not_there() -> None:
    assert RECORDED.keys() <= {one.name for one in ALL} | {"ShowVersion"}
