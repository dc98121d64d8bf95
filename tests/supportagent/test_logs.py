"""What a line of the log holds, whichever logger wrote it."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from core.following import following
from core.redaction import redact
from supportagent import logs

SENTENCE = "Ada <ada@example.org> rang from +49 171 2345678 and paid by 4111 1111 1111 1111"


@pytest.fixture(params=["plain", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the handler of each style writes, from whatever logger."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter(request.param))
    handler.name = request.param
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.mark.parametrize(
    "logger", ["agent.services.turns", "django.request", "celery.worker", "httpx2", "someone.elses"]
)
def test_every_logger_is_masked(written: io.StringIO, logger: str) -> None:
    logging.getLogger(logger).error("%s with %s", SENTENCE, {"access_token": "act.0123456789"})

    line = written.getvalue()
    assert "[e-mail]" in line
    for secret in ("ada@", "2345678", "4111", "0123456789"):
        assert secret not in line


def test_an_exception_and_what_is_bound_are_masked(written: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(visitor="ada@example.org")
    try:
        int(SENTENCE)
    except ValueError:
        logging.getLogger("agent").exception("It failed for %s", "ada@example.org")
    finally:
        structlog.contextvars.unbind_contextvars("visitor")

    line = written.getvalue()
    assert "ValueError" in line
    assert "ada@" not in line
    assert "4111" not in line


def test_the_id_by_which_a_message_is_followed_stays_whatever_it_looks_like(written: io.StringIO) -> None:
    alike = "ab12" * 8
    assert redact(alike) != alike

    with following([alike, "another"]):
        logging.getLogger("agent").error("%s", SENTENCE)

    line = written.getvalue()
    assert f"{alike},another" in line
    assert "[e-mail]" in line


def test_a_line_for_machines_stays_json() -> None:
    formatter = logs.formatter("json")
    record = logging.LogRecord(
        "agent", logging.ERROR, __file__, 1, 'said "%s", {"token": "%s"}', (SENTENCE, "abcdefghij"), None
    )

    line = json.loads(formatter.format(record))

    assert line["event"] == 'said "Ada <[e-mail]> rang from [phone] and paid by [card]", {"token": "[secret]"}'
    assert line["level"] == "error"
    assert line["timestamp"].endswith("Z")


def test_a_full_disk_costs_lines_that_are_counted_and_nothing_else() -> None:
    before = logs.dropped._value.get()
    with io.TextIOWrapper(Path("/dev/full").open("wb", buffering=0), write_through=True) as full:
        handler = logs.Handler(full)
        handler.handle(logging.LogRecord("someone", logging.WARNING, "", 0, "A line.", None, None))

        assert logs.dropped._value.get() == before + 1
