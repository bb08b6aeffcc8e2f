"""Executions of random trees with random trouble: order, endings and parents always hold."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterwright.drivers import causes
from clusterwright.drivers.contract import DriverError, Drivers
from clusterwright.jobs import store
from clusterwright.jobs.context import StepContext
from clusterwright.jobs.execution import Execution
from clusterwright.jobs.plan import Branch, ForEach, JobType, Serial, Step
from tests.job_documents import Document, flat
from tests.jobs.bench import Bench
from tests.jobs.trees import job_types, request


@dataclass
class Script:
    """Which steps fail, and what happened in which order."""

    failing: set[str] = field(default_factory=set)
    happened: list[str] = field(default_factory=list)

    async def act(self, context: StepContext) -> None:
        self.happened.append(context.job.uid)
        if context.job.type in self.failing:
            raise DriverError(f"{context.job.type} broke.", causes.NOT_READY)


def expected(node: Branch, job: Document, failing: set[str]) -> bool:
    """Check a job and all below it against its declaration. Tells whether it must succeed."""
    if isinstance(node, Step):
        return node.name not in failing
    outcomes = []
    blocked = False
    for member in node.members:
        inner = member.member if isinstance(member, ForEach) else member
        copies = [c for c in job["spec"]["subJobs"] if c["spec"]["type"] == inner.name]
        assert copies
        for copy in copies:
            if blocked:
                assert {each["status"]["phase"] for each in flat(copy)} == {"Failed"}
                assert "Not started" in copy["status"]["reason"]
                outcomes.append(False)
            else:
                ok = expected(inner, copy, failing)
                assert copy["status"]["phase"] == ("Success" if ok else "Failed")
                outcomes.append(ok)
        blocked = blocked or (isinstance(node, Serial) and not all(outcomes))
    return all(outcomes)


def assert_in_order(node: Branch, job: Document, happened: list[str]) -> list[int]:
    """Make sure that members of a series took turns. Returns when the steps of ``job`` began."""
    if isinstance(node, Step):
        uid = job["metadata"]["uid"]
        return [happened.index(uid)] if uid in happened else []
    places: list[int] = []
    for member in node.members:
        inner = member.member if isinstance(member, ForEach) else member
        copies = [c for c in job["spec"]["subJobs"] if c["spec"]["type"] == inner.name]
        began = [place for copy in copies for place in assert_in_order(inner, copy, happened)]
        if isinstance(node, Serial) and places and began:
            assert max(places) < min(began)
        places += began
    return places


@pytest.mark.parametrize("bench_url", ["sqlite"], indirect=True)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_a_random_job_with_random_faults_ends_as_declared(
    data: st.DataObject, bench: Bench
) -> None:
    script = Script()
    job_type: JobType = data.draw(job_types(script.act))
    names = [step.name for step in job_type.steps()]
    script.failing = set(data.draw(st.lists(st.sampled_from(names), max_size=2)))
    async with bench.database.transaction() as tx:
        uid = await store.submit(tx, request(job_type))
    tree = await bench.take_over(uid)

    await Execution(tree, job_type, database=bench.database, drivers=Drivers({})).run()

    document = await bench.document(uid)
    ok = expected(job_type.root, document, script.failing)
    assert document["status"]["phase"] == ("Success" if ok else "Failed")
    assert len(set(script.happened)) == len(script.happened)
    skipped = {
        each["metadata"]["uid"]
        for each in flat(document)
        if each["status"].get("reason", "").startswith("Not started")
    }
    assert skipped.isdisjoint(script.happened)
    assert_in_order(job_type.root, document, script.happened)
