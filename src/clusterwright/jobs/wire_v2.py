"""Job documents in the older dialect: keys in lower case, ``status`` for ``phase`` (API reference,
3.4).
"""

from typing import Any

import msgspec

from clusterwright.jobs.plan import JobPhase
from clusterwright.wire import Document


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


def translate(stored: bytes) -> dict[str, Any]:
    """The stored document of a job in the older dialect."""
    return _translate(msgspec.json.decode(stored))


def _translate(job: dict[str, Any]) -> dict[str, Any]:
    spec = {key.lower(): value for key, value in job["spec"].items()}
    if "subjobs" in spec:
        spec["subjobs"] = [_translate(child) for child in spec["subjobs"]]
    status = {key: value for key, value in job["status"].items() if key != "phase"}
    status["status"] = job["status"]["phase"]
    if JobPhase(job["status"]["phase"]).is_final:
        status["completionTime"] = job["metadata"]["updateTimestamp"]
    return job | {"apiVersion": "v2", "spec": spec, "status": status}
