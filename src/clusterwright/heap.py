"""Memory that a server needed for a moment does not stay with it."""

import ctypes
import sys
from contextlib import suppress

LARGE = 1024 * 1024
"""Bytes from which on a block goes back to the system as soon as it is free."""
_MMAP_THRESHOLD = -3
"""What the GNU C library calls it (mallopt(3))."""


def give_back_large_blocks() -> None:
    """Let large blocks be taken from the system one by one, and given back.

    The GNU C library does so until the first of them is free. Then it raises its threshold to that
    one's size, and keeps the next: 24 MiB of each thread that has ever hashed two passwords.
    Other C libraries know no such thing, and nothing happens.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)
