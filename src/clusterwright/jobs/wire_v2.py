"""Job documents in the older dialect: lower-case keys, ``status`` (API reference, 3.4)."""

from collections.abc import Iterator

import msgspec

from clusterwright.document import Document
from clusterwright.jobs.tree import JobPhase


class JobMetadataV2(Document):
    """``metadata`` of a job."""

    uid: str
    creation_timestamp: str
    update_timestamp: str


class JobSpecV2(Document):
    """``spec`` of a job."""

    type: str
    clusteruid: str
    resourceid: str | None = None
    resourcename: str | None = None
    extendparam: dict[str, str] | None = None
    subjobs: "list[JobDocumentV2] | None" = None


class JobStatusV2(Document):
    """``status`` of a job."""

    status: str
    reason: str | None = None
    completion_time: str | None = None


class JobDocumentV2(Document):
    """A job in the older dialect; declared for the API's own description."""

    kind: str
    api_version: str
    metadata: JobMetadataV2
    spec: JobSpecV2
    status: JobStatusV2


class _Job(msgspec.Struct):
    """A stored job, with its sub-jobs still as text."""

    kind: str
    metadata: dict[str, str]
    spec: dict[str, msgspec.Raw]
    status: dict[str, str]


_JOB = msgspec.json.Decoder(_Job)
_SUB_JOBS = msgspec.json.Decoder(list[msgspec.Raw])


def translate(stored: bytes | msgspec.Raw) -> Iterator[bytes]:
    """The stored document of a job in the older dialect, in pieces: a job or less at a time."""
    job = _JOB.decode(stored)
    spec = {key.lower(): value for key, value in job.spec.items()}
    sub_jobs = spec.pop("subjobs", None)
    opened = {"kind": job.kind, "apiVersion": "v2", "metadata": job.metadata, "spec": spec}
    yield msgspec.json.encode(opened).removesuffix(b"}}")
    if sub_jobs is not None:
        separator = b',"subjobs":['
        for sub_job in _SUB_JOBS.decode(sub_jobs):
            yield separator
            yield from translate(sub_job)
            separator = b","
        yield b"]"
    yield b'},"status":%b}' % msgspec.json.encode(_status(job))


def _status(job: _Job) -> dict[str, str]:
    status = {key: value for key, value in job.status.items() if key != "phase"}
    status["status"] = job.status["phase"]
    if JobPhase(job.status["phase"]).is_final:
        status["completionTime"] = job.metadata["updateTimestamp"]
    return status
