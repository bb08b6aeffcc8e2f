"""A patient client of a server that dies: it signs in once, creates clusters and reads jobs."""

import threading
import time
from collections.abc import Iterable
from functools import partial
from types import TracebackType
from typing import Any

import httpx

from tests.job_documents import Document, phase, phases
from tests.kit import PATIENCE, cluster_body, log_in_body, until
from tests.server_process import ServerProcess


class Client:
    """One user of the first project. Its token outlives the server."""

    def __init__(self, server: ServerProcess) -> None:
        account = server.credentials
        self._http = httpx.Client(base_url=server.endpoint, timeout=60, verify=False)
        self._project = f"/api/v3/projects/{account['project_id']}"
        answer = self._http.post("/v3/auth/tokens", json=log_in_body(account))
        self.token = answer.headers["X-Subject-Token"]
        self._http.headers["X-Auth-Token"] = self.token

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def at(self, server: ServerProcess) -> "Client":
        """The same user at another server."""
        self._http.base_url = httpx.URL(server.endpoint)
        return self

    def create(self, name: str, *, flavor: str = "cce.s2.small") -> httpx.Response:
        """Ask for a cluster, of three masters unless said otherwise."""
        asked = cluster_body(name, flavor=flavor)
        return self._http.post(f"{self._project}/clusters", json=asked)

    def created(self, name: str) -> str:
        """Create a cluster. Returns its job's id."""
        answer = self.create(name)
        assert answer.status_code == 201, answer.text
        job_id: str = answer.json()["status"]["jobID"]
        return job_id

    def clusters(self) -> list[dict[str, Any]]:
        """Every cluster of the project."""
        answer = self.get("/clusters")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def get(self, path: str) -> httpx.Response:
        """Read something of the project."""
        return self._http.get(f"{self._project}{path}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something of the project. Returns the answer, which must be a good one."""
        answer = self._http.request(method, f"{self._project}{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def job(self, uid: str) -> Document:
        """The job. It must be there."""
        answer = self.get(f"/jobs/{uid}")
        assert answer.status_code == 200, answer.text
        document: Document = answer.json()
        return document

    def wait_for_success(self, jobs: Iterable[str], seconds: float = PATIENCE) -> list[Document]:
        """Read jobs until every one of them has succeeded, in all its steps."""
        ends = []
        deadline = time.monotonic() + seconds
        for uid in jobs:
            left = max(deadline - time.monotonic(), 0.1)
            until(f"job {uid} has not ended", partial(self.has_ended, uid), left)
            document = self.job(uid)
            assert set(phases(document).values()) == {"Success"}, document
            ends.append(document)
        return ends

    def has_ended(self, uid: str) -> bool:
        """Whether the job is Success or Failed."""
        return phase(self.job(uid)) in ("Success", "Failed")

    def is_running(self, uid: str) -> bool:
        """Whether some step of the job is at work."""
        return phase(self.job(uid)) == "Running"


class Watcher(threading.Thread):
    """Reads jobs all the time, through every outage, and keeps what it saw."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.reads: dict[str, list[Document]] = {}
        self.interrupted = 0
        """Reads that a dying or absent server did not answer."""
        self._client = client
        self._ended = threading.Event()

    def watch(self, uid: str) -> None:
        """Read this job too."""
        self.reads[uid] = []

    def look(self, times: int) -> None:
        """Let some reads pass."""
        goal = self.count() + times
        until(f"{times} reads", lambda: self.count() >= goal)

    def count(self) -> int:
        """How many reads were answered."""
        return sum(len(reads) for reads in list(self.reads.values()))

    def run(self) -> None:
        """Read until the block ends."""
        while not self._ended.wait(0.01):
            for uid, reads in list(self.reads.items()):
                try:
                    reads.append(self._client.job(uid))
                except httpx.TransportError:
                    self.interrupted += 1

    def __enter__(self) -> "Watcher":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self.join()
