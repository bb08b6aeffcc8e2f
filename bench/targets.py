"""The servers that are compared, each with its own way to ask for a job."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from sqlalchemy import make_url

from bench import baseline_flask, load, processes
from bench.load import Figures, Request
from bench.stored_jobs import StoredJobs, fill_postgresql, fill_sqlite
from clusterwright.storage.database import sync_url
from tests import postgresql
from tests.kit import cluster_body, log_in_body, until
from tests.server_process import PLAIN, ServerProcess

CONSTANT = "(a) constant"
AT_HAND = "(a') constant, at hand"
CONVENTIONAL = "(b) Flask, SQLAlchemy, gunicorn"
FLOOR = "(c) C and epoll"
FEW_JOBS = 20_000
FEW = f"sqlite, token, {FEW_JOBS:,} jobs"
SECRET = "only for this benchmark"
LISTED = 50
"""Nodes of the cluster that is listed."""
RESOURCES = ("cluster", "node", f"{LISTED} nodes")
"""What is read through the framework."""
NODE = {
    "flavor": "c7.large.2",
    "os": "EulerOS 2.9",
    "login": {"sshKey": "keys"},
    "rootVolume": {"size": 50, "volumetype": "SSD"},
    "dataVolumes": [{"size": 100, "volumetype": "SSD"}],
}


class Kind(StrEnum):
    """A database."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def available() -> list[Kind]:
    """The databases that this machine can run."""
    return list(Kind) if postgresql.binaries() else [Kind.SQLITE]


@dataclass(slots=True)
class Target:
    """One line of the result: a server, and how it is asked for the job of a number."""

    name: str
    pid: int
    port: int
    ask: Callable[[int], Request]
    answer: Callable[[int], bytes]
    """What it must answer."""
    rounds: list[Figures] = field(default_factory=list)

    @property
    def figures(self) -> Figures:
        """The medians of all rounds."""
        return load.median(self.rounds)

    def check(self, number: int) -> None:
        """Make sure that the answer is right: JSON that says the same, or the same bytes.

        Raises RuntimeError.
        """
        request = self.ask(number)
        got = PLAIN.get(f"http://127.0.0.1:{self.port}{request.path}", headers=request.headers)
        expected = self.answer(number)
        if got.status_code != 200 or not _same(got.content, expected):
            raise RuntimeError(f"{self.name} answered {got.status_code}: {got.text[:400]}")

    def modulo(self, count: int) -> "Target":
        """The same server under the name of few, for whoever knows the numbers of more jobs."""

        def ask(number: int) -> Request:
            return self.ask(number % count)

        return Target(FEW, self.pid, self.port, ask, lambda number: self.answer(number % count))


def _same(got: bytes, expected: bytes) -> bool:
    return got == expected or (expected[:1] == b"{" and json.loads(got) == json.loads(expected))


@contextmanager
def running(kinds: list[Kind], count: int, folder: Path) -> Iterator[list[Target]]:
    """Every server, ready to be measured: the baselines first, then the product.

    (c) is left out where there is no C compiler, and the product with few jobs where ``count`` is.
    """
    with ExitStack() as stack:
        products: list[Target] = []
        baselines: list[Target] = []
        for kind in kinds:
            server, jobs, url = stack.enter_context(product(kind, count, folder))
            products += _reads(kind, server, jobs)
            if kind is Kind.SQLITE:
                products += _resources(server)
            baselines = baselines or [
                stack.enter_context(_constant(CONSTANT, products[0], jobs)),
                stack.enter_context(_constant(AT_HAND, products[0], jobs)),
                stack.enter_context(_conventional(server, jobs, url)),
                *([stack.enter_context(_floor(products[0], jobs, folder))] if _compiler() else []),
            ]
        if count > FEW_JOBS and Kind.SQLITE in kinds:
            apart = folder / "few"
            apart.mkdir(exist_ok=True)
            few, jobs, _ = stack.enter_context(product(Kind.SQLITE, FEW_JOBS, apart))
            products.append(_reads(Kind.SQLITE, few, jobs)[0].modulo(FEW_JOBS))
        yield baselines + products


@contextmanager
def product(
    kind: Kind, count: int, folder: Path
) -> Iterator[tuple[ServerProcess, StoredJobs, str]]:
    """The product with so many stored jobs, and the URL of its database."""
    data = folder / kind
    with ExitStack() as stack:
        url = f"sqlite:///{data / 'clusterwright.db'}"
        if kind is Kind.POSTGRESQL:
            binaries = postgresql.binaries()
            if binaries is None:
                raise RuntimeError("PostgreSQL's server programs are not installed.")
            base = stack.enter_context(postgresql.server(binaries))
            url = stack.enter_context(postgresql.fresh_database(base))
        database = url if kind is Kind.POSTGRESQL else ""
        with processes.clusterwright(data, database=database) as server:
            # Its first start has made the schema and the project.
            jobs = StoredJobs(server.credentials["project_id"], count)
        if kind is Kind.POSTGRESQL:
            asyncio.run(fill_postgresql(jobs, url))
        elif _stored(data / "clusterwright.db") != count:
            fill_sqlite(jobs, data / "clusterwright.db")
        yield stack.enter_context(processes.clusterwright(data, database=database)), jobs, url


