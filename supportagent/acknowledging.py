"""How a worker acknowledges what it was asked for."""

from typing import Any

from celery.worker.request import Request


class LateRequest(Request):
    """A task that a worker was asked for; that it cannot be acknowledged any more ends nobody.

    Where the broker goes away meanwhile, the channel is closed before the acknowledgement's turn has come, and kombu (5.7)
    answers with an AttributeError, which a worker takes for a mistake of its own and ends for good.
    """

    def __init__(
        self, message: Any, *, connection_errors: tuple[type[Exception], ...] | None = None, **options: Any
    ) -> None:
        super().__init__(message, connection_errors=(*(connection_errors or ()), AttributeError), **options)
