"""What goes wrong between us and a platform. The messages are fit for staff."""

from typing import ClassVar

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


class AuthorizationProblem(Exception):
    """An account was not connected by the platform's authorise page. The title says what happened, the message what to do."""

    title = "The account was not connected"
    status = 400


class AppMissing(AuthorizationProblem):
    """No app of the platform is known, so nobody can be asked."""

    title = "There is no app to connect with"
    status = 409

    def __init__(self, label: str, settings: str) -> None:
        super().__init__(
            f"Put the key and the secret of your {label} app into {settings} and start the product again, or add a first "
            f"account with `manage.py account add`."
        )


class NotAuthorizable(AuthorizationProblem):
    """The account's tokens do not come from an authorise page."""

    title = "This account is not connected in the browser"
    status = 409

    def __init__(self, number: int) -> None:
        super().__init__(f"Give it what its platform gave you with `manage.py account renew {number}`.")


class StateUnknown(AuthorizationProblem):
    """The answer carries a state that was not given out, or to somebody else."""

    title = "This answer was not expected"

    def __init__(self) -> None:
        super().__init__(
            "It belongs to no connection that you began in this browser since you signed in. Nothing was changed. "
            "Begin again from the list of accounts."
        )


class StateUsed(AuthorizationProblem):
    """The answer came before."""

    title = "This answer was used already"

    def __init__(self) -> None:
        super().__init__(
            "Each way through the authorise page counts once. See in the list of accounts whether it is connected, and "
            "begin again if it is not."
        )


class StateExpired(AuthorizationProblem):
    """The answer came too late."""

    title = "That took too long"

    def __init__(self, minutes: int) -> None:
        super().__init__(f"An answer counts for {minutes} minutes. Nothing was changed. Begin again.")


class AccessDenied(AuthorizationProblem):
    """Whoever was asked did not allow it."""

    title = "Access was not allowed"

    def __init__(self, label: str, word: str) -> None:
        super().__init__(
            f"{label} says that it was refused or cancelled ({word}). Nothing was changed. Begin again, signed in there "
            "as somebody who administers the account, and allow it."
        )


class CodeMissing(AuthorizationProblem):
    """The answer has neither a code nor an error."""

    title = "The answer has no code"

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} sent you back without one. Nothing was changed. Begin again.")


class CodeRefused(AuthorizationProblem):
    """The platform did not take the code."""

    title = "The code was not taken"

    def __init__(self, evidence: str) -> None:
        super().__init__(
            f"{evidence} Nothing was changed. Begin again; if it happens twice, compare the app's key, secret and redirect "
            "address with what the platform has."
        )


class PlatformAway(AuthorizationProblem):
    """The platform could not be asked."""

    title = "The platform did not answer"
    status = 502

    def __init__(self, evidence: str) -> None:
        super().__init__(f"{evidence} Nothing was changed. Begin again in a moment.")


class PermissionsMissing(AuthorizationProblem):
    """Not everything that is needed was allowed."""

    title = "Permissions are missing"

    def __init__(self, label: str, missing: tuple[str, ...]) -> None:
        super().__init__(
            f"{label} did not give: {', '.join(missing)}. Nothing was changed. See that your app was granted them, then "
            "begin again and allow all of them."
        )


class OtherAccount(AuthorizationProblem):
    """Access was given to another account than the one that was meant."""

    title = "That is another account"
    status = 409

    def __init__(self, wanted: str, given: str) -> None:
        super().__init__(
            f"{wanted} was to be connected, and access was given to {given}. Nothing was changed. Sign out on the platform, "
            f"sign in there as somebody who administers {wanted}, and begin again."
        )


class NoAccountGiven(AuthorizationProblem):
    """Whoever allowed it administers nothing."""

    title = "There is no account to connect"
    status = 409

    def __init__(self, noun: str) -> None:
        super().__init__(
            f"Whoever allowed it administers no {noun}. Nothing was changed. Sign in there as somebody who does, and begin again."
        )


class SeveralAccounts(AuthorizationProblem):
    """Whoever allowed it administers several, and it was not said which is meant. ``choices`` are ids with names."""

    title = "Which one?"
    status = 409

    def __init__(self, noun: str, choices: tuple[tuple[str, str], ...], *, client_key: str) -> None:
        self.choices, self.client_key = choices, client_key
        super().__init__(f"Whoever allowed it administers more than one {noun}. Choose the one to connect.")


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
    """The chat page asked for something that cannot be. The message is for the visitor; ``code`` is for the page."""

    status = 422
    code = ""
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
        super().__init__(f"{name} is no picture (PNG, JPEG, WebP or GIF) and no PDF, so it cannot be sent.")


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
