"""When a server ends: a signal asks for it, a second hurries it, a clock has the last word."""

import asyncio
import logging
import os
import signal
import threading

log = logging.getLogger(__name__)

_RESERVE = 3.0
"""Seconds of the grace that are left when requests have had theirs, and all of it in a hurry."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def die_quietly() -> None:
    """Until somebody listens for signals, let an interrupt end the process without a trace."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ignore_signals() -> None:
    """Let nothing interrupt the last steps of a process that ends anyway."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class Stop:
    """The wish that this process ends, as signals bring it."""

    def __init__(self, grace: float) -> None:
        """Listen for signals from now on, in the running loop."""
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()
        self._grace = grace
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._arrived, number)

    @property
    def drain_seconds(self) -> float:
        """How much of the grace requests may use; the rest is for what they stand on."""
        return max(self._grace - _RESERVE, self._grace / 2)

    def _arrived(self, number: signal.Signals) -> None:
        if not self.asked.is_set():
            log.info("stopping", extra={"signal": number.name, "grace": self._grace})
            self.asked.set()
            _end_after(self._grace)
        elif not self.hurried.is_set():
            log.info("stopping at once", extra={"signal": number.name})
            self.hurried.set()
            _end_after(_RESERVE)


def _end_after(seconds: float) -> None:
    """End the process in so many seconds if it is still there.

    Jobs go on at the next start, as after any crash.
    """
    # A thread, because what hangs may be the loop.
    clock = threading.Timer(seconds, _end)
    clock.daemon = True
    clock.start()


def _end() -> None:
    log.warning("ending without waiting any longer")
    os._exit(0)
