"""``python -m simulator``: starts the platforms' other end on loopback and ends on SIGTERM or Ctrl-C."""

import argparse
import errno
import json
import logging
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

from simulator.app import Simulator
from simulator.settings import InvalidSettings
from simulator.tiktok.apps import InvalidConfig


class CannotStart(Exception):
    """A reason not to start, in one sentence."""


def main(arguments: list[str] | None = None) -> int:
    """Run until told to end; 0 when ended in order, 1 when it could not start."""
    options = _options(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="simulator: %(message)s")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        simulator = _build(options)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    simulator.start()
    sys.stdout.write(f"The TikTok simulator listens on {simulator.base_url}/ (data in {options.data}).\n")
    sys.stdout.flush()
    ended.wait()
    simulator.stop()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="TikTok's other end, on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for the one SQLite file")
    parser.add_argument("--config", type=Path, help="JSON file with apps, scripted and settings")
    return parser.parse_args(arguments)


def _build(options: argparse.Namespace) -> Simulator:
    try:
        return Simulator(host=options.host, port=options.port, data=options.data, config=_config(options.config))
    except (InvalidConfig, InvalidSettings) as error:
        raise CannotStart(f"The file {options.config} cannot be used: {error}") from error
    except sqlite3.Error as error:
        raise CannotStart(f"The data in {options.data} cannot be opened: {error}.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {options.port} on {options.host} is in use; stop what uses it or choose another with --port."
            ) from error
        raise CannotStart(f"The simulator cannot start: {error.strerror or error}.") from error


def _config(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotStart(f"The file {path} cannot be read as JSON: {error}.") from error
    if not isinstance(value, dict):
        raise CannotStart(f"The file {path} must hold a JSON object.")
    return value


if __name__ == "__main__":
    sys.exit(main())
