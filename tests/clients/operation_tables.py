"""The operation tables of the official SDKs, each read from the SDK that its program is built with.

An operation's shape is its method and path, parameters without their names.
"""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate import official, shape
from tests.clients.client_programs import GO, JAVA, NODE, PYTHON, Language

_GO = re.compile(
    r"func GenReqDefFor(\w+)\(\).*?WithMethod\(http\.Method(\w+)\)\.\s*WithPath\(\"([^\"]+)\"\)",
    re.DOTALL,
)
_JAVA = re.compile(
    r"Field com/huaweicloud/sdk/core/http/HttpMethod\.(\w+):.*?// String (\w+)\n"
    r".*?withName.*?// String (/\S*)\n.*?withUri",
    re.DOTALL,
)
_NODE = re.compile(
    r"\n +(\w+): function \(\w*\) {\s*var options = {\s*method: \"(\w+)\",\s*url: \"([^\"]+)\""
)


def _python() -> dict[str, str]:
    return {each.name: each.shape for each in official()}


def _go() -> dict[str, str]:
    package = "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cce/v3"
    command = ["go", "list", "-json=Dir", package]
    told = subprocess.run(command, cwd=GO.built(), check=True, capture_output=True).stdout
    source = (Path(json.loads(told)["Dir"]) / "cce_meta.go").read_text()
    return {name: shape(method.upper(), path) for name, method, path in _GO.findall(source)}


def _java() -> dict[str, str]:
    [jar] = (JAVA.built() / "lib").glob("huaweicloud-sdk-cce-*.jar")
    command = ["javap", "-cp", str(jar), "-c", "-p", "com.huaweicloud.sdk.cce.v3.CceMeta"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name: shape(method, path) for method, name, path in _JAVA.findall(told)}


def _node() -> dict[str, str]:
    package = NODE.built() / "node_modules" / "@huaweicloud" / "huaweicloud-sdk-cce"
    source = (package / "v3" / "CceClient.js").read_text()
    return {
        name[0].upper() + name[1:]: shape(method, path)
        for name, method, path in _NODE.findall(source)
    }


_READERS: Mapping[str, Callable[[], dict[str, str]]] = {
    PYTHON.name: _python,
    GO.name: _go,
    JAVA.name: _java,
    NODE.name: _node,
}


def table(language: Language) -> dict[str, str]:
    """The shape of every operation of an SDK, by its name. Skips where its tools are missing."""
    return _READERS[language.name]()
