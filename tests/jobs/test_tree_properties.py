"""Properties of every tree: how it unfolds, and how parents follow their children."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterwright.jobs.plan import ForEach, JobType, Member, Parallel, Serial, Step, unfold
from clusterwright.jobs.progress import apply
from clusterwright.jobs.tree import NOTHING, Change, JobPhase, Target, Tree
from clusterwright.jobs.wire import encode
from tests.job_documents import assert_moves_forward
from tests.jobs.trees import (
    GROUPS,
    children,
    first_failure,
    idle,
    job_types,
    request,
    unfolded,
    unsettled,
)

PHASES = (JobPhase.RUNNING, JobPhase.SUCCESS, JobPhase.FAILED)


@given(job_types())
def test_a_tree_unfolds_depth_first_under_one_root(job_type: JobType) -> None:
    jobs = unfolded(job_type)

    assert [job.position for job in jobs] == list(range(len(jobs)))
    assert len({job.uid for job in jobs}) == len(jobs)
    assert {job.root_uid for job in jobs} == {jobs[0].uid}
    assert jobs[0].parent_uid is None
    line = [jobs[0].uid]
    for job in jobs[1:]:
        assert job.parent_uid in line
        line = [*line[: line.index(job.parent_uid) + 1], job.uid]


@given(job_types())
def test_a_tree_starts_with_nothing_done(job_type: JobType) -> None:
    jobs = unfolded(job_type, now=7)

    assert {(job.phase, job.reason) for job in jobs} == {(JobPhase.INITIALIZING, "")}
    assert {(job.created_at, job.updated_at) for job in jobs} == {(7, 7)}


def declared(member: Member, target: Target) -> Iterator[tuple[str, Target]]:
    """The names and targets that a declaration stands for, depth first."""
    if isinstance(member, ForEach):
        for each in GROUPS[member.group]:
            yield from declared(member.member, each)
    elif isinstance(member, Step):
        yield member.name, target if member.names_resource else NOTHING
    else:
        yield member.name, target
        for below in member.members:
            yield from declared(below, target)


@given(job_types())
def test_a_tree_has_what_is_declared_once_for_each_target(job_type: JobType) -> None:
    target = request(job_type).target

    jobs = unfolded(job_type)

    assert [(job.type, job.target) for job in jobs] == list(declared(job_type.root, target))


@pytest.mark.parametrize(
    "root",
    [
        Serial("Empty", ()),
        Parallel("Empty", ()),
        Serial("Outer", (ForEach("nobody", Step("Never", idle, 1)),)),
        Serial("Outer", (Step("Fine", idle, 1), Parallel("Empty", ()))),
    ],
)
def test_a_job_without_work_is_refused(root: Serial | Parallel) -> None:
    asked = request(JobType(root, settle=unsettled), {"nobody": ()})

    with pytest.raises(ValueError, match="has nothing to do"):
        list(unfold(asked, new_uid=lambda: "u", now=1))


@st.composite
def histories(draw: st.DrawFn) -> list[Tree]:
    """A tree as it was after each of some random commits."""
    jobs = tuple(unfolded(draw(job_types())))
    tree = Tree(epoch=1, jobs=jobs, arguments={}, finished=False)
    leaves = [leaf.uid for leaf in tree.leaves()]
    history = [tree]
    for now in sorted(draw(st.lists(st.integers(1, 50), max_size=12))):
        chosen = draw(st.lists(st.sampled_from(leaves), max_size=4))
        changes = [
            Change(uid, draw(st.sampled_from(PHASES)), f"Because of {uid}.") for uid in chosen
        ]
        history.append(apply(history[-1], changes, now))
    return history


@given(histories())
def test_phases_only_move_forward_and_nothing_else_changes(history: list[Tree]) -> None:
    assert_moves_forward(msgspec.json.decode(encode(tree.jobs)) for tree in history)
    for earlier, later in pairwise(history):
        for old, new in zip(earlier.jobs, later.jobs, strict=True):
            assert (old.uid, old.target, old.created_at) == (new.uid, new.target, new.created_at)
            assert new.updated_at >= old.updated_at


@given(histories())
def test_a_parent_follows_its_children(history: list[Tree]) -> None:
    for tree in history:
        for parent in tree.jobs:
            if below := children(tree.jobs, parent):
                phases = {child.phase for child in below}
                assert parent.phase.is_final == all(phase.is_final for phase in phases)
                assert (parent.phase is JobPhase.SUCCESS) == (phases == {JobPhase.SUCCESS})
                assert (parent.phase is JobPhase.INITIALIZING) == (
                    phases == {JobPhase.INITIALIZING}
                )
                assert parent.updated_at >= max(child.updated_at for child in below)


@given(histories())
def test_a_failed_parent_gives_the_reason_of_the_step_below_it_that_failed_first(
    history: list[Tree],
) -> None:
    jobs = history[-1].jobs
    for parent in jobs:
        if parent.phase is JobPhase.FAILED and children(jobs, parent):
            first = first_failure(jobs, parent)
            assert first is not None
            assert parent.reason == first.reason


@given(histories())
def test_a_change_that_goes_back_is_ignored(history: list[Tree]) -> None:
    last = history[-1]
    done = [leaf for leaf in last.leaves() if leaf.phase.is_final]
    back = [Change(leaf.uid, phase, "Too late.") for leaf in done for phase in JobPhase]

    assert apply(last, back, now=99).jobs == last.jobs


def test_targets_are_shown_only_where_the_step_names_its_resource() -> None:
    hidden = Step("GetPSMCert", idle, 1, names_resource=False)
    shown = Step("CreateNodeVM", idle, 1)

    _, certificate, machine = unfolded(JobType(Serial("Top", (hidden, shown)), settle=unsettled))

    assert certificate.target == NOTHING
    assert machine.target == Target("c1", "demo", {"serverID": "s1"})
