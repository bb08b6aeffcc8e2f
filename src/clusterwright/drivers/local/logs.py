"""Logs of components: files that their writers append to, of which two are kept.

A log that has become long is copied and then emptied under its writer, which goes on at the start:
a program that was started long ago cannot be told to open another file. What is written between the
two is lost, which is less than a line in most cases.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TAIL = 32 * 1024
_LONGEST_LINE = 300
_GAVE_UP = re.compile(r"(panic|fatal error): ")
LONGEST = 8 * 1024 * 1024
"""Bytes of a log before it becomes the older one of two."""


def older(log: Path) -> Path:
    """Where the older part of a log is kept."""
    return log.with_suffix(".log.1")


def rotate(log: Path) -> None:
    """Keep a long log as the older one of two. Raises OSError."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LONGEST:
            # Under another name first: who reads meanwhile finds the whole of it, or the last one.
            copy = log.with_suffix(".log.new")
            copy.write_bytes(log.read_bytes())
            copy.replace(older(log))
            os.truncate(log, 0)


def last_words(log: Path) -> str:
    """What a program said at last that a person can use: not where in its own code it ended."""
    lines = _from(log, max(_size(log) - _TAIL, 0)).decode("utf-8", "replace").strip().splitlines()
    if lines and lines[-1].startswith("\t"):  # the end of a trace
        given_up = [n for n, line in enumerate(lines) if _GAVE_UP.match(line)]
        if given_up and given_up[-1] and _told(lines[given_up[-1] - 1]):
            del lines[given_up[-1] :]  # the line before it tells the reason too
        elif given_up:
            del lines[given_up[-1] + 1 :]
    return (_told(lines[-1]) or lines[-1])[:_LONGEST_LINE] if lines else "nothing."


def _told(line: str) -> str:
    """The message and the reason of a line that is JSON; empty for any other."""
    try:
        found = json.loads(line)
        said = [str(found["msg"]), str(found.get("error", ""))]
    except (ValueError, TypeError, KeyError):
        return ""
    return ": ".join(filter(None, said))


class Reader:
    """Reads a log from its beginning and then on, also when it is rotated in between."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._place = 0
        self._begun = b""
        self._first = True

    def lines(self) -> Iterator[str]:
        """The whole lines that were written since the last time, or ever, the first time."""
        if self._first:
            self._first = False
            yield from self._split(_from(older(self._log), 0))
        if _size(self._log) < self._place:
            # It was emptied. What we had not read yet is at the same place of the copy.
            yield from self._split(_from(older(self._log), self._place))
            self._place = 0
        new = _from(self._log, self._place)
        self._place += len(new)
        yield from self._split(new)

    def rest(self) -> Iterator[str]:
        """What there is of a last line without an end."""
        if self._begun:
            yield self._begun.decode("utf-8", "replace")
            self._begun = b""

    def _split(self, new: bytes) -> Iterator[str]:
        *whole, self._begun = (self._begun + new).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")


def _from(path: Path, place: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(place)
            return file.read()
    except FileNotFoundError:
        return b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
