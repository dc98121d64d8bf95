"""What goes wrong in the web chat, in words for the visitor."""

from typing import ClassVar


class ChatError(Exception):
    """The chat page asked for something that cannot be. The message is for the visitor; ``code`` is for the page."""

    status = 422
    code = ""
    retry_after: int | None = None


class PageGone(ChatError):
    """No account has this key."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This chat does not exist any more.")


class PictureGone(ChatError):
    """The visitor's conversation has no such picture."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This picture is not here any more.")


class RecordingGone(ChatError):
    """The visitor's conversation has no such recording."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This recording is not here any more.")


class FileGone(ChatError):
    """The visitor's conversation has no such file."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This file is not here any more.")


class OriginRefused(ChatError):
    """The page that asks lies at a site that the account does not list."""

    status = 403
    code = "origin"

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"This chat may not be used on {origin}. Its owner can add this site to the account's origins."
        )


class IdentityRefused(ChatError):
    """What the site says of the visitor is not believed; they may go on as somebody unknown."""

    status = 403


class IdentityWrong(IdentityRefused):
    """The site's token proves nobody. ``reason`` is for the site's developers."""

    code = "identity_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The site could not show who you are: {reason}.")


class IdentityExpired(IdentityRefused):
    """The site's token was good once."""

    code = "identity_expired"

    def __init__(self) -> None:
        super().__init__("The site's word on who you are is too old. Load the page again.")


class IdentityMissing(ChatError):
    """Only visitors whom the site knows may write here."""

    status = 403
    code = "identity_required"

    def __init__(self) -> None:
        super().__init__("Sign in on the site to write here.")


class DetailsWrong(ChatError):
    """What was asked before the first message is missing or cannot be; ``fields`` has "missing" or "invalid" by name."""

    code = "details"
    _SENTENCES: ClassVar = {
        ("name", "missing"): "Tell us your name.",
        ("name", "invalid"): "Write only your name, with at most 200 characters.",
        ("email", "missing"): "Tell us your e-mail address.",
        ("email", "invalid"): "This is no e-mail address; one looks like name@example.com.",
    }

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__(" ".join(self._SENTENCES[item] for item in fields.items()))


class NoFiles(ChatError):
    """The account takes words alone."""

    status = 403

    def __init__(self) -> None:
        super().__init__("This chat takes no files. Say it in words.")


class FileMissing(ChatError):
    """There is no file to send."""

    def __init__(self) -> None:
        super().__init__("Choose a file first.")


class TooManyFiles(ChatError):
    """More files than one message takes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"A message takes at most {most} files. Send them in several messages.")


class FileTooLarge(ChatError):
    """A file, or all of a message together, is larger than is taken. Sizes in words."""

    status = 413

    def __init__(self, name: str, limit: str) -> None:
        super().__init__(f"{name} is too large: up to {limit} can be sent.")


class FileUnknown(ChatError):
    """The file is of another kind than is taken, whatever it is called."""

    status = 415

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is no picture (PNG, JPEG, WebP or GIF), no PDF and no voice note, so it cannot be sent."
        )


class FileDamaged(ChatError):
    """The file begins like a picture and cannot be one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is damaged or incomplete. Open it to see, then choose another file.")


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
