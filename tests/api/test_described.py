"""The server keeps to its own description, whatever a description allows to send."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from clusterwright.app import routes
from clusterwright.errors import NOT_SUPPORTED
from tests.client import Client
from tests.server_process import ServerProcess

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 8
"""Requests per operation: the whole module should take half a minute."""

ENDLESS = {"/clusterwright/v1/projects/{project_id}/events"}
"""What never ends its answer (tests/durability/test_streams)."""

OPERATIONS = [
    (method, path)
    for path, operations in sorted(routes().openapi()["paths"].items())
    for method in sorted(operations)
    if path not in ENDLESS
]


@dataclass(frozen=True)
class Described:
    """A server's own description, a session that is signed in, and ids of what exists."""

    schema: Any
    session: requests.Session
    headers: dict[str, str]
    known: dict[str, str]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    """A server whose clusters nobody else counts."""
    server = ServerProcess(
        tmp_path_factory.mktemp("described") / "data", pace=0, cluster_quota=1_000_000
    ).start()
    client = Client(server)
    made = client.create("described").json()
    schema = schemathesis.openapi.from_url(f"{server.endpoint}/openapi.json")
    with closing(client), requests.Session() as session:
        yield Described(
            schema,
            session,
            {"X-Auth-Token": client.token},
            {
                "project_id": server.credentials["project_id"],
                "cluster_id": made["metadata"]["uid"],
                "job_id": made["status"]["jobID"],
            },
        )
    server.stop()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_answers_as_described(described: Described, method: str, path: str) -> None:
    operation = described.schema[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answers(case: Any) -> None:
        # A generated id is nobody's.
        case.path_parameters |= {
            name: described.known.get(name, value) for name, value in case.path_parameters.items()
        }
        answer = case.call(session=described.session, headers=described.headers)
        assert answer.status_code < 500 or answer.status_code == NOT_SUPPORTED.status, answer.text
        case.validate_response(answer, checks=CHECKS)

    answers()
