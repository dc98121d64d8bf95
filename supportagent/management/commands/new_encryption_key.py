"""``manage.py new_encryption_key``: a key for FIELD_ENCRYPTION_KEYS."""

from cryptography.fernet import Fernet

from core.terminal import OwnCommand


class Command(OwnCommand):
    """Prints a fresh key and keeps nothing."""

    help = "Print a fresh key for FIELD_ENCRYPTION_KEYS. Put it first there, then run rotate_keys."
    # It is needed before the settings can be complete.
    requires_system_checks: list[str] = []

    def handle(self, *_args: object, **_options: object) -> None:
        """Print it."""
        self.stdout.write(Fernet.generate_key().decode())
