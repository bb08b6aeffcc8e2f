"""What objects keep in memory: what is gone from the world should be gone from there as well."""

import asyncio
import gc
import types
from typing import Any, TypeVar

T = TypeVar("T")

_ELSEWHERE = (type, types.ModuleType, types.FunctionType, asyncio.AbstractEventLoop)
"""What leads to the whole process."""


def all_of(kind: type[T]) -> list[T]:
    """Everything of a kind that this process has."""
    return [each for each in gc.get_objects() if isinstance(each, kind)]


def is_kept(text: str, *roots: Any) -> bool:
    """Whether a text is kept by these objects, or by what they keep."""
    seen: set[int] = set()
    left = list(roots)
    while left:
        found = left.pop()
        if id(found) in seen or isinstance(found, _ELSEWHERE):
            continue
        seen.add(id(found))
        if isinstance(found, str) and text in found:
            return True
        left += gc.get_referents(found)
        if isinstance(found, dict):
            left += found.keys()  # the collector passes over keys that are texts
    return False
