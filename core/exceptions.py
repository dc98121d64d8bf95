"""The ground's errors. Their messages are fit for the people who see them."""

from datetime import datetime


class SecretUnreadable(Exception):
    """No configured key decrypts a stored secret."""

    def __init__(self) -> None:
        super().__init__("A stored secret cannot be read: put the key it was written with into FIELD_ENCRYPTION_KEYS.")


class NotAllowed(Exception):
    """The policy does not let this person or key do this."""


class EgressRefused(Exception):
    """An outgoing request was stopped before a connection was made."""


class AnswerTooLong(Exception):
    """A server answered with more than is read. ``limit`` in bytes."""

    def __init__(self, status: int, limit: int) -> None:
        self.status = status
        super().__init__(f"The answer was longer than {limit:,} bytes, so it was not read to its end.")


class TooManyExports(Exception):
    """The hour's exports are used up."""

    def __init__(self, most: int, again_at: datetime) -> None:
        super().__init__(f"You can export {most} files an hour. Try again after {again_at:%H:%M} UTC.")
