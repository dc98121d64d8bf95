"""What goes wrong between us and a platform. The messages are fit for staff."""

from collections.abc import Mapping

from core.exceptions import RuleBroken
from core.exceptions import Unreadable as Unreadable  # noqa: PLC0414  (handed on: platforms raise and catch it as one of these)


class InvalidSignature(Exception):
    """The sender did not prove who it is; answered 401, and nothing is kept. The message is the answer's detail."""


class NoSignature(InvalidSignature):
    """There is no proof at all, or none that could be one; no key would change that."""


class SignedAhead(NoSignature):
    """A good signature of a time that is still to come: this host's clock is wrong, or the sender's."""


class NotAnEvent(Exception):
    """The body is proved and still no event; answered 422. ``faults`` has a sentence for each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))


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


class BeginElsewhere(AuthorizationProblem):
    """The browser would come back to another host, where nobody is signed in."""

    title = "Begin at the product's own address"

    def __init__(self, address: str) -> None:
        super().__init__(f"The platform sends the browser back to {address} (PUBLIC_URL), so begin at that host.")


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
