"""What a change costs is what it touches, and the result is that of looking at the whole tree."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from clusterwright.clock import timestamp
from clusterwright.jobs import wire
from clusterwright.jobs.plan import JobType, Parallel, Step
from clusterwright.jobs.progress import Progress, apply
from clusterwright.jobs.tree import Change, Job, JobPhase, Target, Tree
from tests.job_documents import flat
from tests.jobs.trees import children, first_failure, idle, job_types, unfolded, unsettled

TEXTS = st.text(alphabet='a"\\{}[]é', max_size=4)
LATER = (JobPhase.RUNNING, JobPhase.SUCCESS, JobPhase.FAILED)


@st.composite
def trees(draw: st.DrawFn) -> list[Job]:
    """A new tree whose targets have names that are hard to write down."""
    jobs = unfolded(draw(job_types()))
    target = Target(draw(TEXTS), draw(TEXTS), {"key": draw(TEXTS)})
    return [replace(job, target=target) if draw(st.booleans()) else job for job in jobs]


@st.composite
def commits(draw: st.DrawFn) -> tuple[list[Job], list[tuple[int, list[Change]]]]:
    """A tree and what is committed to it, at times of a clock that may go back."""
    jobs = draw(trees())
    parents = {job.parent_uid for job in jobs}
    leaves = st.sampled_from([job.uid for job in jobs if job.uid not in parents])
    causes = st.none() | st.builds(lambda step: {"step": step}, leaves)
    change = st.builds(Change, leaves, st.sampled_from(LATER), TEXTS, causes)
    return jobs, draw(st.lists(st.tuples(st.integers(1, 9), st.lists(change, max_size=5))))


def recomputed(jobs: Sequence[Job], changes: Sequence[Change], now: int) -> list[Job]:
    """The tree after changes, each parent found by looking at all that is below it."""
    known = {job.uid: job for job in jobs}
    for change in changes:
        leaf = known[change.uid]
        if leaf.phase.may_become(change.phase):
            moved = replace(leaf, phase=change.phase, reason=change.reason, updated_at=now)
            known[leaf.uid] = timed(replace(moved, cause=change.cause))
    for parent in reversed(jobs):
        now_known = list(known.values())
        if below := children(now_known, parent):
            known[parent.uid] = following(parent, below, first_failure(now_known, parent))
    return list(known.values())


def following(parent: Job, below: Sequence[Job], failed: Job | None) -> Job:
    updated = max(parent.updated_at, *(child.updated_at for child in below))
    phases = {child.phase for child in below}
    if phases == {JobPhase.INITIALIZING}:
        phase = JobPhase.INITIALIZING
    elif not all(phase.is_final for phase in phases):
        phase = JobPhase.RUNNING
    else:
        phase = JobPhase.FAILED if failed else JobPhase.SUCCESS
    reason, cause = "", None
    if phase is JobPhase.FAILED and failed:
        reason, cause = failed.reason, failed.cause
    return timed(replace(parent, phase=phase, reason=reason, cause=cause, updated_at=updated))


def timed(job: Job) -> Job:
    """A job that has just moved, with the times of its beginning and its end."""
    started = job.started_at
    if started is None and job.phase in (JobPhase.RUNNING, JobPhase.SUCCESS):
        started = job.updated_at
    ended = job.ended_at
    if ended is None and job.phase.is_final:
        ended = max(job.updated_at, started or 0)
    return replace(job, started_at=started, ended_at=ended)


def rendered(job: Job, jobs: Sequence[Job]) -> dict[str, Any]:
    """The document of a job, in one piece."""
    target = job.target
    named = {
        "resourceID": target.resource_id,
        "resourceName": target.resource_name,
        "extendParam": dict(target.extend_param),
        "subJobs": [rendered(child, jobs) for child in jobs if child.parent_uid == job.uid],
    }
    spec = {key: value for key, value in named.items() if value}
    status: dict[str, Any] = {"phase": job.phase}
    if job.reason or job.parent_uid is None:
        status["reason"] = job.reason
    return {
        "kind": "Job",
        "apiVersion": "v3",
        "metadata": {
            "uid": job.uid,
            "creationTimestamp": timestamp(job.created_at),
            "updateTimestamp": timestamp(job.updated_at),
        },
        "spec": {"type": job.type, "clusterUID": job.cluster_uid, **spec},
        "status": status,
    }


@given(commits())
def test_a_tree_that_follows_its_leaves_is_as_if_recomputed_after_each_commit(
    history: tuple[list[Job], list[tuple[int, list[Change]]]],
) -> None:
    jobs, changes = history
    progress, rendering = Progress(jobs), wire.Rendering(jobs)

    for now, committed in changes:
        advance = progress.after(committed, now)
        jobs = recomputed(jobs, committed, now)
        progress.take(advance)
        for job in advance.jobs:
            rendering.replace(job)

        assert progress.jobs == jobs
        assert rendering.encode() == msgspec.json.encode(rendered(jobs[0], jobs))


@given(commits())
def test_whoever_takes_a_tree_over_goes_on_as_who_had_it_would_have(
    history: tuple[list[Job], list[tuple[int, list[Change]]]],
) -> None:
    jobs, changes = history
    progress = Progress(jobs)

    for now, committed in changes:
        follower = Progress(progress.jobs)
        progress.take(progress.after(committed, now))
        follower.take(follower.after(committed, now))

        assert follower.jobs == progress.jobs


def test_a_branch_that_ends_late_still_failed_before_others() -> None:
    early, last = Parallel("Early", (Step("A", idle, 1), Step("B", idle, 1))), Step("D", idle, 1)
    top = Parallel("Top", (early, Step("C", idle, 1), last))
    jobs = unfolded(JobType(top, settle=unsettled))
    tree = Tree(epoch=1, jobs=tuple(jobs), arguments={}, finished=False)
    steps = {job.type: job.uid for job in jobs}

    for now, (step, phase) in enumerate(
        [
            ("A", JobPhase.FAILED),
            ("C", JobPhase.FAILED),
            ("B", JobPhase.SUCCESS),
            ("D", JobPhase.SUCCESS),
        ]
    ):
        tree = apply(tree, [Change(steps[step], phase, f"{step} has ended.")], now)

    assert tree.root.reason == "A has ended."


@given(commits(), st.dictionaries(st.sampled_from(["J2", "J3", "J4"]), st.floats(0.1, 1e4)))
def test_what_has_succeeded_never_becomes_less_and_is_all_only_in_the_end(
    history: tuple[list[Job], list[tuple[int, list[Change]]]], weights: dict[str, float]
) -> None:
    jobs, changes = history
    progress = Progress(jobs, weights=weights)

    before = 0.0
    for now, committed in changes:
        advance = progress.after(committed, now)
        share = progress.share(advance)
        progress.take(advance)

        assert before <= share <= 1
        assert (share == 1) == (progress.root.phase is JobPhase.SUCCESS)
        before = share


@given(commits())
def test_a_commit_that_is_tried_again_does_the_same(
    history: tuple[list[Job], list[tuple[int, list[Change]]]],
) -> None:
    jobs, changes = history
    progress = Progress(jobs)

    for now, committed in changes:
        first = progress.after(committed, now)
        again = progress.after(committed, now)

        assert again == first
        progress.take(again)


@given(trees())
def test_a_sub_job_is_cut_out_of_the_document_as_it_stands_there(jobs: list[Job]) -> None:
    stored = wire.encode(jobs)
    documents = list(flat(msgspec.json.decode(stored)))

    cut = [wire.find(stored, job.uid) for job in jobs]

    assert cut == [msgspec.json.encode(document) for document in documents]
    assert wire.find(stored, "nobody") is None
