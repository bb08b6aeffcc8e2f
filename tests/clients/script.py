"""Scripts: tables of calls that any client walks through, the same for every client.

A value that an answer is asked for is found by a path, ``spec.subJobs.0.spec.type``; a ``*`` stands
for every item of a list, of which one must fit. ``...`` fits everything that is not empty. What a
call keeps can be written as ``$name`` in the calls after it.
"""

import time
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any, Protocol

from tests.clients.client_programs import Answer
from tests.clients.cluster_walk import PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, and what its answer must be."""

    operation: str
    args: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    shows: Mapping[str, Any] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    """An operation without which the call makes no sense."""
    waits: bool = False
    """Whether to call again until the answer is right."""
    through: Sequence[str] = ()
    """The only words that the first path may show meanwhile; any when there are none."""

    def __str__(self) -> str:
        return self.operation


class Client(Protocol):
    """Whoever can walk through a script."""

    def call(self, operation: str, /, **args: Any) -> Answer:
        """Perform an operation."""


def walk(
    client: Client,
    script: Sequence[Call],
    values: Mapping[str, str],
    *,
    absent: Container[str] = (),
) -> dict[str, str]:
    """Perform every call and check every answer; returns the values with those that were kept.

    Calls of operations that are absent are left out, with the calls that need them.
    """
    kept = dict(values)
    for call in script:
        if call.operation not in absent and call.needs not in absent:
            kept |= perform(client, call, kept)
    return kept


def perform(client: Client, call: Call, values: Mapping[str, str]) -> dict[str, str]:
    """Perform one call, again if it waits, and return what it keeps."""
    operation, args, shows = filled((call.operation, call.args, call.shows), values)
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = client.call(operation, **args)
        kept = {name: next(find(answer.body, path), "") for name, path in call.keeps.items()}
        wrong = dict(_differences(call.status, shows, answer)) or [n for n in kept if not kept[n]]
        if not wrong:
            return kept
        assert call.waits, f"{operation} {args}: {wrong} in {answer}"
        assert time.monotonic() < deadline, f"{operation} {args}: after {PATIENCE} s {wrong}"
        if call.through:
            (found,) = find(answer.body, next(iter(shows)))
            assert found in call.through, f"{operation} {args}: {wrong} in {answer}"
        time.sleep(0.05)


def find(body: Any, path: str) -> Iterator[Any]:
    """Every value at a path."""
    if not path:
        yield body
        return
    key, _, rest = path.partition(".")
    if key == "*":
        for item in body or ():
            yield from find(item, rest)
    elif isinstance(body, list):
        if int(key) < len(body):
            yield from find(body[int(key)], rest)
    elif isinstance(body, Mapping) and key in body:
        yield from find(body[key], rest)


def filled(part: Any, values: Mapping[str, str]) -> Any:
    """The same with every ``$name`` replaced."""
    match part:
        case str():
            return Template(part).substitute(values)
        case Mapping():
            return {filled(key, values): filled(value, values) for key, value in part.items()}
        case list() | tuple():
            return [filled(item, values) for item in part]
        case _:
            return part


def _differences(
    status: int, shows: Mapping[str, Any], answer: Answer
) -> Iterator[tuple[str, Any]]:
    if (answer.ok, answer.status) != (status < 400, status):
        yield "status", answer.status
        return
    for path, wanted in shows.items():
        found = list(find(answer.body, path))
        if not (any(found) if wanted is ... else wanted in found):
            yield path, found
