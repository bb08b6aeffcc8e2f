"""What the Kubernetes API of a simulated cluster answers: a little, and all of it true.

It is no Kubernetes. Nodes are those of the API; namespaces and claims can be made, read and
deleted, and nothing comes of them; whoever may ask may do everything. Whatever else is asked for
is refused by a Status that says so.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clusterwright import clock, ids
from clusterwright.cce.clusters import store as clusters
from clusterwright.cce.clusters.blueprint import blueprint
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.inside import documents, store
from clusterwright.cce.inside.documents import Json
from clusterwright.cce.inside.store import Exists, Kept, Kind
from clusterwright.cce.inside.wire import Claim, Namespace, Review, TokenToRequest
from clusterwright.cce.nodes import store as nodes
from clusterwright.cce.nodes.store import CREATING
from clusterwright.document import Document, Malformed
from clusterwright.drivers.contract import Accounts
from clusterwright.iam.caller import Caller
from clusterwright.storage import limits
from clusterwright.storage.database import Database, Tx

TOKEN_SECONDS = 3600
"""How long a token is good that nobody says more of."""


class Refusal(Exception):
    """What a Status says."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the Kubernetes API."""

    method: str
    path: str
    query: Mapping[str, str]
    accept: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a JSON object, or with a line of text."""

    code: int
    content: Json | str


@dataclass(frozen=True, slots=True)
class Here:
    """Which cluster is asked, and by whom."""

    cluster: Cluster
    caller: Caller
    accounts: Accounts
    data: Database


async def answer(here: Here, asked: Asked) -> Answer:
    """What the API answers. Raises Refusal."""
    path = asked.path.rstrip("/")
    if (fixed := _FIXED.get(path)) is not None:
        _only(asked, "GET")
        return Answer(200, fixed(here.cluster))
    if path in ("/openid/v1/jwks", "/.well-known/openid-configuration"):
        _only(asked, "GET")
        return Answer(200, await _discovery(here, path))
    if path in _REVIEWS:
        _only(asked, "POST")
        return Answer(201, _REVIEWS[path](here, _parsed(Review, asked)))
    found = _PATH.fullmatch(path)
    if found is None:
        raise _unknown(asked)
    return await _objects(here, asked, found)


_PATH = re.compile(
    r"/api/v1/(?:"
    r"(?P<kind>nodes|namespaces)(?:/(?P<name>[^/]+))?"
    r"|(?P<everywhere>persistentvolumeclaims|serviceaccounts)"
    r"|namespaces/(?P<namespace>[^/]+)/(?P<namespaces>persistentvolumeclaims|serviceaccounts)"
    r"(?:/(?P<inner>[^/]+)(?P<token>/token)?)?"
    r")"
)
_FIXED: dict[str, Callable[[Cluster], Json | str]] = {
    "/api": lambda _: documents.api_versions(),
    "/apis": lambda _: documents.groups(),
    "/api/v1": lambda _: documents.resources("v1"),
    "/apis/authorization.k8s.io/v1": lambda _: documents.resources("authorization.k8s.io/v1"),
    "/apis/authentication.k8s.io/v1": lambda _: documents.resources("authentication.k8s.io/v1"),
    "/version": documents.versions,
    "/healthz": lambda _: "ok",
    "/livez": lambda _: "ok",
    "/readyz": lambda _: "ok",
}


def _may(here: Here, review: Review) -> Json:
    spec = review.spec or {}
    return {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": spec,
        "status": {"allowed": True, "reason": "Whoever may use the project may do everything."},
    }


def _who(here: Here, review: Review) -> Json:
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {},
        "status": {
            "userInfo": {"username": here.caller.user_id, "groups": ["system:authenticated"]}
        },
    }


_REVIEWS: dict[str, Callable[[Here, Review], Json]] = {
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": _may,
    "/apis/authentication.k8s.io/v1/selfsubjectreviews": _who,
}


async def _discovery(here: Here, path: str) -> Json:
    issuer = await here.accounts.issuer(blueprint(here.cluster))
    if path == "/openid/v1/jwks":
        return dict(issuer.keys)
    return {
        "issuer": issuer.name,
        "jwks_uri": f"{issuer.name}/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


async def _objects(here: Here, asked: Asked, found: re.Match[str]) -> Answer:
    if found["token"]:
        _only(asked, "POST")
        return await _token(here, asked, found["namespace"], found["inner"])
    what = found["kind"] or found["everywhere"] or found["namespaces"]
    name = found["name"] or found["inner"]
    if name is None and asked.method == "GET":
        async with here.data.reading() as tx:
            items = await _list(tx, here, what, found["namespace"] or "")
        return Answer(200, _shown(here, asked, what, _selected(asked, items)))
    if name is not None and asked.method == "GET":
        async with here.data.reading() as tx:
            items = await _list(tx, here, what, found["namespace"] or "")
        item = next((each for each in items if each["metadata"]["name"] == name), None)
        if item is None:
            raise _missing(what, name)
        return Answer(200, _as_table(here, asked, [item]) or item)
    if asked.method == "POST" and name is None and what in _KEPT and not found["everywhere"]:
        return Answer(201, await _create(here, asked, what, found["namespace"]))
    if asked.method == "DELETE" and name is not None and what in _KEPT:
        return Answer(200, await _delete(here, what, found["namespace"] or name, name))
    raise _unknown(asked)


_KEPT: dict[str, tuple[Kind, type[Document]]] = {
    "namespaces": (Kind.NAMESPACE, Namespace),
    "persistentvolumeclaims": (Kind.CLAIM, Claim),
}
_KINDS = {
    "nodes": "Node",
    "namespaces": "Namespace",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "serviceaccounts": "ServiceAccount",
}


async def _list(tx: Tx, here: Here, what: str, namespace: str) -> list[Json]:
    cluster = here.cluster
    if what == "nodes":
        found = await nodes.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
        return [
            documents.node(each) for each in found if each.private_ip and each.phase not in CREATING
        ]
    names = await _namespaces(tx, cluster)
    if what == "namespaces":
        return names
    if what == "persistentvolumeclaims":
        kept = await store.find(tx, cluster.uid, Kind.CLAIM, namespace=namespace)
        return [documents.claim(each) for each in kept]
    places = [each["metadata"]["name"] for each in names]
    return [documents.account(cluster, each) for each in places if namespace in ("", each)]


async def _namespaces(tx: Tx, cluster: Cluster) -> list[Json]:
    kept = await store.find(tx, cluster.uid, Kind.NAMESPACE)
    found = [*documents.built_in(cluster), *map(documents.namespace, kept)]
    return sorted(found, key=lambda each: str(each["metadata"]["name"]))


def _selected(asked: Asked, items: list[Json]) -> list[Json]:
    """Those that the selectors of the query choose."""
    for chosen in _split(asked.query.get("fieldSelector", "")):
        field, _, value = chosen.partition("=")
        if field != "metadata.name":
            raise Refusal(400, f'field label not supported: "{field[:64]}"')
        items = [each for each in items if each["metadata"]["name"] == value.removeprefix("=")]
    for chosen in _split(asked.query.get("labelSelector", "")):
        matched = _LABEL.fullmatch(chosen)
        if matched is None:
            raise Refusal(400, f'label selector not supported: "{chosen[:64]}"')
        key, how, value = matched["key"], matched["how"], matched["value"]

        def fits(item: Json, key: str = key, how: str | None = how, value: str = value) -> bool:
            labels = item["metadata"].get("labels") or {}
            if how is None:
                return key in labels
            return (labels.get(key) == value) is not (how == "!=")

        items = [each for each in items if fits(each)]
    return items


_LABEL = re.compile(r"(?P<key>[\w./-]+)(?:(?P<how>==?|!=)(?P<value>[\w.-]*))?")


def _split(text: str) -> list[str]:
    return [each for each in text.split(",") if each]


def _shown(here: Here, asked: Asked, what: str, items: list[Json]) -> Json:
    if asked.query.get("watch", "").lower() in ("1", "true"):
        raise Refusal(405, f"This cluster is simulated: {what} cannot be watched. Read them again.")
    if _wants_table(asked):
        return documents.table(_KINDS[what], items, here.cluster)
    return documents.listed(_KINDS[what], items)


def _as_table(here: Here, asked: Asked, items: list[Json]) -> Json | None:
    if not _wants_table(asked):
        return None
    return documents.table(str(items[0]["kind"]), items, here.cluster)


def _wants_table(asked: Asked) -> bool:
    return "as=Table" in asked.accept and "g=meta.k8s.io" in asked.accept


async def _create(here: Here, asked: Asked, what: str, namespace: str | None) -> Json:
    kind, model = _KEPT[what]
    body = _parsed(model, asked)
    sent = body.as_sent()
    name = str(sent["metadata"]["name"])
    place = namespace or name
    if sent["metadata"].get("namespace") not in (None, place):
        raise Refusal(400, "the namespace of the provided object does not match the request")
    async with here.data.transaction() as tx:
        # Objects are counted by whoever holds their cluster.
        held = here.cluster
        if await clusters.get(tx, held.uid, project_id=held.project_id, lock=True) is None:
            raise Refusal(404, f"The cluster {held.name} was deleted.")
        known = {each["metadata"]["name"] for each in await _namespaces(tx, here.cluster)}
        if kind is Kind.NAMESPACE and name in known:
            raise _exists(what, name)
        if kind is not Kind.NAMESPACE and place not in known:
            raise _missing("namespaces", place)
        if await store.count(tx, here.cluster.uid) >= limits.MOST_OBJECTS:
            raise Refusal(403, f"exceeded quota: {limits.MOST_OBJECTS} objects are kept here")
        kept = Kept(
            cluster_uid=here.cluster.uid,
            kind=kind,
            namespace=place,
            name=name,
            uid=ids.new_uid(),
            document=sent,
            created_at=clock.now(),
        )
        if asked.query.get("dryRun") != "All":
            try:
                await store.insert(tx, kept)
            except Exists:
                raise _exists(what, name) from None
    return documents.namespace(kept) if kind is Kind.NAMESPACE else documents.claim(kept)


async def _delete(here: Here, what: str, namespace: str, name: str) -> Json:
    kind, _ = _KEPT[what]
    if kind is Kind.NAMESPACE and name in documents.BUILT_IN:
        raise Refusal(403, f'namespaces "{name}" is forbidden: this namespace may not be deleted')
    async with here.data.transaction() as tx:
        kept = await store.get(tx, here.cluster.uid, kind, namespace, name)
        if kept is None:
            raise _missing(what, name)
        await store.remove(tx, kept)
    if kind is Kind.NAMESPACE:
        return documents.namespace(kept) | {"status": {"phase": "Terminating"}}
    return documents.claim(kept)


async def _token(here: Here, asked: Asked, namespace: str, name: str) -> Answer:
    spec = _parsed(TokenToRequest, asked).spec
    seconds = spec.expiration_seconds or TOKEN_SECONDS
    audiences = spec.audiences or []
    token = await here.accounts.token(
        blueprint(here.cluster), namespace, name, audiences=audiences, seconds=seconds
    )
    ends = clock.seconds(clock.now() + seconds * 1_000_000_000)
    made = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"audiences": audiences, "expirationSeconds": seconds},
        "status": {"token": token, "expirationTimestamp": ends},
    }
    return Answer(201, made)


def _parsed(model: type[Document], asked: Asked) -> Any:
    try:
        return model.parse(asked.body)
    except Malformed as error:
        raise Refusal(422 if error.field else 400, str(error)) from error


def _only(asked: Asked, method: str) -> None:
    if asked.method != method:
        raise _unknown(asked)


def _unknown(asked: Asked) -> Refusal:
    return Refusal(
        405 if asked.path.rstrip("/").startswith(tuple(_HERE)) else 404,
        f"This cluster is simulated, and {asked.method} {asked.path[:200]} is not there. There are"
        " nodes, namespaces, persistentvolumeclaims and serviceaccounts of the core group, and"
        " reviews of oneself.",
    )


_HERE = ("/api/v1/nodes", "/api/v1/namespaces")


def _missing(what: str, name: str) -> Refusal:
    return Refusal(404, f'{what} "{name[:253]}" not found')


def _exists(what: str, name: str) -> Refusal:
    return Refusal(409, f'{what} "{name}" already exists')


def encoded(content: Json | str) -> bytes:
    """The bytes of an answer."""
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()
