"""Where somebody is in the events of a project, as a text to go on from later.

On PostgreSQL a *snapshot* tells which transactions had ended when somebody looked: what it does not
see is what comes next, in whatever order transactions end. On SQLite, where ids are in the order of
commits, the same numbers stand for ids.
"""

import re
from dataclasses import dataclass

_NUMBER = "[0-9]{1,18}"
_SNAPSHOT = re.compile(f"({_NUMBER}):({_NUMBER}):((?:{_NUMBER}(?:,{_NUMBER}){{0,999}})?)")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which numbers were over: all below ``most``, except those ``at_work``."""

    least: int
    """Everything below was over."""
    most: int
    at_work: tuple[int, ...] = ()

    def __str__(self) -> str:
        """As PostgreSQL writes it."""
        return f"{self.least}:{self.most}:{','.join(map(str, self.at_work))}"


def parse(text: str) -> Snapshot:
    """The snapshot that a text tells. Raises ValueError."""
    found = _SNAPSHOT.fullmatch(text)
    if found is None:
        raise ValueError("no snapshot")
    at_work = tuple(int(number) for number in found[3].split(",") if number)
    snapshot = Snapshot(int(found[1]), int(found[2]), at_work)
    if snapshot.least > snapshot.most or any(
        not snapshot.least <= number < snapshot.most for number in at_work
    ):
        raise ValueError("no snapshot")
    return snapshot


def at(number: int) -> Snapshot:
    """What sees everything up to a number, and nothing beyond."""
    return Snapshot(number + 1, number + 1)


@dataclass(frozen=True, slots=True)
class Position:
    """Everything that ``before`` sees has been told, and what ``upto`` sees up to an id."""

    before: Snapshot
    upto: Snapshot
    last: int = 0

    def __str__(self) -> str:
        """The text that clients send back."""
        if self.before == self.upto:
            return str(self.upto)
        return f"{self.before}/{self.upto}/{self.last}"

    @classmethod
    def after(cls, snapshot: Snapshot) -> "Position":
        """Behind everything that a snapshot sees."""
        return cls(snapshot, snapshot)

    @classmethod
    def parse(cls, text: str) -> "Position":
        """The position that a text tells. Raises ValueError."""
        before, *rest = text.split("/")
        if not rest:
            return cls.after(parse(before))
        upto, last = rest
        if not re.fullmatch(_NUMBER, last):
            raise ValueError("no position")
        return cls(parse(before), parse(upto), int(last))
