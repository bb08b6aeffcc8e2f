"""Whatever the server stores can be read by the SDKs that decode into types: a property.

Bodies with everything in them are spoilt at random, in any place, with any JSON. Some are refused,
the others are stored; then Go and Java read every list and every object.
"""

import copy
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.nodes_in_full import OPERATIONS
from tests.api.official import spoilt
from tests.clients.client_programs import GO, JAVA, Language, LiveServer, Program
from tests.clients.cluster_walk import body as cluster_body
from tests.kit import log_in_body, until
from tests.server_process import ServerProcess

# The first build of a program downloads its SDK.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

Json = dict[str, Any]

SPOILS: tuple[Any, ...] = (
    *(0, 1, 5, -1, 2**40, 1.5, True, False, None, "", "x", "5", "true", "é", "長", "a" * 40),
    *([], {}, ["x"], [5], [[]], {"x": "y"}, {"x": 5}, [{"x": "y"}], [None]),
)
"""What may come into any place."""
TIMES = 60
"""Spoilt bodies of each kind."""
SEED = 20_261_126


@dataclass
class Stock:
    """What was stored."""

    cluster: str = ""
    clusters: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)


def everywhere(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a body, but for the whole of it."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else ()
    for key, inner in enumerate(value) if isinstance(value, list) else items:
        yield from everywhere(inner, (*path, key))


def spoil(chance: random.Random, body: Json) -> Json:
    """The body with other JSON in up to two places."""
    for _ in range(chance.randint(0, 2)):
        place = chance.choice(list(everywhere(body)))
        body = spoilt(body, place, chance.choice(SPOILS))
    return body


def full(name: str) -> Json:
    """The body of an operation with every field, as far as all of it goes together."""
    body = copy.deepcopy(next(each.body for each in OPERATIONS if each.name == name))
    spec = body["spec"].get("nodeTemplate", body["spec"])
    spec["nodeNicSpec"] = {"primaryNic": {"subnetId": "s"}}
    spec.pop("partition")
    spec["login"] = {"sshKey": "kp"}
    spec["publicIP"] = {}
    return body


def cluster(number: int) -> Json:
    """A cluster with most of what one can have."""
    body: Json = json.loads(json.dumps(cluster_body(f"stored-{uuid4().hex[:8]}-{number}")))
    body["metadata"] |= {"labels": {"a": "b"}, "annotations": {"a": "b"}, "timezone": "Asia/Tokyo"}
    body["spec"] |= {
        "description": "d",
        "customSan": ["a.test"],
        "clusterTags": [{"key": "a", "value": "b"}],
        "masters": [{"availabilityZone": "cn-north-4a"}],
        "publicAccess": {"cidrs": ["10.0.0.0/8"]},
        "extendParam": {"clusterAZ": "cn-north-4a", "dockerUmaskMode": "normal"},
        "configurationsOverride": [{"name": "x", "configurations": [{"name": "y", "value": 1}]}],
        "clusterOps": {"alarm": {"topics": ["t"]}},
        "secretConfig": {"disableDefaultImagePullSecret": True},
    }
    return body


def policy(uid: str) -> Json:
    """An access policy."""
    return {
        "kind": "AccessPolicy",
        "apiVersion": "v3",
        "name": "stored",
        "clusters": [uid],
        "accessScope": {"namespaces": ["default"]},
        "policyType": "CCEViewPolicy",
        "principal": {"type": "user", "ids": ["u1"]},
    }


@pytest.fixture(scope="module")
def stock(live_server: ServerProcess) -> Stock:
    """Everything that was accepted of bodies spoilt at random."""
    chance, made = random.Random(SEED), Stock()
    account = live_server.credentials
    project = f"/api/v3/projects/{account['project_id']}"
    with httpx.Client(base_url=live_server.endpoint, timeout=60) as http:
        token = http.post("/v3/auth/tokens", json=log_in_body(account))
        http.headers["X-Auth-Token"] = token.headers["X-Subject-Token"]

        def kept(path: str, body: Json) -> Json:
            answer = http.post(path, json=body)
            assert answer.status_code < 500, (body, answer.text)
            told: Json = answer.json() if answer.status_code < 300 else {}
            return told

        def stored(path: str, bodies: Iterator[Json], key: str = "uid") -> list[str]:
            answers = [kept(path, body) for body in bodies]
            return [each.get("metadata", each)[key] for each in answers if each]

        large = cluster(0)
        large["spec"]["flavor"] = "cce.s1.large"
        made.cluster = kept(f"{project}/clusters", large)["metadata"]["uid"]
        here = f"{project}/clusters/{made.cluster}"
        until(
            "the cluster is not Available",
            lambda: http.get(here).json()["status"]["phase"] == "Available",
        )
        bodies = (spoil(chance, cluster(number)) for number in range(1, TIMES))
        made.clusters = stored(f"{project}/clusters", bodies)
        bodies = (spoil(chance, full("create a node")) for _ in range(TIMES))
        made.nodes = stored(f"{here}/nodes", bodies)
        bodies = (spoil(chance, named(full("create a pool"), number)) for number in range(45))
        made.pools = stored(f"{here}/nodepools", bodies)
        for uid in made.pools:
            update = spoil(chance, {"spec": {"ignoreInitialNodeCount": True} | changes()})
            assert http.put(f"{here}/nodepools/{uid}", json=update).status_code < 500
        bodies = (spoil(chance, policy(made.cluster)) for _ in range(TIMES))
        made.policies = stored("/api/v3/access-policies", bodies, "policyId")
    return made


def named(body: Json, number: int) -> Json:
    """The body of a pool with a name of its own, and without nodes."""
    body["metadata"]["name"] = f"p{number}"
    body["spec"]["initialNodeCount"] = 0
    return body


def changes() -> Json:
    """What may be changed of a pool, all of it."""
    body: Json = copy.deepcopy(next(e.body for e in OPERATIONS if e.name == "update a pool"))
    return {key: value for key, value in body["spec"].items() if key != "initialNodeCount"}


def reads(stock: Stock) -> Iterator[tuple[str, Mapping[str, str], int]]:
    """Each call that reads, its arguments, and how many objects it lists at least."""
    here = {"cluster_id": stock.cluster}
    yield "ListClusters", {"detail": "true"}, len(stock.clusters)
    yield "ListNodes", here, len(stock.nodes)
    yield "ListNodePools", here, len(stock.pools)
    for uid in stock.clusters:
        yield "ShowCluster", {"cluster_id": uid}, 0
    for uid in stock.nodes:
        yield "ShowNode", here | {"node_id": uid}, 0
    for uid in stock.pools:
        yield "ShowNodePool", here | {"nodepool_id": uid}, 0


def test_many_bodies_are_stored_and_many_refused(stock: Stock) -> None:
    for found, most in ((stock.clusters, TIMES), (stock.nodes, TIMES), (stock.pools, 45)):
        assert 5 <= len(found) < most


@pytest.mark.parametrize(
    "language", [GO, JAVA], ids=lambda one: one.name, indirect=True, scope="module"
)
def test_whatever_is_stored_is_decoded(
    language: Language, program: Program, live_server: LiveServer, stock: Stock
) -> None:
    for operation, args, least in reads(stock):
        answer = program.call(operation, **args)

        assert answer.ok, (operation, args, answer)
        assert len(answer.body.get("items", ())) >= least


def test_policies_are_decoded(
    live_server: LiveServer, stock: Stock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with GO.running(live_server.environ, tmp_path_factory.mktemp("home")) as program:
        answer = program.call("ListAccessPolicy")

    assert answer.ok, answer
    assert len(answer.body["accessPolicyList"]) >= len(stock.policies)
