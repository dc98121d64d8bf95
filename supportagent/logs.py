"""One line a record, plain for a person or JSON for a machine, with the request's id on every line of its work.

Whatever logger a record comes from, what it says about people and secrets is masked before it is written. The id is ours and is
looked for, so it stays: one in twenty looks like the number of a bank account.
"""

import logging
import re
import sys
from typing import Any, TextIO

import structlog
from prometheus_client import Counter

from core.following import NAME
from core.redaction import redact, redact_values

# Whoever tells the process's figures registers it.
dropped = Counter("log_lines_dropped_total", "Lines that could not be written; the work went on.", registry=None)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Stands for the id while a line is masked. No word of the line has it: it was escaped there.
_PLACE = "\x00"
OURS = frozenset({"timestamp", NAME})

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
        chain += [_escape, lambda logger, name, event: _masked(plain, logger, name, event)]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=chain)


def _escape(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """The line without what would begin another or be an order to a terminal: its values may be a stranger's words."""
    escaped = {name: _CONTROL.sub(_spelled, value) for name, value in event.items() if isinstance(value, str)}
    return {**event, **escaped}


def _spelled(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


def _masked(plain: structlog.dev.ConsoleRenderer, logger: Any, name: str, event: structlog.types.EventDict) -> str:
    """The line as a person reads it, masked whole but for the request's id."""
    request_id = str(event.get(NAME, ""))
    line = redact(str(plain(logger, name, {**event, NAME: _PLACE} if request_id else event)))
    return line.replace(_PLACE, request_id)


def _mask_values(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Every value of the line masked; the time and the request's id are ours and stay."""
    return {name: value if name in OURS else redact_values(value) for name, value in event.items()}
