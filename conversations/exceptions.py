"""The rules of a conversation, as errors. Their messages are fit for staff; DRF answers them with 409."""

from core.exceptions import RuleBroken
from core.pictures import megabytes


class ConversationError(RuleBroken):
    """A rule of the conversation was broken."""


class ConversationClosed(ConversationError):
    """Nobody writes in a closed conversation."""

    def __init__(self) -> None:
        super().__init__("This conversation is closed. Reopen it to write.")


class ForPeople(ConversationError):
    """Only a person may do this, and not a key."""

    def __init__(self) -> None:
        super().__init__("Only a person can do this: call it in the session of somebody who is signed in.")


class CustomerErased(ConversationError):
    """The customer asked to be forgotten."""

    def __init__(self) -> None:
        super().__init__("This customer was erased, so there is nobody to write to.")


class OwnedByColleague(ConversationError):
    """Somebody else answers this customer."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        super().__init__(f"{owner} is answering this customer. Leave a note, or take over with a reason.")


class CustomerWroteMeanwhile(ConversationError):
    """The customer wrote after the writer last looked."""

    def __init__(self, last_seq: int) -> None:
        self.last_seq = last_seq
        super().__init__("The customer wrote something new while you were writing. Read it, then send again.")


class NothingToWrite(ConversationError):
    """The text is empty."""

    def __init__(self) -> None:
        super().__init__("Write something first: an empty message is not sent.")


class TextTooLong(ConversationError):
    """The text is longer than the channel carries."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"This channel carries at most {limit:,} characters. Shorten the text or send it in parts.")


class NoPictures(ConversationError):
    """The channel takes no pictures."""

    def __init__(self) -> None:
        super().__init__("This channel takes no pictures. Say it in words.")


class PictureTooLarge(ConversationError):
    """The picture's file is larger than the channel takes. Both sizes in bytes."""

    def __init__(self, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(
            f"This picture is {megabytes(size)}; this channel takes up to {megabytes(limit)}. Choose a smaller one."
        )


class NotAPicture(ConversationError):
    """The file is of another kind than the channels take, whatever it is called."""

    def __init__(self) -> None:
        super().__init__("Only JPG and PNG pictures can be sent. Save it as one of these, then choose it again.")


class PictureDamaged(ConversationError):
    """The file begins like a picture and cannot be one."""

    def __init__(self) -> None:
        super().__init__("This picture is damaged or incomplete. Open it to see, then choose another file.")


class WindowClosed(ConversationError):
    """The platform does not let the business write now."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


class DeliveryNotDecidable(ConversationError):
    """The delivery is not waiting for a person's decision."""

    def __init__(self) -> None:
        super().__init__("This message is no longer waiting for a decision.")


class PromiseInThePast(ConversationError):
    """A promise is to be kept at a time to come."""

    def __init__(self) -> None:
        super().__init__("Choose a time to come: by when is this promised?")


class PromiseEnded(ConversationError):
    """Somebody has said already what became of the promise."""

    def __init__(self) -> None:
        super().__init__("It was said already what became of this promise.")
