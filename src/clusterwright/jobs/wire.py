"""Job documents: the tree as ``ShowJob`` answers it (API reference, 3.2)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import Field

from clusterwright.clock import timestamp
from clusterwright.document import Document
from clusterwright.jobs.tree import Job


class JobMetadata(Document):
    """``metadata`` of a job."""

    uid: str
    creation_timestamp: str
    update_timestamp: str


class JobSpec(Document):
    """``spec`` of a job; what is empty is left out, as the public service does."""

    type: str
    cluster_uid: str = Field(alias="clusterUID")
    resource_id: str | None = Field(None, alias="resourceID")
    resource_name: str | None = None
    extend_param: dict[str, str] | None = None
    sub_jobs: "list[JobDocument] | None" = None


class JobStatus(Document):
    """``status`` of a job."""

    phase: str
    reason: str | None = None


class JobDocument(Document):
    """A job as clients read it; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: JobMetadata
    spec: JobSpec
    status: JobStatus


@dataclass(slots=True)
class _Place:
    """Where a job stands in the pieces of its tree's document."""

    separator: bytes
    """What must come before it."""
    head: int
    tail: int = -1
    has_sub_jobs: bool = False


class Rendering:
    """A tree's document in pieces, so that a change renders again only what it touches.

    A job has two pieces: what comes before its sub-jobs and what comes after them.
    """

    def __init__(self, tree: Iterable[Job] = ()) -> None:
        self._pieces: list[bytes] = []
        self._places: list[_Place] = []
        self._line: list[Job] = []
        """The job that came last and those above it: their second pieces are still to come."""
        for job in tree:
            self.add(job)

    def add(self, job: Job) -> None:
        """Put one more job into the document; jobs come in stored order."""
        while self._line and self._line[-1].uid != job.parent_uid:
            self._close()
        separator = b""
        if self._line:
            parent = self._places[self._line[-1].position]
            separator = b"," if parent.has_sub_jobs else b',"subJobs":['
            parent.has_sub_jobs = True
        place = _Place(separator, head=len(self._pieces))
        self._places.append(place)
        self._pieces.append(_head(job, place))
        self._line.append(job)

    def _close(self) -> None:
        job = self._line.pop()
        place = self._places[job.position]
        place.tail = len(self._pieces)
        self._pieces.append(_tail(job, place))

    def _complete(self) -> None:
        while self._line:
            self._close()

    def replace(self, job: Job) -> None:
        """Show a job of the complete document as it is now."""
        self._complete()
        place = self._places[job.position]
        self._pieces[place.head] = _head(job, place)
        self._pieces[place.tail] = _tail(job, place)

    def encode(self) -> bytes:
        """The document as the bytes that are stored and served untouched."""
        self._complete()
        return b"".join(self._pieces)


def _head(job: Job, place: _Place) -> bytes:
    target = job.target
    spec: dict[str, Any] = {"type": job.type, "clusterUID": job.cluster_uid}
    if target.resource_id:
        spec["resourceID"] = target.resource_id
    if target.resource_name:
        spec["resourceName"] = target.resource_name
    if target.extend_param:
        spec["extendParam"] = dict(target.extend_param)
    metadata = {
        "uid": job.uid,
        "creationTimestamp": timestamp(job.created_at),
        "updateTimestamp": timestamp(job.updated_at),
    }
    opened = {"kind": "Job", "apiVersion": "v3", "metadata": metadata, "spec": spec}
    return place.separator + msgspec.json.encode(opened).removesuffix(b"}}")


def _tail(job: Job, place: _Place) -> bytes:
    status: dict[str, Any] = {"phase": job.phase}
    # The page's sample shows an empty reason on the top job and none on finished sub-jobs.
    if job.reason or job.parent_uid is None:
        status["reason"] = job.reason
    end = b"]}" if place.has_sub_jobs else b"}"
    return b'%b,"status":%b}' % (end, msgspec.json.encode(status))


def encode(tree: Iterable[Job]) -> bytes:
    """The document of the first job of ``tree`` with all below it, from jobs in stored order."""
    return Rendering(tree).encode()


_ENDED = (b'"Success"', b'"Failed"')


def has_ended(document: bytes) -> bool:
    """Whether a job that is stored like this is final."""
    # The last of these is the job's own: within texts, quotation marks are escaped.
    _, _, status = document.rpartition(b',"status":{"phase":')
    return status.startswith(_ENDED)


_START = b'{"kind":"Job","apiVersion":"v3","metadata":{"uid":%b'
_TEXT_OR_BRACE = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')


def find(stored: bytes, uid: str) -> bytes | None:
    """The bytes of the job ``uid`` within a stored document, or None.

    They are cut out, not decoded: a document may have thousands of other jobs.
    """
    # Only a job can look like this: within texts of the document, quotation marks are escaped.
    start = stored.find(_START % msgspec.json.encode(uid))
    if start <= 0:
        return None if start else stored
    depth = 0
    for found in _TEXT_OR_BRACE.finditer(stored, start):
        depth += {b"{": 1, b"}": -1}.get(found[0], 0)
        if not depth:
            return stored[start : found.end()]
    return None
