"""How long something was away, on a clock that nobody sets."""

import time


class Outage:
    """How long one kind of transaction was impossible, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.since: float | None = None
        """When the present outage began; None outside one."""
        self._past = 0.0

    def begin(self) -> None:
        """Note that the database was found away."""
        if self.since is None:
            self.since = time.monotonic()

    def end(self) -> None:
        """Note that the database did what it was asked."""
        if self.since is not None:
            self._past, self.since = self.seconds(), None

    def seconds(self) -> float:
        """The length of all outages, the present one included."""
        return self._past + (time.monotonic() - self.since if self.since is not None else 0.0)
