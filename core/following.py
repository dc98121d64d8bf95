"""One id by which a message is followed through the logs: that of the request that brought it.

The event and the message keep it, and whatever works on them has it in its context, so that each line of that work says it as
``request_id``. What is about several messages has the ids of all, with a comma between.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars, get_contextvars

NAME = "request_id"
HEADER = "X-Request-ID"


def current() -> str:
    """The id, or the ids, of what is worked on here; empty where nothing is followed."""
    return str(get_contextvars().get(NAME, ""))


def kept() -> dict[str, str]:
    """What a row keeps of it among its other particulars; nothing where nothing is followed."""
    followed = current()
    return {NAME: followed} if followed else {}


@contextmanager
def following(ids: Iterable[str]) -> Iterator[None]:
    """Let the block's work be that on what came with these ids, each said once; without any it stays what it was."""
    each = dict.fromkeys(one for several in ids for one in several.split(",") if one)
    if not each:
        yield
        return
    with bound_contextvars(**{NAME: ",".join(each)}):
        yield
