"""What operators read: one line per thing that happened, its facts as fields.

Lines are never dropped, because clients are told to look for them; only their traces are, when the
same one comes again and again.
"""

import logging
import threading
import time
from dataclasses import dataclass
from types import TracebackType

TRACES = 3
"""How often the same trace is written in one period."""
PERIOD = 60.0
"""Seconds."""
_KINDS = 1000
"""How many different traces are remembered."""
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FieldsFormatter(logging.Formatter):
    """Time, level, logger and message, then every fact of ``extra`` as ``name=value``."""

    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """The line without its trace, facts appended; line breaks in facts are shown as escapes."""
        facts = ((k, v) for k, v in vars(record).items() if k not in _ORDINARY)
        shown = "".join(f" {name}={_shown(value)}" for name, value in facts)
        return super().formatMessage(record) + shown


def _shown(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)


@dataclass(slots=True)
class _Seen:
    since: float
    written: int = 0
    held_back: int = 0


class TraceLimit(logging.Filter):
    """Takes the trace from a line when the same one was written a few times lately.

    Traces are the same that show the same type of exception, raised in the same line. The next one
    that is written tells how many were held back since.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[object, _Seen] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """True always: the line is written, with its trace or without."""
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, trace = record.exc_info
            with self._lock:
                seen = self._entry((kind, _innermost(trace)), time.monotonic())
                if seen.written < TRACES:
                    seen.written += 1
                    if seen.held_back:
                        record.traces_held_back = seen.held_back
                        seen.held_back = 0
                else:
                    seen.held_back += 1
                    record.exc_info, record.exc_text = None, None
                    record.error = f"{kind.__name__}: {error}".partition("\n")[0]
        return True

    def _entry(self, key: object, now: float) -> _Seen:
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _KINDS:
                del self._seen[next(iter(self._seen))]
            seen = self._seen[key] = _Seen(now)
        elif now - seen.since >= PERIOD:
            seen.since, seen.written = now, 0
        return seen


def _innermost(trace: TracebackType | None) -> object:
    """Where an exception was raised."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace and (trace.tb_frame.f_code, trace.tb_lineno)


def configure(level: str) -> None:
    """Send every log line of this process, the engine's included, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldsFormatter())
    handler.addFilter(TraceLimit())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Alembic tells each plugin it loads, the engine each request of its own, and the HTTP client
    # each of ours with its whole address, in which a receiver of webhooks may have a secret.
    for noisy in ("alembic", "dbos", "httpx"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
