"""The ground's errors. Their messages are fit for the people who see them."""

from datetime import datetime


class SecretUnreadable(Exception):
    """No configured key decrypts a stored secret."""

    def __init__(self) -> None:
        super().__init__("A stored secret cannot be read: put the key it was written with into FIELD_ENCRYPTION_KEYS.")


class RuleBroken(Exception):
    """A rule of the product does not let this be done as things stand. REST answers it with 409."""


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
    """The hour's exports are used up until ``again_at``. REST answers it with 429."""

    def __init__(self, most: int, again_at: datetime) -> None:
        self.again_at = again_at
        super().__init__(f"You can export {most} files an hour. Try again after {again_at:%H:%M} UTC.")


class Unreadable(Exception):
    """Authentic bytes that do not follow the rules. ``code`` is the rule's short name, ``detail`` says where."""

    _SENTENCES = {
        "utf8": "The request is no UTF-8 text",
        "json": "The request is no valid JSON",
        "depth": "The request is nested too deeply",
        "keys": "The request has too many fields",
        "duplicate-key": "The request has a field twice",
        "number": "The request has a number that is too long or none at all",
        "schema": "The request is not what it should be",
    }

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}" if detail else code)

    @property
    def sentence(self) -> str:
        """What to tell the caller."""
        begin = self._SENTENCES.get(self.code, self._SENTENCES["schema"])
        return f"{begin}: {self.detail}." if self.detail else f"{begin}."
