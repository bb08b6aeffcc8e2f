"""Whether anything was written since, for whoever keeps copies of what it has read.

It knows the transactions of one process, so it says so only where no other process writes.
"""


class Writes:
    """Counts the writing transactions of a database."""

    def __init__(self, *, are_all: bool) -> None:
        """``are_all``: whether nobody else writes what copies are kept of."""
        self._are_all = are_all
        self._open = 0
        self._ended = 0

    def stamp(self) -> int | None:
        """The same number for as long as nothing is written; None while something may be.

        Any thread may ask. What was read between two equal stamps is still so.
        """
        # In this order: a transaction that comes and goes in between must show in the second.
        if self._open or not self._are_all:
            return None
        return self._ended

    def begin(self) -> None:
        """Something may be written from now on."""
        self._open += 1

    def end(self) -> None:
        """It is written, or never will be."""
        self._ended += 1
        self._open -= 1
