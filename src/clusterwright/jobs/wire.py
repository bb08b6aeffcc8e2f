"""Job documents: the tree as ``ShowJob`` answers it (API reference, 3.2)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from pydantic import Field

from clusterwright.jobs.plan import Job
from clusterwright.wire import Document, timestamp


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


def document(tree: Iterable[Job]) -> dict[str, Any]:
    """The document of the first job of ``tree`` with everything below it, from jobs in stored
    order.
    """
    jobs = list(tree)
    children: defaultdict[str | None, list[Job]] = defaultdict(list)
    for job in jobs[1:]:
        children[job.parent_uid].append(job)

    def render(job: Job) -> dict[str, Any]:
        target = job.target
        spec: dict[str, Any] = {"type": job.type, "clusterUID": job.cluster_uid}
        if target.resource_id:
            spec["resourceID"] = target.resource_id
        if target.resource_name:
            spec["resourceName"] = target.resource_name
        if target.extend_param:
            spec["extendParam"] = dict(target.extend_param)
        if job.uid in children:
            spec["subJobs"] = [render(child) for child in children[job.uid]]
        status: dict[str, Any] = {"phase": job.phase}
        # The page's sample shows an empty reason on the top job and none on finished sub-jobs.
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
            "spec": spec,
            "status": status,
        }

    return render(jobs[0])


def encode(tree: Iterable[Job]) -> bytes:
    """The document of ``tree`` as the bytes that are stored and served untouched."""
    return msgspec.json.encode(document(tree))


def find(stored: bytes, uid: str) -> bytes | None:
    """The bytes of the sub-job ``uid`` within a stored document, or None."""

    def search(job: dict[str, Any]) -> dict[str, Any] | None:
        if job["metadata"]["uid"] == uid:
            return job
        below = job["spec"].get("subJobs", ())
        return next((found for child in below if (found := search(child))), None)

    found = search(msgspec.json.decode(stored))
    return msgspec.json.encode(found) if found else None
