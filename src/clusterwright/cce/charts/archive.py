"""Reads a packaged chart that a stranger has sent: what is in it, or why it is not taken.

Nothing is written anywhere and no entry is opened by its name: the archive is read once from front
to back, as a stream that ends after so many bytes, whatever its own headers promise. What is kept
of the project is the archive as it was sent, so what is refused here is met by nobody later.
"""

import io
import json
import math
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import yaml

from clusterwright.document import INTEGERS, MAX_DEPTH, Malformed, decode
from clusterwright.storage import limits

KIB = 1024
MOST_UNPACKED = 32 * KIB * KIB
"""Bytes of a whole archive, unpacked; the largest public charts have some five million."""
MOST_ENTRIES = 5000
MOST_METADATA = 64 * KIB
"""Bytes of Chart.yaml."""
MOST_VALUES = 512 * KIB
"""Bytes of values.yaml, comments and all."""
MOST_NODES = 20_000
"""Scalars, maps and lists of one YAML text, each counted as often as an alias repeats it."""
LONGEST_PATH = 255
LONGEST_NAME = 64
"""Characters of a chart's name, and of its version (API reference, 12.1)."""

# What Helm itself takes for a name, and a version that may leave its patch out.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(
    r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)(\.(0|[1-9]\d*))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII
)
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a chart tells of itself."""

    name: str
    version: str
    description: str
    icon_url: str
    values: str
    """``values.yaml`` as the text of a JSON object."""
    has_readme: bool
    has_templates: bool
    has_values: bool
    is_library: bool


def read(packed: bytes, *, lint: bool = True) -> Chart:
    """What is in a packaged chart.

    Raises Malformed, naming ``content`` and the entry, for whatever is no chart that is safe to
    keep. ``lint`` also wants what a chart cannot be installed without.
    """
    try:
        found = _unpack(packed)
    except (tarfile.TarError, zlib.error, EOFError, UnicodeError, ValueError) as error:
        if isinstance(error, Malformed):
            raise
        raise _refused("Send a packaged chart, a tar archive packed with gzip.") from error
    chart = _described(found)
    if lint and not chart.is_library:
        if not chart.has_templates:
            raise _refused("The chart has no templates/. Add some, or send skip_lint.")
        if not chart.has_values:
            raise _refused("The chart has no values.yaml. Add one, or send skip_lint.")
    return chart


def _refused(rule: str, where: str = "") -> Malformed:
    return Malformed(f"content.{where}" if where else "content", rule)


class _Unpacked(io.RawIOBase):
    """What a gzip file holds, up to a bound, and never more of it at a time than is asked for."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._inflate = zlib.decompressobj(wbits=31)
        self._left = MOST_UNPACKED
        self._begun = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, none at the end. Raises Malformed beyond the bound, EOFError early."""
        wanted = 64 * KIB if size < 0 else size
        if not wanted or self._inflate.eof:
            return b""
        source = self._inflate.unconsumed_tail if self._begun else self._packed
        self._begun = True
        found = self._inflate.decompress(source, wanted)
        if not found and not self._inflate.eof:
            raise EOFError("the archive breaks off")
        self._left -= len(found)
        if self._left < 0:
            raise _refused(f"Unpacked, the archive has more than {MOST_UNPACKED} bytes.")
        return found


def _unpack(packed: bytes) -> dict[str, bytes]:
    """The contents of the files that are looked into, and the names of all others, by path."""
    stream = _Unpacked(packed)
    found: dict[str, bytes] = {}
    top = ""
    with tarfile.open(fileobj=stream, mode="r|", errorlevel=2) as archive:
        for count, entry in enumerate(archive, 1):
            if count > MOST_ENTRIES:
                raise _refused(f"The archive has more than {MOST_ENTRIES} entries.")
            path = _path(entry.name)
            shown = str(path)[:LONGEST_PATH]
            if entry.isdir():
                continue
            if entry.type not in _PLAIN or entry.issparse():
                raise _refused("Only plain files and folders may be in a chart.", shown)
            if len(path.parts) < 2:
                raise _refused("Every file must lie in the chart's folder.", shown)
            if top not in ("", path.parts[0]):
                raise _refused(f"Every file must lie in the one folder {top}.", shown)
            top = path.parts[0]
            inside = "/".join(path.parts[1:])
            if inside in found:
                raise _refused("The archive has this file twice.", shown)
            found[inside] = _content(archive, entry, inside)
    while stream.read():  # what follows the last entry is checked as well
        pass
    return found


def _path(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        raise _refused(f"{name[:100]!r} leads out of the chart's folder.")
    if len(name.encode()) > LONGEST_PATH:
        raise _refused(f"{name[:100]!r}… is longer than {LONGEST_PATH} bytes.")
    return path


_LOOKED_INTO = {"Chart.yaml": MOST_METADATA, "values.yaml": MOST_VALUES}


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo, inside: str) -> bytes:
    most = _LOOKED_INTO.get(inside)
    if most is None:
        return b""
    if entry.size > most:
        raise _refused(f"At most {most} bytes are taken, and this has {entry.size}.", inside)
    file = archive.extractfile(entry)
    assert file is not None  # a plain file
    return file.read()


def _described(found: dict[str, bytes]) -> Chart:
    if "Chart.yaml" not in found:
        raise _refused("The chart has no Chart.yaml.")
    told = _yaml(found["Chart.yaml"], "Chart.yaml")
    if _text(told, "apiVersion", 8) not in ("v1", "v2"):
        raise _refused("Write v1 or v2.", "Chart.yaml.apiVersion")
    name = _text(told, "name", LONGEST_NAME)
    if not _NAME.fullmatch(name):
        raise _refused(
            "Write letters, digits, dots, hyphens and underscores, the first and the last a letter"
            " or a digit.",
            "Chart.yaml.name",
        )
    version = _text(told, "version", LONGEST_NAME)
    if not _VERSION.fullmatch(version):
        raise _refused("Write a semantic version such as 1.2.3.", "Chart.yaml.version")
    kind = _text(told, "type", 32) or "application"
    if kind not in ("application", "library"):
        raise _refused("Write application or library.", "Chart.yaml.type")
    values = json.dumps(_yaml(found.get("values.yaml", b""), "values.yaml"), ensure_ascii=False)
    if (size := len(values.encode())) > limits.CHART_VALUES:
        raise _refused(
            f"At most {limits.CHART_VALUES} bytes of JSON are kept, and this makes {size}.",
            "values.yaml",
        )
    _check(values, "values.yaml")
    return Chart(
        name=name,
        version=version,
        description=_text(told, "description", 4 * KIB),
        icon_url=_text(told, "icon", 2 * KIB),
        values=values,
        has_readme="README.md" in found,
        has_templates=any(path.startswith("templates/") for path in found),
        has_values="values.yaml" in found,
        is_library=kind == "library",
    )


def _text(told: dict[str, Any], name: str, most: int) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _refused("Write text, in quotes where it looks like a number.", f"Chart.yaml.{name}")
    if len(value.encode()) > most:
        raise _refused(f"Write at most {most} bytes.", f"Chart.yaml.{name}")
    _check(json.dumps(value), f"Chart.yaml.{name}")
    return value


def _check(text: str, where: str) -> None:
    """Refuse what no body of a request could hold either."""
    try:
        decode(text.encode())
    except Malformed as error:
        inside = f"{where}.{error.field}" if error.field else where
        raise _refused(error.rule, inside) from error


_DIGITS = list("-+.0123456789")
_INTEGER = r"[-+]?(0[0-7_]*|[1-9][0-9_]*|0x[0-9a-fA-F_]+)\Z"
_FLOAT = (
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN)\Z"
)


_LONGEST_INTEGER = 128
"""Characters of a whole number, which 64 binary digits and their underscores do not reach."""


@cache
def _loader(where: str) -> "type[yaml.CSafeLoader]":
    """YAML as Helm reads it: no times and no numbers of base 60, both of which JSON lacks."""

    class Loader(yaml.CSafeLoader):
        merged = 0

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            # Merged maps hold copies of their entries, which multiply as aliases of aliases do.
            super().flatten_mapping(node)
            self.merged += len(node.value)
            if self.merged > MOST_NODES:
                raise _refused(f"This has more than {MOST_NODES} values, merged ones too.", where)

    def integer(loader: Loader, node: yaml.ScalarNode) -> int:
        # Refused here, because Python takes long to read some, and writes none that are too long.
        text: str = loader.construct_scalar(node)
        found = loader.construct_yaml_int(node) if len(text) <= _LONGEST_INTEGER else None
        if found is None or found not in INTEGERS:
            line = node.start_mark.line + 1
            raise _refused(f"Line {line}: The number does not fit 64 bits.", where)
        return found

    Loader.yaml_implicit_resolvers = {
        first: [
            (tag, rule) for tag, rule in rules if not tag.endswith((":timestamp", ":int", ":float"))
        ]
        for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_constructor("tag:yaml.org,2002:int", integer)
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(_INTEGER), _DIGITS)
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(_FLOAT), _DIGITS)
    return Loader


_UNREADABLE = (
    *(yaml.YAMLError, ValueError, OverflowError, RecursionError),
    # What the library trips over where a scalar is none of the type that its tag says.
    *(LookupError, AttributeError, TypeError),
)


def _yaml(raw: bytes, where: str) -> dict[str, Any]:
    """The mapping of a YAML text, made of what JSON knows. Raises Malformed."""
    try:
        text = raw.decode()
        _check_depth(text, where)
        value = yaml.load(text, Loader=_loader(where))  # a safe one, made above
    except Malformed:
        raise
    except _UNREADABLE as error:
        raise _refused("This is no YAML that could be JSON.", where) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refused("Write a mapping.", where)
    counter = iter(range(MOST_NODES))
    plain: dict[str, Any] = _plain(value, where, counter, 0)
    return plain


def _check_depth(text: str, where: str) -> None:
    """Refuse deep nesting before anything recursive meets it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _refused(f"This is nested deeper than {MAX_DEPTH} levels.", where)


def _plain(value: Any, where: str, counter: Iterator[int], depth: int) -> Any:
    """The same value with keys of text. An alias that repeats itself without end is found here."""
    if depth > MAX_DEPTH or next(counter, None) is None:
        raise _refused(f"This has more than {MOST_NODES} values, or nests too deeply.", where)
    if isinstance(value, dict):
        return {
            _key(key, where): _plain(each, where, counter, depth + 1) for key, each in value.items()
        }
    if isinstance(value, list):
        return [_plain(each, where, counter, depth + 1) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused("JSON has no infinities.", where)
    if value is None or isinstance(value, str | int | float):
        return value
    raise _refused("Binary data and sets are not JSON.", where)


def _key(key: Any, where: str) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool | int | float) or key is None:
        return json.dumps(key)
    raise _refused("A key must be text.", where)
