"""A cluster's way through its jobs, as a client program sees it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.clients.client_programs import Answer, Program
from tests.kit import SUBNET, cluster_body

PATIENCE = 60
"""Seconds that a job may take."""

UNKNOWN = "354331b2c-229a-11e8-9c75-0255ac100ceb"
"""The job id that the ShowJob page prints: one digit too long, and nobody's."""


@dataclass(frozen=True, slots=True)
class Created:
    """A cluster that a program has created, with each answer that it got on the way."""

    name: str
    answer: Answer
    reads: Sequence[dict[str, Any]]

    @property
    def uid(self) -> str:
        """The cluster's id."""
        return str(self.answer.body["metadata"]["uid"])


def body(name: str) -> dict[str, Any]:
    """The body of a CreateCluster request, with what the page's own sample gives."""
    return cluster_body(
        name,
        type="VirtualMachine",
        flavor="cce.s1.small",
        # A VPC of its own, where nobody has the range of its pods.
        hostNetwork={"vpc": f"vpc-{name}", "subnet": SUBNET},
        containerNetwork={"mode": "vpc-router", "cidr": "172.16.0.0/16"},
    )


def create(program: Program) -> Created:
    """Create a cluster and read its job until it has ended."""
    name = f"walk-{uuid4().hex[:8]}"
    answer = program.call("CreateCluster", body=body(name))
    assert answer.ok, answer
    return Created(name, answer, follow(program, answer.body["status"]["jobID"]))


def follow(program: Program, job_id: str) -> list[dict[str, Any]]:
    """Every read of a job, from the first to the one that shows its end."""
    reads: list[dict[str, Any]] = []
    deadline = time.monotonic() + PATIENCE
    while not reads or phase(reads[-1]) in ("Initializing", "Running"):
        assert time.monotonic() < deadline, f"after {PATIENCE} s the job is {reads[-1:]}"
        answer = program.call("ShowJob", job_id=job_id)
        assert answer.ok, answer
        reads.append(answer.body)
    return reads


def phase(job: Mapping[str, Any]) -> str:
    """The phase of a job."""
    return str(job["status"]["phase"])
