"""A terminal as a program sees it."""

import fcntl
import os
import struct
import termios


def sized(terminal: int, *, columns: int, rows: int = 24) -> None:
    """Give a terminal its size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def everything(terminal: int) -> str:
    """What a terminal shows until nobody writes to it any more."""
    seen = b""
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        while True:
            try:
                part = screen.read(4096)
            except OSError:  # Linux's way to say that the last writer has left
                return seen.decode()
            if not part:
                return seen.decode()
            seen += part
