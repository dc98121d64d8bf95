"""The database backend; Django finds it by this module's name.

Before a connection is used again in another request it is asked for a sign of life (CONN_HEALTH_CHECKS). Django waits for
that as long as it takes, and a server that was stopped never gives one.
"""

from django.db.backends.postgresql import base

from core import patience

LIFE_SIGN_SECONDS = 2.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with a limit to how long a kept connection may be silent."""

    def is_usable(self) -> bool:
        """Whether the server answers on this connection, in time."""
        with patience.within(self, LIFE_SIGN_SECONDS):
            return bool(super().is_usable())
