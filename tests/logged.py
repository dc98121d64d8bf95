"""What is written for machines while a test runs."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from supportagent import logs

Line = dict[str, Any]


class Kept(logging.Handler):
    """Keeps each line as a machine would read it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.formatter("json"))
        self.lines: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Where it is written its context is still there."""
        self.lines.append(json.loads(self.format(record)))


@contextmanager
def logged() -> Iterator[list[Line]]:
    """Every line of this process from "info" up, as long as the block runs."""
    handler, root = Kept(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
