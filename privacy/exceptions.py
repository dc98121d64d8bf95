"""The rules of data rights, as errors. Their messages are fit for staff."""


class PrivacyError(Exception):
    """A rule of data rights was broken."""


class AlreadyErased(PrivacyError):
    """There is nothing left of this customer."""

    def __init__(self) -> None:
        super().__init__("This customer was erased already.")


class AlreadyAsked(PrivacyError):
    """The same waits for somebody already."""

    def __init__(self) -> None:
        super().__init__("This was asked for already. Look at what is waiting.")


class NeedsAnotherPerson(PrivacyError):
    """Whoever asked may not agree alone."""

    def __init__(self) -> None:
        super().__init__("Somebody else has to agree: whoever asked cannot.")


class NotWaiting(PrivacyError):
    """It does not wait for a decision."""

    def __init__(self) -> None:
        super().__init__("This no longer waits for a decision.")


class TwoAdminsNeeded(PrivacyError):
    """At the command line nobody is signed in, so those who asked and agreed are named."""

    def __init__(self) -> None:
        super().__init__("Name two different admins: --by for who asks, --agreed-by for who agrees.")


class NoSuchCustomer(PrivacyError):
    """No customer has this id."""

    def __init__(self, given: str) -> None:
        super().__init__(f"No customer has the id {given}. The admin's list of customers shows the ids.")
