"""The routes that this server has beside the official API, which the SDK does not know.

They are signed as the SDK signs, so that the same keys and variables are enough.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clusterwright.cli.output import Document

PREFIX = "/clusterwright/v1/projects"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0
SILENCE_SECONDS = 45.0
"""A stream that says nothing for so long has lost its server: a heartbeat comes each 15 s."""

_PASSING = (502, 503, 504)
"""What is answered while a server, or what it needs, begins anew."""


class Away(Exception):
    """No server answers, or it stopped in the middle."""


@dataclass(eq=False)
class Refused(Exception):
    """The server answered with an error."""

    status: int
    code: str
    message: str
    request_id: str

    @property
    def is_unknown(self) -> bool:
        """Whether the server may not have the route at all: an older one, or another product."""
        return self.status in (404, 405, 501)

    def __str__(self) -> str:
        code = f" {self.code}" if self.code else ""
        return f"{self.status}{code}: {self.message} (request id {self.request_id})"


class Unavailable(Refused, Away):
    """A server that answers that it is away, or what stands before it does."""


def refused(status: int, code: str, message: str, request_id: str) -> Refused:
    """What an answer with an error means."""
    kind = Unavailable if status in _PASSING else Refused
    return kind(status, code, message, request_id)


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    id: str
    name: str
    data: Document


class Extension:
    """Requests to the routes of one project; raises Refused and Away."""

    def __init__(self, credentials: Any, endpoint: str) -> None:
        from requests import Session

        self._credentials = credentials
        whole = endpoint if "://" in endpoint else f"https://{endpoint}"
        self._scheme, _, self._host = whole.rstrip("/").partition("://")
        self._session = Session()

    def get(self, path: str, **query: object) -> Document:
        """The document at a path below the project's."""
        with self._send("GET", path, query=query) as answer:
            return _document(answer)

    def post(self, path: str, body: Document) -> Document:
        """What a request with a body answers."""
        with self._send("POST", path, body=body) as answer:
            return _document(answer)

    def delete(self, path: str) -> Document:
        """Forget what is at a path; the document is empty."""
        with self._send("DELETE", path) as answer:
            return _document(answer)

    def stream(self, path: str, after: str = "") -> Iterator[Event]:
        """The events of a stream, those behind the id ``after`` where one is given."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        with self._send("GET", path, headers=headers, silence=SILENCE_SECONDS) as answer:
            yield from events(_lines(answer))

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Document | None = None,
        body: Document | None = None,
        headers: Document | None = None,
        silence: float = ANSWER_SECONDS,
    ) -> Any:
        from huaweicloudsdkcore.sdk_request import SdkRequest
        from requests import RequestException

        given = {name: value for name, value in (query or {}).items() if value is not None}
        signed = self._credentials.sign_request(
            SdkRequest(
                method=method,
                schema=self._scheme,
                host=self._host,
                resource_path=f"{PREFIX}/{self._credentials.project_id}{path}",
                query_params=[(name, str(value)) for name, value in given.items()],
                header_params={"Content-Type": "application/json", **(headers or {})},
                body="" if body is None else json.dumps(body),
            )
        )
        try:
            answer = self._session.request(
                method,
                f"{self._scheme}://{self._host}{signed.uri}",
                headers=signed.header_params,
                data=signed.body,
                stream=True,
                timeout=(CONNECT_SECONDS, silence),
                allow_redirects=False,
            )
            if answer.status_code >= 300:
                raise _refusal(answer)
        except RequestException as error:
            raise Away(str(error)) from error
        return answer


def events(lines: Iterable[str]) -> Iterator[Event]:
    """The events that lines of a stream tell; comments and unfinished ones are nobody's."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            before = f"{fields[name]}\n" if name == "data" and name in fields else ""
            fields[name] = before + value.removeprefix(" ")
        elif "data" in fields:
            data = json.loads(fields["data"] or "{}")
            yield Event(fields.get("id", ""), fields.get("event", "message"), data)
            fields = {}
        else:
            fields = {}


def _lines(answer: Any) -> Iterator[str]:
    from requests import RequestException

    try:
        for line in answer.iter_lines(chunk_size=None):
            yield line.decode()
    except (RequestException, AttributeError) as error:
        # The library trips over its own feet where the other end closes in the middle of a chunk.
        raise Away(str(error)) from error


def _document(answer: Any) -> Document:
    from requests import RequestException

    try:
        document: Document = json.loads(answer.content or b"{}")
    except (RequestException, ValueError) as error:
        raise Away(str(error)) from error
    return document


def _refusal(answer: Any) -> Refused:
    try:
        found = answer.json()
    except ValueError:
        found = {}
    code = found.get("error_code") or found.get("errorCode") or ""
    message = found.get("error_msg") or found.get("errorMsg") or answer.reason
    return refused(answer.status_code, code, message, answer.headers.get("X-Request-Id", "-"))
