"""Imports packages whose names are imported only when they are asked for.

The official SDK keeps each of a thousand classes in a module of its own, and its packages import
all of them: a third of what a command takes that needs five.
"""

import re
import sys
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_IMPORT = re.compile(r"^from ([\w.]+) import (\w+)$")


def import_lazily(name: str) -> ModuleType:
    """The package of that name, with the same public names as ever.

    A package that does more in its ``__init__`` than to say ``from X import Y`` is imported as
    ever, and so is one that somebody has imported already. Raises ModuleNotFoundError.
    """
    spec = find_spec(name)
    origins = _origins(spec, name)
    if name in sys.modules or spec is None or origins is None:
        return import_module(name)
    package = module_from_spec(spec)

    def origin(wanted: str) -> Any:
        if wanted not in origins:
            raise AttributeError(f"module {name!r} has no attribute {wanted!r}")
        found = getattr(import_module(origins[wanted]), wanted)
        setattr(package, wanted, found)
        return found

    # What Python asks a module by (PEP 562).
    vars(package).update(__getattr__=origin, __dir__=lambda: sorted({*vars(package), *origins}))
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(import_module(parent), child, package)
    return package


def _origins(spec: ModuleSpec | None, name: str) -> dict[str, str] | None:
    """The modules of the names that a package imports. None where it does anything else."""
    loader = spec.loader if spec else None
    source = loader.get_source(name) if isinstance(loader, InspectLoader) else None
    if source is None:
        return None
    origins: dict[str, str] = {}
    for line in source.splitlines():
        text = line.partition("#")[0].strip()
        if not text or text == "from __future__ import absolute_import":
            continue
        found = _IMPORT.match(text)
        if found is None or text != line.rstrip():
            return None
        origins[found[2]] = found[1]
    return origins
