"""Clients that create, grow and delete clusters all the time, and keep account of every answer.

They are patient like an operator's tools: a refused connection, a time-out and a 503 mean "try
again, maybe at the next server". What they were promised, and every answer that is no answer, is in
the ledger.
"""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from tests.client import Client
from tests.durability.installation import Installation
from tests.job_documents import FINAL, ORDER, Document, phase, phases

FLAVORS = ("cce.s1.small", "cce.s2.small")
"""One master, and three."""
ANSWER_SECONDS = 10.0
"""How long a client waits for one answer before it asks the next server."""
PATIENCE = 120.0
"""Seconds after which a client gives up what it asks for."""
LOOK_PERIOD = 0.2
"""Seconds between two reads of one job."""

Body = dict[str, Any]


@dataclass(frozen=True)
class ServerError:
    """An answer of 500 or above."""

    status: int
    began: float
    ended: float
    text: str


class Ledger:
    """What all clients were told. Many threads write here."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        """Jobs that were promised with their id."""
        self.errors: list[ServerError] = []
        self.gone_back: list[str] = []
        """Sub-jobs or jobs whose phase was read as earlier than before."""
        self.refusals: list[str] = []
        """What clients did not get though they should have."""
        self.requests = 0
        self._lock = threading.Lock()
        self._news = threading.Event()

    def answered(self, answer: httpx.Response, began: float) -> None:
        """Note an answer."""
        with self._lock:
            self.requests += 1
            if answer.status_code >= 500:
                what = f"{answer.request.method} {answer.request.url.path}: {answer.text[:600]}"
                self.errors.append(ServerError(answer.status_code, began, time.monotonic(), what))

    def promised(self, job: str) -> str:
        """Note a job that was acknowledged. Returns its id."""
        with self._lock:
            self.acknowledged.add(job)
        self._news.set()
        return job

    def wait_for_promise(self, seconds: float) -> None:
        """Wait until a job is acknowledged, but no longer than this."""
        self._news.clear()
        self._news.wait(seconds)

    def refused(self, what: str) -> None:
        """Note what a client did not get."""
        with self._lock:
            self.refusals.append(what)

    def went_back(self, uids: list[str]) -> None:
        """Note jobs that went back."""
        with self._lock:
            self.gone_back.extend(uids)


class Ended(Exception):
    """The load has been told to end."""


class Refused(Exception):
    """Something that should have been granted was not, or not in time."""


class Tenant(threading.Thread):
    """One client: again and again it makes a cluster, nodes and a pool, and deletes them."""

    def __init__(
        self,
        name: str,
        installation: Installation,
        token: str,
        ledger: Ledger,
        *,
        seed: int,
        largest_batch: int,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._servers = [server.endpoint for server in installation.servers]
        project = installation.servers[0].credentials["project_id"]
        self._project = f"/api/v3/projects/{project}"
        self._http = httpx.Client(headers={"X-Auth-Token": token}, timeout=ANSWER_SECONDS)
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._largest_batch = largest_batch
        self._ending = threading.Event()

    def end(self) -> None:
        """Ask for nothing more."""
        self._ending.set()

    def run(self) -> None:
        """Make and delete clusters until told to end."""
        with self._http, suppress(Ended):
            for number in itertools.count(1):
                self._pause(0)
                try:
                    self._live(f"{self.name}-{number}")
                except Refused as refused:
                    self._ledger.refused(str(refused))

    def _live(self, name: str) -> None:
        """The lives of some clusters that are asked for together; one of them is a rich one."""
        asked = []
        for place in range(self._chance.randint(1, self._largest_batch)):
            asked.append(self._create(f"{name}-{place}"))
            self._pause(self._chance.uniform(0, 0.1))
        clusters = [cluster for cluster, _ in asked]
        for cluster, job in asked:
            self._follow(job)
            self._rest(cluster, "Available")
        self._grow_and_shrink(clusters[0])
        # Whatever still worked on the cluster would be cancelled by its deletion.
        self._rest(clusters[0], "Available")
        for deletion in [self._promise("DELETE", cluster) for cluster in clusters]:
            self._follow(deletion)

    def _grow_and_shrink(self, cluster: str) -> None:
        """Give a cluster nodes and a pool, change the pool, and take some of it away."""
        # These two are made one after the other: a cluster has one job at a time.
        job = self._promise("POST", f"{cluster}/nodes", _nodes(self._chance.randint(1, 3)))
        pool = self._ask("POST", f"{cluster}/nodepools", _pool(self._chance.randint(1, 2)))
        self._follow(job)
        if pool.status_code == 201:
            url = f"{cluster}/nodepools/{pool.json()['metadata']['uid']}"
            self._rest(url, "")
            self._ask("POST", f"{url}/operation/scale", {"spec": {"desiredNodeCount": 3}})
            self._rest(url, "")
            if self._chance.random() < 0.5:
                self._ask("DELETE", url)
                self._forgotten(url)
        for node in self._nodes_of(cluster)[:1]:
            self._follow(self._promise("DELETE", f"{cluster}/nodes/{node}"))

    def _create(self, name: str) -> tuple[str, str]:
        """Ask for a cluster. Returns its path and the job that works on it, if any."""
        answer = self._ask("POST", "/clusters", _cluster(name, self._chance.choice(FLAVORS)))
        if answer.status_code == 409:  # made, though the answer was lost
            listed = self._ask("GET", "/clusters").json()["items"]
            [document] = [each for each in listed if each["metadata"]["name"] == name]
        else:
            self._expect(answer, 201)
            document = answer.json()
            self._ledger.promised(document["status"]["jobID"])
        return f"/clusters/{document['metadata']['uid']}", document["status"].get("jobID", "")

    def _promise(self, method: str, path: str, body: Body | None = None) -> str:
        """Ask for a job. Returns its id, or nothing where there is nothing to do any more."""
        answer = self._ask(method, path, body)
        if answer.status_code == 404 and method == "DELETE":
            return ""
        self._expect(answer, 200, 201)
        return self._ledger.promised(answer.json()["status"]["jobID"])

    def _nodes_of(self, cluster: str) -> list[str]:
        """The nodes of a cluster that no pool would replace."""
        answer = self._ask("GET", f"{cluster}/nodes")
        self._expect(answer, 200)
        found: list[Document] = answer.json()["items"]
        return [
            each["metadata"]["uid"] for each in found if "ownerReferences" not in each["metadata"]
        ]

    def _follow(self, job: str) -> None:
        """Read a job until it ends, and see that no phase goes back."""
        if not job:
            return
        seen: dict[str, str] = {}
        for _ in self._patiently(f"job {job} does not end"):
            answer = self._ask("GET", f"/jobs/{job}")
            if answer.status_code == 404:  # the tally counts it as lost
                return
            self._expect(answer, 200)
            document = answer.json()
            now = phases(document)
            self._ledger.went_back([uid for uid in now if _is_back(seen.get(uid), now[uid])])
            seen = now
            if phase(document) in FINAL:
                return

    def _rest(self, path: str, wanted: str) -> None:
        """Read a thing until it is in the phase that means rest."""
        for _ in self._patiently(f"{path} does not come to rest"):
            answer = self._ask("GET", path)
            self._expect(answer, 200)
            found = answer.json()["status"]["phase"]
            if found == wanted:
                return
            if found in ("Error", "Unavailable"):
                raise Refused(f"{path} is in {found}")

    def _forgotten(self, path: str) -> None:
        """Read a thing until nobody knows it."""
        for _ in self._patiently(f"{path} is not forgotten"):
            if self._ask("GET", path).status_code == 404:
                return

    def _patiently(self, what: str) -> Iterator[None]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            yield
            self._pause(LOOK_PERIOD)
        raise Refused(what)

    def _pause(self, seconds: float) -> None:
        if self._ending.wait(seconds):
            raise Ended

    def _ask(self, method: str, path: str, body: Body | None = None) -> httpx.Response:
        """The first answer that is one."""
        for _ in self._patiently(f"{method} {path} has no answer"):
            server = self._chance.choice(self._servers)
            began = time.monotonic()
            try:
                answer = self._http.request(method, f"{server}{self._project}{path}", json=body)
            except httpx.TransportError:
                continue
            self._ledger.answered(answer, began)
            if answer.status_code < 500:
                return answer
        raise AssertionError("patience does not end")

    def _expect(self, answer: httpx.Response, *statuses: int) -> None:
        if answer.status_code not in statuses:
            what = f"{answer.request.method} {answer.request.url.path}"
            raise Refused(f"{what} answers {answer.status_code}: {answer.text}")


@contextmanager
def under_load(
    installation: Installation, ledger: Ledger, *, clients: int, largest_batch: int, seed: int
) -> Iterator[None]:
    """Clients at work inside the block; afterwards they ask for nothing more.

    Each asks for up to ``largest_batch`` clusters together.
    """
    first = Client(installation.servers[0])
    first.close()
    tenants = [
        Tenant(
            f"load-{number}",
            installation,
            first.token,
            ledger,
            seed=seed + number,
            largest_batch=largest_batch,
        )
        for number in range(clients)
    ]
    for tenant in tenants:
        tenant.start()
    try:
        yield
    finally:
        for tenant in tenants:
            tenant.end()
        for tenant in tenants:
            tenant.join(ANSWER_SECONDS + 5)


def _is_back(before: str | None, now: str) -> bool:
    if before is None or before == now:
        return False
    return before in FINAL or ORDER.index(now) < ORDER.index(before)


def _cluster(name: str, flavor: str) -> Body:
    return {
        "kind": "Cluster",
        "apiVersion": "v3",
        "metadata": {"name": name},
        "spec": {
            "flavor": flavor,
            "hostNetwork": {"vpc": "v", "subnet": "s"},
            "containerNetwork": {"mode": "vpc-router"},
        },
    }


_NODE: Body = {
    "flavor": "s6.large.2",
    "az": "az-1",
    "os": "EulerOS 2.9",
    "login": {"sshKey": "key"},
    "rootVolume": {"size": 40, "volumetype": "SAS"},
    "dataVolumes": [{"size": 100, "volumetype": "SAS"}],
}


def _nodes(count: int) -> Body:
    return {
        "kind": "Node",
        "apiVersion": "v3",
        "metadata": {"name": "node"},
        "spec": _NODE | {"count": count},
    }


def _pool(size: int) -> Body:
    return {
        "kind": "NodePool",
        "apiVersion": "v3",
        "metadata": {"name": "pool-1"},
        "spec": {"initialNodeCount": size, "nodeTemplate": _NODE | {"count": 1}},
    }
