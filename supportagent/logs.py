"""One line a record, plain for a person or JSON for a machine, with the request's id on every line of its work.

Whatever logger a record comes from, what it says about people and secrets is masked before it is written.
"""

import logging
import sys
from typing import Any, TextIO

import structlog
from prometheus_client import Counter

from core.redaction import redact, redact_values

# Whoever tells the process's figures registers it.
dropped = Counter("log_lines_dropped_total", "Lines that could not be written; the work went on.", registry=None)

# Libraries that say more than anybody wants to read.
QUIET = ("daphne", "twisted", "celery", "kombu", "httpx2", "httpcore2", "django_celery_beat")


class Handler(logging.StreamHandler[TextIO]):
    """Writes to standard error. A full disk costs lines, which are counted, and nothing else."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (the library's name)
        """Count a line that could not be written; where the line itself is at fault, say so as the library does."""
        if isinstance(sys.exc_info()[1], OSError):
            dropped.inc()
        else:
            super().handleError(record)


def configuration(*, style: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: everything from ``level`` up to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "supportagent.logs.formatter", "style": style}},
        "handlers": {"stderr": {"class": "supportagent.logs.Handler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"django.request": {"level": "ERROR"}} | {name: {"level": "WARNING"} for name in QUIET},
    }


def formatter(style: str) -> logging.Formatter:
    """A formatter: ``plain`` or ``json``."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    chain: list[structlog.types.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        chain += [structlog.processors.format_exc_info, _mask_values, structlog.processors.JSONRenderer()]
    else:
        # The default prints each frame's variables, and those hold customers' words and tokens.
        plain = structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
        chain += [lambda logger, name, event: redact(str(plain(logger, name, event)))]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=chain)


def _mask_values(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Every value of the line masked; the time is ours and stays."""
    return {name: value if name == "timestamp" else redact_values(value) for name, value in event.items()}