def _stored(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        found: int = connection.execute("SELECT count(*) FROM job_trees").fetchone()[0]
        return found


def _reads(kind: Kind, server: ServerProcess, jobs: StoredJobs) -> list[Target]:
    account = server.credentials
    host = f"127.0.0.1:{server.port}"
    path = f"/api/v3/projects/{account['project_id']}/jobs/"
    text = token(server)
    signer = Signer(BasicCredentials(account["access_key"], account["secret_key"]))

    def with_token(number: int) -> Request:
        return Request(path + jobs.uid(number), {"Host": host, "X-Auth-Token": text})

    def with_signature(number: int) -> Request:
        headers = {"X-Project-Id": account["project_id"]}
        asked = SdkRequest("GET", "http", host, path + jobs.uid(number), path, [], headers, "")
        signed = signer.sign(asked).header_params
        return Request(path + jobs.uid(number), {"Host": host} | signed)

    return [
        Target(f"{kind}, token", server.pid, server.port, with_token, jobs.document),
        Target(f"{kind}, signature", server.pid, server.port, with_signature, jobs.document),
    ]


def _resources(server: ServerProcess) -> list[Target]:
    """Reads through the framework: a cluster, a node, a list of 50 nodes."""
    path = f"/api/v3/projects/{server.credentials['project_id']}"
    headers = {"Host": f"127.0.0.1:{server.port}", "X-Auth-Token": token(server)}

    def call(method: str, path: str, body: Any = None) -> Any:
        url = f"{server.endpoint}{path}"
        return PLAIN.request(method, url, headers=headers, json=body).raise_for_status().json()

    def done(job: str) -> None:
        until("the job", lambda: call("GET", f"{path}/jobs/{job}")["status"]["phase"] == "Success")

    found = call("GET", f"{path}/clusters")["items"]
    if not found:
        made = call("POST", f"{path}/clusters", cluster_body("demo"))
        done(made["status"]["jobID"])
        found = [made]
    cluster = f"{path}/clusters/{found[0]['metadata']['uid']}"
    nodes = f"{cluster}/nodes"
    if not call("GET", nodes)["items"]:
        body = {"kind": "Node", "apiVersion": "v3", "spec": NODE | {"count": LISTED}}
        done(call("POST", nodes, body)["status"]["jobID"])
    node = f"{nodes}/{call('GET', nodes)['items'][0]['metadata']['uid']}"

    def target(name: str, path: str) -> Target:
        answer = PLAIN.get(f"{server.endpoint}{path}", headers=headers).content
        ask = Request(path, headers)
        return Target(name, server.pid, server.port, lambda _: ask, lambda _: answer)

    return [
        target(f"sqlite, {name}", path)
        for name, path in zip(RESOURCES, (cluster, node, nodes), strict=True)
    ]


def token(server: ServerProcess) -> str:
    """A token of the first account for its project."""
    body = log_in_body(server.credentials)
    answer = PLAIN.post(f"{server.endpoint}/v3/auth/tokens", json=body).raise_for_status()
    return answer.headers["X-Subject-Token"]


@contextmanager
def _constant(name: str, asked_like: Target, jobs: StoredJobs) -> Iterator[Target]:
    size = len(jobs.document(0))
    how = "hand" if name == AT_HAND else "loop"
    command = processes.python("bench.baseline_constant", "{port}", str(size), how)
    with processes.program(command) as (pid, port):
        yield Target(name, pid, port, asked_like.ask, lambda number: b"x" * size)


@contextmanager
def _floor(asked_like: Target, jobs: StoredJobs, folder: Path) -> Iterator[Target]:
    size = len(jobs.document(0))
    program = folder / "floor"
    source = Path(__file__).with_name("floor.c")
    flags = ["-O2", "-D_GNU_SOURCE", "-o", str(program)]
    subprocess.run([_compiler(), *flags, str(source)], check=True)
    with processes.program([str(program), "{port}", str(size)]) as (pid, port):
        yield Target(FLOOR, pid, port, asked_like.ask, lambda number: b"x" * size)


def _compiler() -> str:
    """The C compiler of this machine; empty without one."""
    return shutil.which("cc") or ""


@contextmanager
def _conventional(server: ServerProcess, jobs: StoredJobs, url: str) -> Iterator[Target]:
    project_id = server.credentials["project_id"]
    token = baseline_flask.serializer(SECRET).dumps({"project_id": project_id})
    assert isinstance(token, str)
    database = sync_url(make_url(url)).render_as_string(hide_password=False)
    command = processes.python("bench.baseline_flask", "{port}", database, SECRET)
    with processes.program(command) as (pid, port):

        def ask(number: int) -> Request:
            path = f"/api/v3/projects/{project_id}/jobs/{jobs.uid(number)}"
            return Request(path, {"Host": f"127.0.0.1:{port}", "X-Auth-Token": token})

        yield Target(CONVENTIONAL, pid, port, ask, jobs.document)
