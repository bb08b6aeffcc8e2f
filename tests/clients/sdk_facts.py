"""``python -m tests.clients.sdk_facts``: what the console's code samples are written from.

For each official SDK: the method and the request class of every operation that is answered, and
for each field of every model that a request can hold its name on the wire, its member in the SDK
and its type. A type is ``[T]`` for a list, ``{T}`` for a map by text, ``*T`` for a pointer, ``#E``
for an enumeration; other words are the language's own.
"""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from huaweicloudsdkcce.v3 import CceClient, model

from clusterwright.app import routes
from docs.generate import shape
from tests.clients.client_programs import GO, JAVA, NODE, PYTHON, Language
from tests.clients.operation_tables import table

FOLDER = Path(__file__).parents[2] / "console" / "src" / "explorer" / "code" / "sdk"
FACTS = Path(__file__).parent / "facts" / "Facts.java"

Fields = dict[str, list[str]]
_WORD = re.compile(r"\w+")
_DOC = re.compile(r":class:`huaweicloudsdkcce\.v3\.(\w+)`")
_GO_METHOD = re.compile(r"func \(c \*CceClient\) (\w+)\(request \*model\.(\w+)\)")
_GO_STRUCT = re.compile(r"^type (\w+) struct {\n(.*?)^}", re.MULTILINE | re.DOTALL)
_GO_FIELD = re.compile(r'^\t(\w+) (.+) `json:"([^",]+)', re.MULTILINE)
_GO_ENUM = re.compile(r"^\t\t(\w+): +(\w+){\n\t\t\tvalue: (.+),$", re.MULTILINE)
_NODE_METHOD = re.compile(r"^    (\w+)\(\w+\?: (\w+)\): Promise", re.MULTILINE)
_NODE_MEMBER = re.compile(
    r"(\w+)\.prototype\.(with\w+) = function \(\w*\) {\s*this\['([^']+)'\]", re.DOTALL
)
_NODE_TYPE = re.compile(r"^    (with\w+)\(\w+: (.+?)\): \w+;", re.MULTILINE)


def _python() -> dict[str, Any]:
    operations = {}
    for name, method in inspect.getmembers(CceClient, inspect.isfunction):
        if found := _DOC.search(method.__doc__ or ""):
            operations[name] = [name, found[1]]
    kinds: dict[str, Any] = dict(inspect.getmembers(model, inspect.isclass))
    models = {
        name: {
            wire: [attribute, _python_type(kind.openapi_types[attribute])]
            for attribute, wire in kind.attribute_map.items()
        }
        for name, kind in kinds.items()
        if hasattr(kind, "openapi_types")
    }
    return {"operations": operations, "models": models}


def _python_type(told: str) -> str:
    if found := re.fullmatch(r"list\[(.+)\]", told):
        return f"[{_python_type(found[1])}]"
    if found := re.fullmatch(r"dict\(str, (.+)\)", told):
        return f"{{{_python_type(found[1])}}}"
    return told


def _java() -> dict[str, Any]:
    command = ["java", "-cp", f"{JAVA.built() / 'lib'}/*", str(FACTS)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    facts: dict[str, Any] = json.loads(told)
    return facts


def _go() -> dict[str, Any]:
    package = "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3"
    command = ["go", "list", "-json=Dir", package]
    told = subprocess.run(command, cwd=GO.built(), check=True, capture_output=True).stdout
    folder = Path(json.loads(told)["Dir"])
    client = (folder / "cce_client.go").read_text()
    models: dict[str, Fields] = {}
    enums: dict[str, dict[str, str]] = {}
    for file in sorted((folder / "model").glob("*.go")):
        source = file.read_text()
        for member, name, value in _GO_ENUM.findall(source):
            enums.setdefault(name, {})[json.loads(value)] = member
        for name, body in _GO_STRUCT.findall(source):
            models[name] = {w: [member, kind] for member, kind, w in _GO_FIELD.findall(body)}
    for fields in models.values():
        for field in fields.values():
            field[1] = _go_type(field[1], enums)
    operations = {name: [name, request] for name, request in _GO_METHOD.findall(client)}
    return {"operations": operations, "models": models, "enums": enums}


def _go_type(told: str, enums: Mapping[str, Any]) -> str:
    if told.startswith("*"):
        return "*" + _go_type(told[1:], enums)
    if told.startswith("[]"):
        return f"[{_go_type(told[2:], enums)}]"
    if told.startswith("map[string]"):
        return f"{{{_go_type(told[11:], enums)}}}"
    return f"#{told}" if told in enums else told


def _node() -> dict[str, Any]:
    package = NODE.built() / "node_modules" / "@huaweicloud" / "huaweicloud-sdk-cce" / "v3"
    operations = {
        name: [name, request]
        for name, request in _NODE_METHOD.findall((package / "CceClient.d.ts").read_text())
    }
    models: dict[str, Fields] = {}
    for file in sorted((package / "model").glob("*.js")):
        types = dict(_NODE_TYPE.findall(file.with_suffix(".d.ts").read_text()))
        for name, member, wire in _NODE_MEMBER.findall(file.read_text()):
            models.setdefault(name, {})[wire] = [member, _node_type(types.get(member, "any"))]
        models.setdefault(file.stem, {})
    return {"operations": operations, "models": models}


def _node_type(told: str) -> str:
    if found := re.fullmatch(r"Array<(.+)>", told):
        return f"[{_node_type(found[1])}]"
    if found := re.fullmatch(r"{ \[key: string\]: (.+); }", told):
        return f"{{{_node_type(found[1])}}}"
    return told


_READERS: Mapping[str, Callable[[], dict[str, Any]]] = {
    PYTHON.name: _python,
    JAVA.name: _java,
    GO.name: _go,
    NODE.name: _node,
}


def _answered() -> Iterator[tuple[str, str, str]]:
    """Shape, path and name of every operation that is described."""
    for path, methods in routes().openapi()["paths"].items():
        for method, operation in methods.items():
            yield shape(method.upper(), path), path, operation["operationId"]


def facts(language: Language) -> dict[str, Any]:
    """What an SDK knows of the operations that are answered. Skips where its tools are missing."""
    read = _READERS[language.name]()
    by_word = {name.replace("_", "").lower(): told for name, told in read["operations"].items()}
    names = {told: name for name, told in table(language).items()}
    operations = {}
    for which, _, ours in _answered():
        theirs = names.get(which, "").replace("_", "").lower()
        if theirs in by_word:
            operations[ours] = by_word[theirs]
    models: dict[str, Fields] = {}
    enums: dict[str, Any] = {}
    open_names = sorted({request for _, request in operations.values()})
    while open_names:
        name = open_names.pop()
        if name in models:
            continue
        models[name] = read["models"][name]
        for _, kind in models[name].values():
            for word in _WORD.findall(kind):
                if word in read["models"] and word not in read.get("enums", {}):
                    open_names.append(word)
                if word in read.get("enums", {}):
                    enums[word] = read["enums"][word]
    return {"operations": operations, "models": models} | ({"enums": enums} if enums else {})


def written(language: Language) -> str:
    """The file of an SDK's facts."""
    return json.dumps(facts(language), indent=0, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the facts of the SDKs that are named, or of all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in (PYTHON, JAVA, GO, NODE):
        if not sys.argv[1:] or language.name in sys.argv[1:]:
            (FOLDER / f"{language.name}.json").write_text(written(language))


if __name__ == "__main__":
    main()
