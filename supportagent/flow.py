"""How a message travels."""


def connect() -> None:
    """Say who acts on what is announced."""
