"""Sends a job that has ended as a trace to where the standard variables of OpenTelemetry say."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from clusterwright.cli.output import Document
from clusterwright.traces import spans
from clusterwright.traces.collector import CannotExport as CannotExport
from clusterwright.traces.collector import collector, resource


def send(job: Document, happened: Sequence[Document], variables: Mapping[str, str]) -> str:
    """Send a job's trace and return where it went. Raises CannotExport."""
    to = collector(variables)
    import httpx  # slow to load

    try:
        answer = httpx.post(
            to.url,
            content=json.dumps(trace(job, happened, variables)),
            headers=dict(to.headers),
            timeout=to.seconds,
            verify=to.trust() if to.certificate else True,
        )
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise CannotExport(f"{to.url} cannot be reached: {error}") from error
    if not answer.is_success:
        said = " ".join(answer.text.split())[:200]
        raise CannotExport(
            f"{to.url} answered {answer.status_code}: {said or answer.reason_phrase}"
        )
    return to.url


def trace(
    job: Document, happened: Sequence[Document], variables: Mapping[str, str]
) -> dict[str, Any]:
    """The body of the request."""
    return spans.request(resource(variables), list(spans.spans_of(job, happened)))
