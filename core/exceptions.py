"""The ground's errors. Their messages are fit for the people who see them."""


class SecretUnreadable(Exception):
    """No configured key decrypts a stored secret."""

    def __init__(self) -> None:
        super().__init__("A stored secret cannot be read: put the key it was written with into FIELD_ENCRYPTION_KEYS.")


class NotAllowed(Exception):
    """The policy does not let this person or key do this."""


class EgressRefused(Exception):
    """An outgoing request was stopped before a connection was made."""
