"""One line a record, plain for a person or JSON for a machine, with the request's id on every line of its work."""

import logging
from typing import Any

import structlog

# Libraries that say more than anybody wants to read.
QUIET = ("daphne", "twisted", "celery", "kombu", "httpx2", "httpcore2", "django_celery_beat")


def configuration(*, style: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: everything from ``level`` up to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "supportagent.logs.formatter", "style": style}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
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
    last: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        # The default prints each frame's variables, and those hold customers' words and tokens.
        else structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    )
    chain: list[structlog.types.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        chain.append(structlog.processors.format_exc_info)
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*chain, last])
