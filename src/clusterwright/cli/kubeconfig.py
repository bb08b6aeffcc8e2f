"""The kubeconfig file of a user: a cluster's entries are merged in, and all others stay.

What another program wrote is kept as it was written: scalars are never read as values of Python,
which would lose how they were spelled. Only comments are lost, as with kubectl.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from yaml.representer import SafeRepresenter

from clusterwright.cli.output import Document

LOCK_SECONDS = 5.0
"""How long to wait for another program that changes the file, such as kubectl."""
_PAUSE = 0.05
_LISTS = {"clusters": "cluster", "users": "user", "contexts": "context"}
"""The lists of a kubeconfig, and under which name an entry holds what it is about."""


class CannotSave(Exception):
    """The file cannot be changed; the text tells why and what to do."""


def file_of_user(environment: Mapping[str, str]) -> Path:
    """Where programs of this user look: of several files the first that exists, else the last."""
    named = [Path(one) for one in environment.get("KUBECONFIG", "").split(os.pathsep) if one]
    if not named:
        return Path(environment.get("HOME") or Path.home(), ".kube", "config")
    return next((path for path in named if path.exists()), named[-1])


def contexts(config: Document) -> list[str]:
    """The contexts of a kubeconfig."""
    return [context["name"] for context in config["contexts"]]


def name_server(config: Document, cluster: Document) -> None:
    """Tell by which name to ask for a simulated cluster that answers at its server's address.

    The server says so itself, but the official SDK's models do not know the field.
    """
    own = {endpoint["url"] for endpoint in cluster["status"].get("endpoints", ())}
    for entry in config["clusters"]:
        server = entry["cluster"]
        host = urlsplit(server["server"]).hostname or ""
        uid = cluster["metadata"]["uid"]
        if entry["name"] == "internalCluster" and server["server"] not in own and uid not in host:
            server["tls-server-name"] = uid


def only(config: Document, context: str, *, name: str) -> dict[str, Any]:
    """A kubeconfig of one context alone, with its cluster and its user, all called ``name``."""
    chosen = _named(config["contexts"], context)["context"]
    parts = {
        "clusters": _named(config["clusters"], chosen["cluster"])["cluster"],
        "users": _named(config["users"], chosen["user"])["user"],
        "contexts": chosen | {"cluster": name, "user": name},
    }
    lists = {kind: [{"name": name, field: parts[kind]}] for kind, field in _LISTS.items()}
    return {"apiVersion": "v1", "kind": "Config", **lists, "current-context": name}


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def save(config: Document, path: Path) -> None:
    """Merge a kubeconfig into a file and make its context the current one.

    Entries of the same names are replaced. The file appears whole, for its owner alone where it is
    new, and a link to it stays a link. Raises CannotSave.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path):
            _replace(path, merged(_read(path), config))
    except OSError as error:
        raise CannotSave(f"{path} cannot be written: {error.strerror or error}.") from error


def merged(before: str, config: Document) -> str:
    """The text of a kubeconfig with the entries of another one. Raises CannotSave."""
    try:
        root = yaml.compose(before, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise CannotSave(f"It is no YAML: {' '.join(str(error).split())}.") from error
    if root is None or root.tag == "tag:yaml.org,2002:null":
        root = _node({"apiVersion": "v1", "kind": "Config"})
    if not isinstance(root, yaml.MappingNode):
        raise CannotSave("It is no kubeconfig: an object is needed.")
    for kind in _LISTS:
        _merge_list(root, kind, config[kind])
    _set(root, "current-context", _node(config["current-context"]))
    _in_blocks(root)
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True)
    return text


def _merge_list(root: yaml.MappingNode, kind: str, entries: list[dict[str, Any]]) -> None:
    old = _get(root, kind)
    kept: list[yaml.Node] = []
    if isinstance(old, yaml.SequenceNode):
        names = {entry["name"] for entry in entries}
        kept = [one for one in old.value if _name(one) not in names]
    elif old is not None and old.tag != "tag:yaml.org,2002:null":
        raise CannotSave(f"It is no kubeconfig: {kind} must be a list.")
    new = [_node(entry) for entry in entries]
    _set(root, kind, yaml.SequenceNode("tag:yaml.org,2002:seq", [*kept, *new]))


def _name(entry: yaml.Node) -> str | None:
    found = _get(entry, "name") if isinstance(entry, yaml.MappingNode) else None
    return found.value if isinstance(found, yaml.ScalarNode) else None


def _get(mapping: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for known, value in mapping.value if known.value == key), None)


def _set(mapping: yaml.MappingNode, key: str, value: yaml.Node) -> None:
    for place, (known, _) in enumerate(mapping.value):
        if known.value == key:
            mapping.value[place] = (known, value)
            return
    mapping.value.append((_node(key), value))


def _node(value: object) -> Any:
    return SafeRepresenter(sort_keys=False).represent_data(value)


def _in_blocks(root: yaml.Node) -> None:
    """Write collections in blocks: between braces, times would be spelled in another way."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        node.flow_style = False
        pairs = isinstance(node, yaml.MappingNode)
        waiting += [each for pair in node.value for each in pair] if pairs else node.value


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise CannotSave(f"{path} is no text.") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep others from the file, by the lock that kubectl and its relatives know."""
    lock = path.with_name(f"{path.name}.lock")
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            break
        except FileExistsError:
            if time.monotonic() >= deadline:
                raise CannotSave(
                    f"Another program changes {path}. If none does, remove {lock}."
                ) from None
            time.sleep(_PAUSE)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    """Put a text in the place of a file, whole or not at all. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    new = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            with suppress(FileNotFoundError):
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
