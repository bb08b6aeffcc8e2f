"""What operators read: one line per thing that happened, its facts as fields."""

import logging

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


def configure(level: str) -> None:
    """Send every log line of this process, the engine's included, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldsFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Alembic tells each plugin it loads, and the engine each request of its own.
    for noisy in ("alembic", "dbos"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
