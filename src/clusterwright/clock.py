"""The present and its written forms. A moment is an int: nanoseconds since 1970."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def now() -> int:
    """The present as nanoseconds since 1970."""
    return time.time_ns()


@lru_cache(maxsize=8192)  # what is read again and again tells the same times
def timestamp(nanoseconds: int) -> str:
    """A time in UTC as Go prints it: up to nine digits of fraction (API reference, 1.2)."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{_second(seconds)}{fraction} +0000 UTC"


@lru_cache(maxsize=4096)
def _second(number: int) -> str:
    """A second in UTC: documents name the same ones many times."""
    return f"{datetime.fromtimestamp(number, UTC):%Y-%m-%d %H:%M:%S}"


def rfc3339(nanoseconds: int) -> str:
    """A time as Keystone writes it: RFC 3339, UTC, six digits of fraction (reference 2.1)."""
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(whole).replace(' ', 'T')}.{rest // 1000:06d}Z"


def seconds(nanoseconds: int) -> str:
    """A time as managers of add-ons and charts write it: in whole seconds (API reference, 1.2)."""
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def since(written: str) -> int:
    """The whole seconds since a time that ``seconds`` wrote."""
    return max(0, now() // 1_000_000_000 - int(datetime.fromisoformat(written).timestamp()))


def minutes(count: float) -> float:
    """A duration in seconds."""
    return count * 60
