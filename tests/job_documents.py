"""Job documents as clients compare them: which jobs there are, and where each one stands."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

Document = dict[str, Any]

ORDER = ("Initializing", "Running", "Success", "Failed")
FINAL = ("Success", "Failed")


def flat(job: Document) -> Iterator[Document]:
    """The job and every job below it, depth first."""
    yield job
    for below in job["spec"].get("subJobs", ()):
        yield from flat(below)


def phase(job: Document) -> str:
    """The phase of a job."""
    return str(job["status"]["phase"])


def phases(job: Document) -> dict[str, str]:
    """The phase of each job of a tree, by its uid."""
    return {each["metadata"]["uid"]: phase(each) for each in flat(job)}


def shape(job: Document) -> list[tuple[str, str, str]]:
    """What must never change: ids, types and targets, in the order shown."""
    return [
        (each["metadata"]["uid"], each["spec"]["type"], each["spec"].get("resourceID", ""))
        for each in flat(job)
    ]


def assert_moves_forward(reads: Iterable[Document]) -> None:
    """Make sure that one job, read again and again, kept its tree and never went back."""
    history = list(reads)
    assert history, "the job was never read"
    for earlier, later in itertools.pairwise(history):
        assert shape(later) == shape(earlier)
        for uid, before in phases(earlier).items():
            after = phases(later)[uid]
            assert after == before or before not in FINAL, f"{uid} left {before} for {after}"
            assert ORDER.index(after) >= ORDER.index(before), f"{uid} went back to {after}"
