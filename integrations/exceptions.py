"""What goes wrong between us and a platform. The messages are fit for staff."""

from core.exceptions import RuleBroken
from core.exceptions import Unreadable as Unreadable  # noqa: PLC0414  (handed on: platforms raise and catch it as one of these)


class InvalidSignature(Exception):
    """The sender did not prove who it is; answered 401, and nothing is kept. The message is the answer's detail."""


class NoSignature(InvalidSignature):
    """There is no proof at all, or none that could be one; no key would change that."""


class SignedAhead(NoSignature):
    """A good signature of a time that is still to come: this host's clock is wrong, or the sender's."""


class InvalidChallenge(Exception):
    """What came is no challenge that is answered. The message is the answer's detail."""


class KeysUnavailable(Exception):
    """The accounts' keys could not be read yet, so nobody's proof can be judged."""


class AccountProblem(Exception):
    """An account cannot be added, changed or found. The message says what to do."""


class EventNotReplayable(RuleBroken):
    """The event is not set aside, or not in a way that this helps against."""

    def __init__(self) -> None:
        super().__init__(
            "Only what was quarantined, ignored or given up can be taken in again; what is done needs no drop."
        )


class EventMovedOn(RuleBroken):
    """The event no longer stands as it was seen: somebody else, or an earlier press, has dealt with it."""

    def __init__(self) -> None:
        super().__init__("It has been dealt with meanwhile. Look at it again before you decide.")


class ReasonMissing(RuleBroken):
    """What is dropped is dropped for a reason."""

    def __init__(self) -> None:
        super().__init__("Write why it may be dropped: colleagues will ask.")


class SubscriptionProblem(Exception):
    """A subscription cannot be made, changed or found. The message says what to do."""


class ChatError(Exception):
    """The chat page asked for something that cannot be. The message is for the visitor."""

    status = 422
    retry_after: int | None = None


class PageGone(ChatError):
    """No account has this key."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This chat does not exist any more.")


class SiteNotListed(ChatError):
    """A page of another site asks, and it is none of the account's."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This chat may not be used from this site.")


class PictureGone(ChatError):
    """The visitor's conversation has no such picture."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This picture is not here any more.")


class VisitorUnknown(ChatError):
    """The token proves nobody."""

    status = 401

    def __init__(self) -> None:
        super().__init__("This chat has ended. Begin a new one.")


class TextMissing(ChatError):
    """There is nothing to send."""

    def __init__(self) -> None:
        super().__init__("Write something first.")


class TooMuchText(ChatError):
    """The text is too long."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"A message has at most {limit:,} characters. Send it in parts.")


class FieldWrong(ChatError):
    """A field is not what it must be."""

    def __init__(self, name: str, wanted: str) -> None:
        super().__init__(f"{name} must be {wanted}.")


class TooManyRequests(ChatError):
    """Too much at once; ``retry_after`` in seconds."""

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)
