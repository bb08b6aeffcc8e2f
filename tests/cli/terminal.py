"""A terminal as a program sees it."""

import fcntl
import os
import re
import struct
import termios


def sized(terminal: int, *, columns: int, rows: int = 24) -> None:
    """Give a terminal its size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def plain(shown: str) -> str:
    """What is shown, without its colours and movements."""
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown)


def until_shown(terminal: int, pattern: str) -> str:
    """Wait until a terminal has shown something. Returns all that it has shown. Raises OSError."""
    seen = b""
    while not re.search(pattern, plain(seen.decode(errors="ignore"))):
        seen += os.read(terminal, 4096)
    return seen.decode(errors="ignore")


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
