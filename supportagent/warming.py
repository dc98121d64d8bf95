"""The engine, loaded before the first customer waits for it: in every process that answers, from its start on."""

import logging
import threading

from django.db import connections

from agent.tasks import warm_up

logger = logging.getLogger(__name__)


def load_the_engine() -> None:
    """Load it; where that fails, the first message tries again, and until then people can work."""
    try:
        warm_up()
    except Exception:
        logger.exception("The engine could not be loaded yet.")


def load_the_engine_meanwhile() -> threading.Thread:
    """The same beside whatever the process begins with, such as sends that were under way."""
    thread = threading.Thread(target=_load_and_let_go, name="engine", daemon=True)
    thread.start()
    return thread


def _load_and_let_go() -> None:
    try:
        load_the_engine()
    finally:
        connections.close_all()
